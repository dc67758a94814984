"""etcd's HTTP gateway: a prefix read at one revision, and conditional transactions. Standard library only."""

import base64
import http.client
import json
import urllib.error
import urllib.request

from .facts import Doubt, Entry

PORT = 2379
MEMBERS = (71, 72, 73)
UNREACHABLE = (OSError, http.client.HTTPException, ValueError)


def members(net_prefix):
    return Etcd([f"{net_prefix}.4.{host}" for host in MEMBERS])


class Etcd:
    """Asks the last member that answered, then the others. Reads are linearizable: without a quorum there is no answer.

    Raises Doubt when none answers. A change may then have been made or not.
    """

    def __init__(self, hosts, timeout=0.5):
        self.hosts, self.timeout = list(hosts), timeout

    def read(self, prefix):
        """-> key below `prefix` -> Entry, all of one revision"""
        found = self._call("kv/range", {"key": _b64(prefix), "range_end": _b64(_after(prefix))})
        try:
            return {_text(kv["key"]).removeprefix(prefix): _entry(kv) for kv in found.get("kvs", [])}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Doubt(f"etcd's answer is not understood: {error!r}") from error

    def change(self, conditions, *, put, lease=0):
        """If each key still has its revision (0: is not there), put. -> whether it was done

        `lease`: the lease that the keys end with; Doubt when it has ended already.
        """
        compare = [
            {"key": _b64(key), "target": "MOD", "result": "EQUAL", "mod_revision": str(revision)}
            for key, revision in conditions.items()
        ]
        puts = [
            {"request_put": {"key": _b64(key), "value": _b64(value), "lease": str(lease)}} for key, value in put.items()
        ]
        return bool(self._call("kv/txn", {"compare": compare, "success": puts}).get("succeeded"))

    def _call(self, verb, body):
        problem = None
        for host in list(self.hosts):
            request = urllib.request.Request(f"http://{host}:{PORT}/v3/{verb}", json.dumps(body).encode())
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as response:
                    answer = json.load(response)
                if not isinstance(answer, dict) or "header" not in answer:
                    raise ValueError(f"{host} does not answer as etcd does")
            except UNREACHABLE as error:
                problem = error
            else:
                self.hosts.remove(host)
                self.hosts.insert(0, host)
                return answer
        raise Doubt(f"etcd: {problem}")


def _entry(kv):
    return Entry(_text(kv.get("value", "")), int(kv["mod_revision"]), int(kv.get("lease", 0)))


def _b64(text):
    return base64.b64encode(text.encode()).decode()


def _text(encoded):
    return base64.b64decode(encoded).decode()


def _after(prefix):
    """The end of the range of keys that begin with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1)
