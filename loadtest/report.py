"""The load test's report: JSON, and one HTML page that opens offline. `write(run, folder)` -> the page's path.

The run as loadtest.play makes it, with "containers" (Sampler.record()) and "saturation" (saturation.first());
"previous" is added here: the comparison with the run before it, or None.
"""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from . import compare, report_page


class NotWritten(OSError):
    """The report could not be written; `strerror` is a sentence that says why and what to do."""

    def __init__(self, folder: Path, error: OSError):
        why = error.strerror or str(error)
        super().__init__(error.errno, f"{why}; free some space, or set REPORTS_DIR to a folder that can be written")
        self.folder = folder


def write(run: dict, folder: Path) -> Path:
    """Both files, or neither: what is half written has another name. Raises NotWritten."""
    before = compare.previous(folder, run)
    run = {**run, "previous": compare.compare(before, run) if before else None}
    name = f"loadtest-{run['profile']}-{stamp(run)}"
    try:
        text = json.dumps(run, separators=(",", ":")) + "\n"
        _put({folder / f"{name}.json": text, folder / f"{name}.html": report_page.html(run)})
    except OSError as error:
        raise NotWritten(folder, error) from error
    return folder / f"{name}.html"


def stamp(run: dict) -> str:
    return datetime.fromisoformat(run["began"]).astimezone(UTC).strftime("%Y%m%d-%H%M%S")


def _put(texts: dict[Path, str]) -> None:
    made = []
    try:
        for path, text in texts.items():
            made.append(path.with_name(f".{path.name}.{os.getpid()}"))
            with made[-1].open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for part, path in zip(made, texts, strict=True):
            part.replace(path)
    finally:
        for part in made:
            part.unlink(missing_ok=True)
