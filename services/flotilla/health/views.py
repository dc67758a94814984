"""/health/ for people and monitors, /readyz for a deploy. Never what a balancer checks: that is `flotilla.liveness`.

A lost replica or cache node is `degraded` and still 200: the service serves.
"""

from django.conf import settings
from django.http import HttpRequest, JsonResponse

from flotilla.health import checks


def health(request: HttpRequest) -> JsonResponse:
    """The whole picture: 200, or 503 when unhealthy."""
    result = checks.report()
    response = JsonResponse({**result, "service": settings.FLOTILLA.service})
    response.status_code = 503 if result["status"] == "unhealthy" else 200
    response["Cache-Control"] = "no-store"
    return response


def readyz(request: HttpRequest) -> JsonResponse:
    """Whether this process can serve pages: the primary or a replica can be read."""
    ready = checks.ready()
    return JsonResponse({"ready": ready}, status=200 if ready else 503, headers={"Cache-Control": "no-store"})
