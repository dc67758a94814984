"""Charts: well-formed, with gaps and peaks kept, and nothing fetched from anywhere."""

import re
from xml.etree import ElementTree

import pytest

from loadtest.plots import Html, Limit, Mark, Series, chart, figure, page, table, tiles
from loadtest.scales import Scale, clock, log_range, round_range, thin

SVG = "{http://www.w3.org/2000/svg}"


def drawing(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(markup).find(f"{SVG}svg")


def texts(markup: str) -> list[str]:
    return [element.text for element in drawing(markup).iter(f"{SVG}text")]


def lines(markup: str) -> list[str]:
    return [element.get("d") for element in drawing(markup).iter(f"{SVG}path")]


def tips(markup: str) -> list[str]:
    group = next(g for g in drawing(markup).iter(f"{SVG}g") if g.get("class") == "tips")
    return [element.text for element in group.iter(f"{SVG}title")]


@pytest.mark.parametrize("kind", ["line", "area", "dots", "steps"])
@pytest.mark.parametrize("log", [False, True])
def test_each_kind_is_well_formed_whatever_the_names(kind, log):
    points = [(0, 0), (1, 5), (2, None), (3, 7)]
    markup = chart("a < b & c", [Series('"<x>"', points, kind)], [Mark(1, "<killed>", until=2)], log=log)
    assert "<killed>" in texts(markup)
    assert all(text for text in texts(markup))


def test_a_gap_in_the_data_is_a_gap_in_the_line():
    whole, broken = (
        lines(chart("t", [Series("a", [(0, 1), (1, 1), (2, 1), (3, 1)])])),
        lines(chart("t", [Series("a", [(0, 1), (1, None), (2, 1), (3, 1)])])),
    )
    assert [whole[0].count("M"), broken[0].count("M")] == [1, 2]


def test_a_peak_survives_thinning():
    points = [(index, 1.0) for index in range(10_000)]
    points[7_654], points[1_234] = (7_654, 99.0), (1_234, -3.0)
    kept = thin(points)
    assert len(kept) <= 1000
    assert {(7_654, 99.0), (1_234, -3.0), points[0], points[-1]} <= set(kept)
    assert kept == sorted(kept)


def test_a_gap_survives_thinning():
    points = [(index, None if index == 5_000 else 1.0) for index in range(10_000)]
    assert (5_000, None) in thin(points)


def test_a_thinned_chart_names_its_peak_in_legend_and_tooltip():
    markup = chart("t", [Series("a", [(index, 77.7 if index == 4_321 else 1) for index in range(9_000)])])
    assert "max 77.7" in markup
    assert any("a: 77.7" in tip for tip in tips(markup))


def test_a_tooltip_names_every_series_at_its_moment():
    markup = chart("t", [Series("p50", [(0, 0.1), (1, 0.2)]), Series("p99", [(0, 1), (1, None)])], unit="s")
    assert tips(markup) == ["0 s\np50: 100 ms\np99: 1 s", "1 s\np50: 200 ms"]


def test_texts_of_marks_never_lie_on_each_other():
    marks = [Mark(t, f"something happened {t}") for t in (10, 11, 12, 50)]
    markup = chart("t", [Series("a", [(0, 1), (60, 1)])], marks)
    places = [
        (float(t.get("x")), t.get("y"), len(t.text)) for t in drawing(markup).iter(f"{SVG}text") if t.get("class")
    ]
    assert len({y for _, y, _ in places}) == 3
    for x, y, length in places:
        assert all(other == x or other_y != y or abs(other - x) > 6 * length for other, other_y, _ in places)
        assert x + 6 * length < 940


def test_a_limit_is_drawn_inside_the_chart_although_the_data_stay_below_it():
    markup = chart("t", [Series("a", [(0, 0.01), (1, 0.02)])], unit="s", limits=[Limit(0.4, "target")])
    assert "target 400 ms" in texts(markup)
    assert "400 ms" in texts(markup)


def test_nothing_measured_is_said():
    assert "Nothing was measured" in chart("t", [Series("a", [(0, None)])])


@pytest.mark.parametrize(
    ("values", "ticks"),
    [([97], [0, 20, 40, 60, 80, 100]), ([0.42], [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
     ([0], [0, 0.2, 0.4, 0.6, 0.8, 1]), ([-3, 5], [-4, -2, 0, 2, 4, 6])],
)  # fmt: skip
def test_ticks_are_round_and_cover_the_data(values, ticks):
    low, high, found = round_range(values)
    assert found == pytest.approx(ticks)
    assert (low, high) == pytest.approx((ticks[0], ticks[-1]))


def test_a_logarithmic_axis_begins_below_the_least_and_ends_above_the_most():
    assert log_range([0, 0.003, 0.9])[:2] == pytest.approx((0.002, 1.0))
    assert Scale(0.001, 1, 0, 300, log=True)(0.1) == pytest.approx(200)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.0843, "s", "84.3 ms"), (0, "s", "0 s"), (12.34, "s", "12.3 s"), (99.8, "/s", "99.8/s"), (12345, "", "12,345"),
     (256 << 20, "B", "256 MB"), (None, "s", "-"), (33.333, "%", "33.3 %")],
)  # fmt: skip
def test_figures_read_as_people_write_them(value, unit, text):
    assert figure(value, unit) == text


def test_a_long_run_has_minutes_on_its_axis():
    assert [clock(90, 60), clock(90, 600), clock(3690, 7200)] == ["90 s", "1:30", "1:01:30"]


def test_cells_are_escaped_and_numbers_set_to_the_right():
    markup = table(["what", "n"], [["<script>", 3], [Html("<b>x</b>"), 4]], numeric=[1], classes=["bad"])
    rows = ElementTree.fromstring(markup).findall(".//tbody/tr")
    assert [row.get("class") for row in rows] == ["bad", None]
    assert rows[0][0].text == "<script>"
    assert rows[0][1].get("class") == "number"
    assert rows[1].find("td/b").text == "x"


def test_a_page_fetches_nothing_and_runs_nothing():
    document = page(
        "A & B", [("One", chart("t", [Series("a", [(0, 1)])])), ("", tiles([("p95", "1 s", "", "good")]))], "<sub>"
    )
    ElementTree.fromstring(document.split("\n", 1)[1])
    addresses = set(re.findall(r"https?://[^\"' )]+", document)) - {"http://www.w3.org/2000/svg"}
    assert addresses == set()
    assert not re.search(r"<script|<link|<img|@import|url\(|\bsrc=", document)
    assert "prefers-color-scheme: dark" in document
    assert "@media print" in document
