"""What gunicorn serves: `users.wsgi:application`."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "users.settings")

application = get_wsgi_application()

import_module("users.urls")  # the first request would wait for the whole of the REST framework
