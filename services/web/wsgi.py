"""What gunicorn serves: `web.wsgi:application`."""

from flotilla.wsgi import application_for

application = application_for("web")
