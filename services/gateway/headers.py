"""Which headers pass. Two lists: whatever is not on them stays where it is. Pure; `meta` is a WSGI environment.

Inwards nothing that says who asks or since when: X-Identity, Cookie, Authorization, Forwarded, X-Deadline, X-Request-ID
are the gateway's own to write, or nobody's. Outwards no Set-Cookie, and nothing that tells a proxy what to do.
"""

from collections.abc import Mapping

INWARDS = (
    "Accept", "Accept-Language", "Content-Type", "If-Match", "If-Modified-Since", "If-None-Match",
    "If-Unmodified-Since", "User-Agent", "X-Client-Request-ID", "X-Consistency-Token", "X-Real-IP",
)  # fmt: skip
OUTWARDS = (
    "Allow", "Cache-Control", "Content-Disposition", "Content-Language", "Content-Type", "ETag", "Expires",
    "Last-Modified", "Link", "Location", "Retry-After", "Vary", "WWW-Authenticate", "X-Consistency-Token",
)  # fmt: skip
CHALLENGE = "WWW-Authenticate"


def _name_of(header: str) -> str:
    """Under which the environment has it."""
    name = header.upper().replace("-", "_")
    return name if name == "CONTENT_TYPE" else f"HTTP_{name}"


_PASSING = tuple((_name_of(header), header) for header in INWARDS)


def inwards(meta: Mapping[str, str]) -> dict[str, str]:
    """Of the caller's headers those that a service gets."""
    # Stripped of what `requests` takes for a blank as well, and would not send.
    return {header: value for name, header in _PASSING if (value := meta.get(name, "").strip())}


def outwards(headers: Mapping[str, str]) -> dict[str, str]:
    """Of a service's headers those that the caller gets; what it asks for is what the gateway takes."""
    passing = {header: headers[header] for header in OUTWARDS if header in headers}
    return passing | ({CHALLENGE: "Bearer"} if passing.get(CHALLENGE) == "X-Identity" else {})
