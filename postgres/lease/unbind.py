"""`python3 -m lease.unbind …`, before this node's files are replaced: what it has promised is taken back. 0: go on.

A copy or a rewind takes the fence away with postgresql.auto.conf (docs/decisions/0028). The arguments are those of the
command that follows; the source's address is found in them.
"""

import os
import sys
import time

from pgnode import render
from pgnode.log import log

from . import etcd
from .facts import PROMISES, ROOT, Doubt, cluster, host

TRIES, PAUSE = 10, 2.0  # seconds between: an election fits in, and a rewind that is refused costs a whole copy


def unbind(me, store, source):
    """Empty this node's word. -> why its files must stay as they are, or None.

    Also when no promise stands: one may be on its way, and compares the word's revision. A promise for a leadership
    that is over cannot be taken back: then the node may only come to follow the present one.
    """
    now, key = cluster(store.read(ROOT)), ROOT + PROMISES + me
    promise = now.promises.get(me)
    bound = promise and promise.leader_revision != now.leader_revision
    if bound and (now.leader is None or source != now.hosts.get(now.leader)):
        return f"bound by a promise until another node leads, and {source} does not"
    conditions = {ROOT + "leader": now.leader_revision, key: now.words.get(me, 0)}
    return None if store.change(conditions, put={key: ""}) else "the leader has just changed"


def patiently(me, store, source, pause=time.sleep):
    """-> as `unbind`, after some tries"""
    for attempt in range(TRIES):
        pause(PAUSE if attempt else 0)
        try:
            reason = unbind(me, store, source)
        except Doubt as doubt:
            reason = f"in doubt: {doubt}"
        if not reason:
            break
    return reason


def main(arguments):
    """-> exit status"""
    try:
        prefix, name = render.net_prefix(os.environ), render.node_name(os.environ)
    except render.ConfigError as error:
        log(error, "lease")
        return 2
    reason = patiently(name, etcd.members(prefix), host(" ".join(arguments)))
    if reason:
        log(f"the files are not replaced: {reason}", "lease")
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
