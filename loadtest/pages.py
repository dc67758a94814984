"""HTML pages of figures that open offline: style inline, no script, nothing fetched."""

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

STYLE = Path(__file__).with_name("report.css")


class Html(str):
    """Text that is markup already; anything else is escaped."""

    __slots__ = ()


def escape(text: object) -> str:
    return text if isinstance(text, Html) else html.escape(str(text))


def badge(text: str, kind: str = "") -> Html:
    """A word in a coloured frame: `good`, `warn`, `bad` or plain."""
    return Html(f'<span class="badge {escape(kind)}">{escape(text)}</span>')


def tiles(items: Iterable[tuple[str, str, str, str]]) -> Html:
    """Large figures side by side: (name, figure, what is beside it such as the target, good | warn | bad | "")."""
    cells = (
        f'<div class="tile {escape(kind)}"><b>{escape(name)}</b><strong>{escape(large)}</strong>'
        f"<small>{escape(beside)}</small></div>"
        for name, large, beside, kind in items
    )
    return Html(f'<div class="tiles">{"".join(cells)}</div>')


def table(
    header: Sequence[str], rows: Iterable[Sequence], numeric: Sequence[int] = (), classes: Sequence[str] = ()
) -> Html:
    """`numeric`: columns set to the right, from 0. `classes`: one a row (good, warn, bad or nothing)."""

    def cells(tag: str, row: Sequence) -> str:
        side = (' class="number"' if number in numeric else "" for number in range(len(row)))
        return "".join(f"<{tag}{attribute}>{escape(cell)}</{tag}>" for attribute, cell in zip(side, row, strict=True))

    body = []
    for number, row in enumerate(rows):
        kind = classes[number] if number < len(classes) else ""
        body.append(f'<tr class="{escape(kind)}">{cells("td", row)}</tr>' if kind else f"<tr>{cells('td', row)}</tr>")
    head = f"<thead><tr>{cells('th', header)}</tr></thead>"
    return Html(f'<div class="wide"><table>{head}<tbody>{"".join(body)}</tbody></table></div>')


def page(title: str, sections: Iterable[tuple[str, str]], subtitle: str = "") -> str:
    """A whole document. `sections`: (heading or "", markup); the subtitle is escaped unless it is Html."""
    sections = list(sections)
    links = "".join(f'<a href="#s{n}">{escape(heading)}</a>' for n, (heading, _) in enumerate(sections) if heading)
    parts = "".join(_section(number, *section) for number, section in enumerate(sections))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{escape(title)}</title><style>{STYLE.read_text()}</style></head><body><main>"
        f"<header><h1>{escape(title)}</h1><p>{escape(subtitle)}</p><nav>{links}</nav></header>{parts}</main></body></html>\n"
    )


def _section(number: int, heading: str, markup: str) -> str:
    head = f"<h2>{escape(heading)}</h2>" if heading else ""
    return f'<section id="s{number}">{head}{markup}</section>'
