"""One screen from what is known: text with styles, nothing asked and nothing changed here.

From 80 columns and 24 lines on; what a larger one has more goes to the bars and the events. Every colour has a word or
a sign beside it, so that nothing is lost without colours.
"""

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from .facts import CUT, DOWN, PAUSED, SICK, UP
from .nodes import label, rows
from .state import SILENT, STARTING, State
from .traffic import WINDOW
from .words import clock, leadership, milliseconds, remark, role, sparkline

STYLES = {UP: "green", SICK: "yellow", STARTING: "yellow", PAUSED: "magenta"}
STYLES |= {CUT: "red", SILENT: "red", DOWN: "bold red"}
SIGNS = {UP: "●", STARTING: "◌", PAUSED: "‖", SICK: "!"}
LEFT = 54  # columns of the tiers at least; who answered stands beside them
MINUTE = 60
ROLES = {"primary": "bold cyan", "master": "bold cyan", "leader": "bold cyan"}


class Screen:
    """What rich draws: as many lines as the terminal has at this moment."""

    def __init__(self, state: State, now: float, site: str, probe: bool):
        self.state, self.now, self.site, self.probe = state, now, site, probe

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        height = options.height or console.size.height
        for line in lines(self, options.max_width, height)[:height]:
            line.truncate(options.max_width, overflow="ellipsis")
            yield line


def lines(screen: Screen, width: int, height: int) -> list[Text]:
    state, now = screen.state, screen.now
    left = LEFT + (width - 80) // 4 if width > 80 else LEFT
    top = [*heading(screen, width), *beside(tiers(state, now), answered(state, now, width - left), left), Text()]
    top += [figures(screen), *sparks(state, now, width), Text()]
    return top + events(state, height - len(top) - 1) + [footer(screen)]


def heading(screen: Screen, width: int) -> list[Text]:
    state, now = screen.state, screen.now
    up = sum(node.state in (UP, SICK) for node in state.nodes.values())
    text = Text.assemble((screen.site, "bold"), f"   {up} of {len(state.nodes)} containers up")
    if sick := sum(node.state == SICK for node in state.nodes.values()):
        text.append(f", {sick} unhealthy (!)", "yellow")
    if not state.engine_answers:
        text.append("   the container engine does not answer", "bold red")
    text.append(clock(now).rjust(max(10, width - text.cell_len)))
    words, good = leadership(state, now)
    return [text, Text.assemble(("writes     ", "bold"), (words, "cyan" if good else "bold white on red")), Text()]


# -- Tiers -------------------------------------------------------------------------------------------------------------


def tiers(state: State, now: float) -> list[Text]:
    return [tier(state, now, name, members) for name, members in rows(state.nodes).items()]


def tier(state: State, now: float, name: str, members: list[str]) -> Text:
    text = Text.assemble((f"{name:<11}", "bold"))
    if name == "ops":
        return text + few(state, now, members)
    for member in members:
        text += one(member, state.condition(member, now), role(state, member), alone=len(members) == 1)
    return text.append(remark(state, name, members), "bold red" if "NO" in remark(state, name, members) else "dim")


def one(node: str, condition: str, part: str, *, alone: bool) -> Text:
    """`● 2 lag 0 B`, `! 2` when its health check fails, `✖ 2 down`: a role is told of who can have it."""
    good = condition in (UP, SICK)
    text = Text.assemble((SIGNS.get(condition, "✖"), STYLES[condition]), "" if alone else f" {label(node)}")
    if not good:
        text.append(f" {condition}", STYLES[condition])
    if part and good:
        text.append(f" {part}", ROLES.get(part, ""))
    return text.append("  ")


def few(state: State, now: float, members: list[str]) -> Text:
    """Names of those that are not up only: there is no room, and nobody serves requests here."""
    conditions = {member: state.condition(member, now) for member in members}
    up = sum(found in (UP, SICK) for found in conditions.values())
    text = Text.assemble((f"{up} of {len(members)} up", "green"))
    for member, found in conditions.items():
        if found not in (UP, SICK):
            text.append(f"  ✖ {member} {found}", STYLES[found])
    return text


# -- Who answered ------------------------------------------------------------------------------------------------------


def answered(state: State, now: float, width: int) -> list[Text]:
    """A bar per replica; `cache` and `edge` are answers that no replica was asked for."""
    shares = state.traffic.figures(now).shares
    replicas = [node for node in rows(state.nodes).get("web", []) if node not in shares]
    names = sorted([*shares, *replicas], key=lambda name: (name in ("cache", "edge"), name))
    return [Text("who answered", "bold"), *(bar(name, shares.get(name, 0.0), width - 14) for name in names)]


def bar(name: str, share: float, width: int) -> Text:
    return Text.assemble(f"{name[:7]:<7} {share:4.0%} ", ("█" * round(share * max(1, width)), "blue"))


def beside(left: list[Text], right: list[Text], width: int) -> list[Text]:
    joined = []
    for number in range(max(len(left), len(right))):
        text = left[number].copy() if number < len(left) else Text()
        text.truncate(width - 1, overflow="ellipsis", pad=True)
        joined.append(text.append(" ") + (right[number] if number < len(right) else Text()))
    return joined


# -- Traffic and events ------------------------------------------------------------------------------------------------


def figures(screen: Screen) -> Text:
    found = screen.state.traffic.figures(screen.now)
    text = Text.assemble(("requests   ", "bold"), f"{found.rate:.1f}/s   ")
    text.append(f"errors {found.errors}   ", "bold red" if found.errors else "")
    text.append(f"refused {found.refused}   ", "yellow" if found.refused else "")
    text.append(f"p50 {milliseconds(found.p50)}   p95 {milliseconds(found.p95)}   ")
    return text.append(f"last {WINDOW} s", "dim")


def footer(screen: Screen) -> Text:
    own = (
        "one request a second is this view's own (PROBE=0: none)" if screen.probe else "it sends no request of its own"
    )
    return Text(f"Ctrl-C ends the view; {own}", "dim")


def sparks(state: State, now: float, width: int) -> list[Text]:
    """The last minute, newest at the right; a wider terminal changes nothing here."""
    seconds = state.traffic.last(min(MINUTE, width - 20), now)
    rate = [second.requests for second in seconds]
    bad = [second.errors + second.refused for second in seconds]
    return [
        Text.assemble(("rate       ", "bold"), (sparkline(rate), "green"), f" peak {max(rate)}/s"),
        Text.assemble(("err+refuse ", "bold"), (sparkline(bad), "red"), f" peak {max(bad)}/s"),
    ]


def events(state: State, room: int) -> list[Text]:
    """The last ones, oldest first, filling the room."""
    room = max(1, room)
    told = [Text.assemble((clock(e.at), "dim"), f" {e.text}", style="" if e.good else "red") for e in state.events]
    if not told:
        told = [Text("nothing has happened yet: kill something (make kill S=web)", "dim")]
    shown = told[-room:]
    return shown + [Text()] * (room - len(shown))
