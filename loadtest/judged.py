"""A response as the run counts it: what it says about itself, and whether it is the one that was asked for."""

from .edge import Response
from .outcome import WRONG, Answer
from .shop import is_done

FROM_CACHE = ("HIT", "STALE")


def told(response: Response, step: str, problem: str = "", look=None) -> Answer:
    """A problem makes an answer wrong, whatever its status says."""
    status = WRONG if problem and response.status < 400 else response.status
    return Answer(
        status, problem, response["X-Cache"] in FROM_CACHE, seconds(response["Retry-After"]), response["X-Served-By"],
        response["X-Request-ID"], look, step,
    )  # fmt: skip


def page(response: Response, step: str) -> Answer:
    if response.status != 200:
        return told(response, step, f"{step}: {response.status} {response['Location']}".rstrip())
    return told(response, step, "" if b"</html>" in response.body[-200:] else f"{step}: half a page")


def form(response: Response, step: str, look=None) -> Answer:
    """A redirect to the login page, or a form shown again with 200, is no effect."""
    if is_done(response):
        return told(response, step, look=look)
    return told(response, step, f"{step}: {response.status} {response['Location']} no effect".replace("  ", " "))


def seconds(text: str) -> float | None:
    """Retry-After in its form of whole seconds, the only one that the stack uses."""
    return float(text) if text.isascii() and text.isdigit() else None
