"""What gunicorn serves: `web.wsgi:application`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "web.settings")

application = get_wsgi_application()

from web import flushing  # noqa: E402 - models can be imported once Django is set up

flushing.start()
