"""Threads that do one thing over and over, survive what they meet, and end when they are told to."""

import logging
import threading
from collections.abc import Callable

from django.db import Error

from flotilla.bus import databases
from flotilla.bus.databases import DatabaseAway
from flotilla.db import errors

logger = logging.getLogger(__name__)

AFTER_FAILURE_SECONDS = 1.0


class Loop(threading.Thread):
    """Calls `turn`, which says how many seconds to wait until the next one."""

    def __init__(self, name: str, turn: Callable[[], float]):
        super().__init__(name=name, daemon=True)
        self._turn = turn
        self._woken = threading.Event()
        self._ends = threading.Event()

    def wake(self) -> None:
        """Let the next turn begin now."""
        self._woken.set()

    def end(self, seconds: float = 5.0) -> None:
        """No turn begins any more; the present one is waited for a little."""
        self._ends.set()
        self.wake()
        self.join(seconds)

    def run(self) -> None:
        while not self._ends.is_set():
            pause = self.once()
            self._woken.wait(pause)
            self._woken.clear()

    def once(self) -> float:
        """One turn. A thread that ended would be missed by nobody, so whatever it meets is logged and tried again."""
        try:
            return self._turn()
        except (DatabaseAway, Error) as error:
            logger.warning("%s goes on later: %s", self.name, errors.in_short(error))
        except Exception:
            logger.exception("%s met what nobody expected", self.name)
        finally:
            databases.let_go()
        return AFTER_FAILURE_SECONDS
