"""What gunicorn serves: `web.wsgi:application`."""

from flotilla.wsgi import application_for

application = application_for("web")

from web import flushing  # noqa: E402 - models can be imported once Django is set up

flushing.start()
