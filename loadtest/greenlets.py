"""What an entry point under gevent needs. It calls patch() before it imports anything else of this package."""

import gc
import os


def patch() -> None:
    """Waiting on sockets, locks and clocks lets the other greenlets go on. A wait costs a greenlet, not a thread."""
    from gevent import monkey

    monkey.patch_all()


def quiet_collector() -> None:
    """Starts are late by as long as a collection takes: what the start-up made is never looked at again, and the oldest
    generation, where outcomes are kept that are in no cycle, hardly ever."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 1000)


def go_first() -> bool:
    """Be woken before whatever else this machine computes, as on a machine of its own -> whether the kernel allows it.

    It takes CAP_SYS_NICE, and under cgroup v1 a real-time budget (docker-compose.yml).
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_min(os.SCHED_FIFO)))
    except OSError:
        return False
    return True


def sync(descriptor: int) -> None:
    """fsync in gevent's thread pool: the disk's milliseconds are nobody's late start."""
    from gevent import get_hub

    get_hub().threadpool.apply(os.fsync, (descriptor,))
