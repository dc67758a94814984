"""Grafana panels as small functions: each returns the panel's JSON with its width of 24, not its place.

A query is a pair (PromQL, legend). `empty` is what a panel shows when its query has no data; only panels for which
no data is a normal state (no alert fires, nobody wrote yet) have one, and the checks hold all others to having data.
"""

DATASOURCE = {"type": "prometheus", "uid": "prometheus"}
GREEN, YELLOW, RED = "green", "yellow", "red"

Query = tuple[str, str]


def panel(
    kind: str, width: int, title: str, about: str, queries: list[Query], *, empty: str | None = None, **parts
) -> dict:
    """What all kinds share. `parts` may hold unit, mappings, steps, options, custom, instant."""
    defaults = {
        "unit": parts.get("unit", "short"),
        "mappings": parts.get("mappings", []),
        "custom": parts.get("custom", {}),
        "thresholds": {"mode": "absolute", "steps": parts.get("steps", [{"color": GREEN, "value": None}])},
    }
    if empty is not None:
        defaults["noValue"] = empty
    defaults |= {name: parts[name] for name in ("min", "max") if name in parts}
    return {
        "type": kind,
        "title": title,
        "description": about,
        "gridPos": {"w": width},
        "datasource": DATASOURCE,
        "targets": [
            target(letter, query, parts.get("instant", False)) for letter, query in zip("ABCDEF", queries, strict=False)
        ],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": parts.get("options", {}),
    }


def target(letter: str, query: Query, instant: bool) -> dict:
    expression, legend = query
    return {
        "refId": letter,
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "instant": instant,
        "range": not instant,
    }


def steps(*limits: tuple[float, str], base: str = GREEN) -> list[dict]:
    """Colours from a value upwards: steps((1, RED)) is green below 1 and red from there."""
    return [{"color": base, "value": None}, *({"color": color, "value": value} for value, color in limits)]


def number(width: int, title: str, about: str, query: Query, **parts) -> dict:
    """One big number, or a name when `name` is true: then the legend is what is shown."""
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"]},
        "textMode": "name" if parts.pop("name", False) else "value",
        "colorMode": "background",
        "graphMode": "none",
    }
    return panel("stat", width, title, about, [query], options=options, instant=True, **parts)


def lines(width: int, title: str, about: str, *queries: Query, stacked: bool = False, **parts) -> dict:
    """Lines over time."""
    custom = {"fillOpacity": 10, "showPoints": "never", "stacking": {"mode": "normal" if stacked else "none"}}
    options = {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", width, title, about, list(queries), custom=custom, options=options, **parts)


def states(width: int, title: str, about: str, query: Query, names: dict[int, tuple[str, str]], **parts) -> dict:
    """A coloured bar per series: value -> (word, colour). For who was up, and who led, when."""
    words = {str(value): {"text": text, "color": color} for value, (text, color) in names.items()}
    options = {"mergeValues": True, "showValue": "never", "legend": {"displayMode": "list", "placement": "bottom"}}
    mappings = [{"type": "value", "options": words}]
    return panel(
        "state-timeline",
        width,
        title,
        about,
        [query],
        mappings=mappings,
        options=options,
        custom={"fillOpacity": 80},
        **parts,
    )


def table(width: int, title: str, about: str, query: Query, **parts) -> dict:
    """The labels of each series, one row each."""
    made = panel("table", width, title, about, [query], instant=True, **parts)
    made["targets"][0]["format"] = "table"
    return made
