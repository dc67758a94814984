"""Asks this node's Patroni who is who; runs inside a postgres container (scripts/lib/stack.sh).

Prints a line per node: name, role, state, lag in bytes ("-" for the primary), timeline; nothing without an answer.
"""

import http.client
import json

connection = http.client.HTTPConnection("127.0.0.1", 8008, timeout=3)
connection.request("GET", "/cluster")
for member in json.load(connection.getresponse()).get("members", []):
    print(
        member["name"],
        member["role"],
        member.get("state", "unknown"),
        member.get("lag", "-"),
        member.get("timeline", "-"),
    )
