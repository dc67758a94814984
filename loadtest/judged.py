"""A response as load test and drill count it: what it says about itself, and whether it is what was asked for."""

from .edge import Response
from .outcome import REFUSED, WRONG, Answer
from .shop import is_done

FROM_CACHE = ("HIT", "STALE")


def told(response: Response, step: str, problem: str = "", look=None) -> Answer:
    """A problem makes an answer wrong, whatever its status says; a refusal is told apart from what has failed."""
    status = WRONG if problem and response.status < 400 else response.status
    again = seconds(response["Retry-After"])
    if status in (429, 503) and again is not None:
        problem = f"{REFUSED} {status}, again in {again:g} s"
    cached = response["X-Cache"] in FROM_CACHE
    return Answer(status, problem, cached, again, response["X-Served-By"], response["X-Request-ID"], look, step)


def page(response: Response, step: str, *marks: str) -> Answer:
    """A whole page, with everything in it that this page must have."""
    if response.status != 200:
        return told(response, step, f"{response.status} {response['Location']}".rstrip())
    if b"</html>" not in response.body[-200:]:
        return told(response, step, "half a page")
    missing = (mark for mark in marks if mark.encode() not in response.body)
    return told(response, step, next((f"a page without {mark}" for mark in missing), ""))


def form(response: Response, step: str, look=None) -> Answer:
    """A redirect to the login page, or a form shown again with 200, is no effect."""
    if is_done(response):
        return told(response, step, look=look)
    return told(response, step, f"{response.status} {response['Location']} no effect".replace("  ", " "))


def seconds(text: str) -> float | None:
    """Retry-After in its form of whole seconds, the only one that the stack uses."""
    return float(text) if text.isascii() and text.isdigit() else None
