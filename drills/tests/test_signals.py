"""Ctrl-C waits while something must not be left half done, and is not forgotten."""

import os
import signal

import pytest

from drills import signals


@pytest.fixture(autouse=True)
def installed():
    before = {number: signal.getsignal(number) for number in signals.SIGNALS}
    signals.install()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", signals.SIGNALS)
def test_each_signal_interrupts(number):
    with pytest.raises(signals.Interrupted):
        os.kill(os.getpid(), number)


def test_it_waits_for_the_end_of_what_is_held_and_comes_once():
    done = []

    def broken_and_half_undone():
        with signals.held():
            with signals.held():
                os.kill(os.getpid(), signal.SIGINT)
                done.append("inner")
            done.append("outer")
        done.append("never")

    with pytest.raises(signals.Interrupted):
        broken_and_half_undone()
    assert done == ["inner", "outer"]
    with signals.held():
        done.append("calm")
    assert done[-1] == "calm"
