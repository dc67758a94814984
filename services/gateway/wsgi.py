"""What gunicorn serves: `gateway.wsgi:application`."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")

application = get_wsgi_application()

import_module("gateway.urls")  # the first request would wait for the whole of it
