"""What gunicorn serves: `orders.wsgi:application`."""

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "orders.settings")

application = get_wsgi_application()

import_module("orders.urls")  # the first request would wait for the whole of the REST framework
