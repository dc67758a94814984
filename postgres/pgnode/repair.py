"""Clear away what a node killed half-way through its creation left behind.

Patroni refuses a data directory that is neither empty nor complete and waits for an operator. Two such states hold no
acknowledged write, so they may go:
  * no global/pg_control: a copy that was cut off (pg_basebackup writes that file last);
  * the cluster's `initialize` key is empty and the directory never saw the cluster's settings: a creation cut off.
"""

import base64
import json
import shutil
import urllib.request
from pathlib import Path

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


def repair(data, call):
    """Remove an unusable data directory. Returns a sentence for the log, or None when nothing was wrong."""
    data = Path(data)
    if not data.is_dir() or not any(data.iterdir()):
        return None
    if not (data / "global" / "pg_control").exists():
        reason = "it has no pg_control: a copy that was cut off"
    elif (data / "patroni.dynamic.json").exists():
        return None
    else:
        try:
            if not cut_off_creation(call):
                return None
        except OSError:
            return None  # without etcd Patroni waits anyway, and the next start looks again
        call("deleterange", {"key": KEY})
        reason = "the creation of the cluster was cut off"
    shutil.rmtree(data)
    return f"removed {data}: {reason}"
