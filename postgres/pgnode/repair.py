"""Clear away what a node killed half-way through a copy, a rewind or its creation left behind.

Patroni takes such a directory for that of a crashed primary: it runs Postgres on it alone, which writes log of its own
under the timeline of the living cluster, and the node never joins again (measured). None of these states holds an
acknowledged write that the others lack, so they go, and the node starts from a fresh copy:
  * no global/pg_control, or a backup_manifest.tmp: a copy that was cut off (pg_basebackup renames the manifest last);
  * a backup_label: a copy or a rewind that was finished but never started (the first start renames it);
  * our mark beside the directory: a rewind that was cut off (bin/pg-rewind-marked);
  * the cluster's `initialize` key is empty and the directory never saw the cluster's settings: a creation cut off.
"""

import base64
import json
import shutil
import urllib.request
from pathlib import Path

MARK = "rewind-unfinished"  # the same name as in bin/pg-rewind-marked
KEY = base64.b64encode(b"/service/flotilla/initialize").decode()


def etcd(hosts, verb, body):
    """One call to the first etcd that answers; raises OSError when none does."""
    error = OSError("no etcd address given")
    for host in hosts:
        request = urllib.request.Request(f"http://{host}:2379/v3/kv/{verb}", json.dumps(body).encode())
        try:
            with urllib.request.urlopen(request, timeout=2) as response:
                return json.load(response)
        except OSError as problem:
            error = problem
    raise error


def cut_off_creation(call):
    """True when the `initialize` key exists and is empty: somebody began to create the cluster and has not finished."""
    found = call("range", {"key": KEY}).get("kvs", [])
    return bool(found) and not found[0].get("value")


def unfinished(data):
    """Why this directory is the remains of a copy or a rewind, or None."""
    if not (data / "global" / "pg_control").exists() or (data / "backup_manifest.tmp").exists():
        return "a copy that was cut off"
    if (data / "backup_label").exists():
        return "a copy or a rewind that never started"
    if (data.parent / MARK).exists():
        return "a rewind that was cut off"
    return None


def repair(data, call):
    """Remove an unusable data directory. Returns a sentence for the log, or None when nothing was wrong."""
    data = Path(data)
    if not data.is_dir() or not any(data.iterdir()):
        return None
    reason = unfinished(data)
    if not reason:
        if (data / "patroni.dynamic.json").exists():
            return None
        try:
            if not cut_off_creation(call):
                return None
        except OSError:
            return None  # without etcd Patroni waits anyway, and the next start looks again
        call("deleterange", {"key": KEY})
        reason = "a creation of the cluster that was cut off"
    shutil.rmtree(data)
    (data.parent / MARK).unlink(missing_ok=True)
    return f"removed {data}: {reason}"
