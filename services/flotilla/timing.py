"""Notes about how a request was served, and the Server-Timing header made of them (W3C Server Timing)."""

from flotilla import context


def note(**notes: str) -> None:
    """Remember for the Server-Timing header, for example `note(cache="hit")`. Outside a request: nothing."""
    state = context.current()
    if state is not None:
        state.notes.update(notes)


def note_cache(*, hit: bool) -> None:
    """One miss makes the request a miss: the page was not served from the cache alone."""
    state = context.current()
    if state is not None and state.notes.get("cache") != "miss":
        state.notes["cache"] = "hit" if hit else "miss"


def header(state: context.RequestState, *, replica: str, seconds: float) -> str:
    """The header's value: replica, database aliases, cache, milliseconds in the application."""
    notes = {"replica": replica, "db": "+".join(sorted(state.aliases)) or "none", "cache": "none"} | state.notes
    parts = [f'{name};desc="{_quoted(value)}"' for name, value in notes.items()]
    return ", ".join([*parts, f"app;dur={seconds * 1000:.1f}"])


def _quoted(value: str) -> str:
    return "".join(char for char in value if char.isascii() and char.isprintable() and char not in '"\\')
