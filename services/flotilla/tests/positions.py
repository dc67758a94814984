"""Places in the log, for tests in which mostly one timeline matters."""

from flotilla.db.wal import Position


def at(lsn: int, timeline: int = 1) -> Position:
    return Position(timeline, lsn)
