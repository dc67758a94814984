"""A place in the write-ahead log that can be compared across a failover. Django-free."""

from typing import NamedTuple, Self

# Of the log that a primary writes now. Its file's name begins with the timeline, which the control file has much later.
TIMELINE_SQL = "('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::int"
# The least that a standby's can be: what the control file says comes late, but is true without a receiver too.
LEAST_TIMELINE_SQL = """greatest((SELECT timeline_id FROM pg_control_checkpoint()),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery()))"""
LSN_SQL = "(pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint"


class Position(NamedTuple):
    """`lsn`, in bytes since 0/0, on `timeline`. The larger one is the later one: of another timeline first.

    Each promotion begins a timeline, and from there on the same number means other log. An old primary may have log of
    the timeline before beyond that point: it was acknowledged to nobody, and says nothing about what came after.
    """

    timeline: int
    lsn: int

    def has_passed(self, other: Self) -> bool:
        """Whether who has replayed this has all that was acknowledged at `other`.

        A later timeline holds every acknowledged commit of those before it, but the lsn must be reached as well: a node
        that starts anew, on whatever timeline it was, may first have replayed less.
        """
        return self.timeline >= other.timeline and self.lsn >= other.lsn


NOWHERE = Position(0, 0)
