"""The Django app of the one-shot jobs' commands."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """`flotilla.jobs` in INSTALLED_APPS."""

    name = "flotilla.jobs"
    label = "jobs"
    verbose_name = "One-shot jobs"
