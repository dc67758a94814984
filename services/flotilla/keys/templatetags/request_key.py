"""`{% load request_key %}` … `{% request_key %}`: the one-time key of a form, for pages that are not cached."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flotilla.uuid7 import uuid7

register = template.Library()


@register.simple_tag
def request_key() -> SafeString:
    """A hidden input: a form sent twice is one request."""
    return format_html('<input type="hidden" name="request_key" value="{}">', uuid7().hex)
