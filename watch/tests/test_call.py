"""The view's call: bounds of its numbers, and where it draws."""

import math
import sys

import pytest

from watch.__main__ import arguments, draws


def test_without_settings_it_goes_on_and_sends_a_request_each_second():
    options = arguments([])
    assert (options.duration, options.between, options.no_probe) == (math.inf, 1.0, False)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--duration", "long"], "DURATION=long: use a number from 1 to 86400."),
        (["--duration", "-5"], "DURATION=-5: use a number from 1 to 86400."),
        (["--between", "0"], "SECONDS_BETWEEN=0: use a number from 0.2 to 3600."),
    ],
)
def test_a_wrong_number_is_one_sentence(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        arguments(words)
    assert end.value.code == 2
    assert capsys.readouterr().err == f"error: {said}\n"


@pytest.mark.parametrize(
    ("terminal", "kind", "screen"), [(True, "xterm", True), (True, "dumb", False), (False, "xterm", False)]
)
def test_it_draws_only_where_that_can_be_seen(monkeypatch, terminal, kind, screen):
    monkeypatch.setenv("TERM", kind)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    assert draws() is screen
