"""The half of bench/generator.py that runs in the load generator's image, under gevent: prints its figures as JSON.

usage: python -m bench.generator_load FOLDER RATE      FOLDER has `certificate` and `key` of the server
"""

from loadtest import greenlets

if __name__ == "__main__":
    greenlets.patch()

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from loadtest.edge import Edge
from loadtest.figures import failures, percentile
from loadtest.ledger import Ledger
from loadtest.openloop import Run, Schedule
from loadtest.stub import running
from loadtest.traffic import Traffic

WRITE_SHARE = 0.3
WARM_UP, SECONDS = 3, 20


def measure(folder: Path, rate: int) -> dict:
    certificate, key = str(folder / "certificate"), str(folder / "key")
    with running("--certificate", certificate, "--key", key) as (_, port):
        edge = Edge("127.0.0.1", port, "localhost", certificate)
        traffic = Traffic(edge, Ledger(Path(tempfile.mkdtemp()) / "ledger", greenlets.sync))
        Run(traffic.send, Schedule.constant(rate, WARM_UP, WRITE_SHARE)).start().join()
        greenlets.quiet_collector()
        real_time = greenlets.go_first()
        cpu = time.process_time()
        run = Run(traffic.send, Schedule.constant(rate, SECONDS, WRITE_SHARE)).start()
        outcomes = run.join()
        return figures(run, outcomes, rate, time.process_time() - cpu) | {"real_time": real_time}


def figures(run: Run, outcomes: list, rate: int, cpu: float) -> dict:
    took = max(outcome.start for outcome in outcomes)
    late = {"late_p50_ms": 0.5, "late_p99_ms": 0.99, "late_max_ms": 1.0}
    return {
        "planned_rate": rate, "seconds": SECONDS, "write_share": WRITE_SHARE,
        "rate": round(len(run.late) / max(took, SECONDS), 1), "rate_with_looks": round(len(outcomes) / took, 1),
        "failed": len(failures(outcomes)),
        **{name: round(percentile(run.late, share) * 1000, 2) for name, share in late.items()},
        "cpu_ms_per_request": round(cpu / len(outcomes) * 1000, 3),
        "load_average": round(os.getloadavg()[0], 1), "invalid": run.invalid,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
