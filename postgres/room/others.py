"""What another node says of its room: a metric of the program beside its Patroni, read at the moment of the answer."""

import http.client
import re
import urllib.request

PORT = 8009
SECONDS = 0.5
METRIC = "flotilla_room_free_bytes"
LINE = re.compile(rf"^{METRIC} (\S+)$", re.MULTILINE)
SILENT = (OSError, http.client.HTTPException, ValueError)


def free(host):
    """-> bytes; 0 when it gives no answer that is understood"""
    try:
        with urllib.request.urlopen(f"http://{host}:{PORT}/metrics?name[]={METRIC}", timeout=SECONDS) as answer:
            found = LINE.search(answer.read(4096).decode())
        return float(found[1]) if found else 0.0
    except SILENT:
        return 0.0
