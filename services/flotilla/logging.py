"""Log lines as JSON: time, level, logger, message, the request's ids. Only named fields, so no secret slips in."""

import json
import logging
import traceback
from datetime import UTC, datetime

from flotilla import context

# The frames nearest to the error; the outer forty are always the same middleware.
FRAMES = 8
FIELDS = ("status_code", "method", "path", "node", "alias", "seconds", "attempt", "kind")


class JsonFormatter(logging.Formatter):
    """One line per record; values that callers passed in `extra` under a name of FIELDS are kept."""

    def format(self, record: logging.LogRecord) -> str:
        state = context.current()
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if state is not None:
            line["request_id"] = state.request_id
            if state.client_request_id:
                line["client_request_id"] = state.client_request_id
        line |= {name: getattr(record, name) for name in FIELDS if hasattr(record, name)}
        request = getattr(record, "request", None)
        if request is not None:
            line |= {"method": getattr(request, "method", None), "path": getattr(request, "path", None)}
        if record.exc_info:
            line["exception"] = "".join(traceback.format_exception(*record.exc_info, limit=-FRAMES))
        return json.dumps(line, default=str, ensure_ascii=False)
