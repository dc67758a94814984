"""What the load generator itself can do: drills' traffic at a constant rate against a shop of cardboard over TLS.

The generator runs in its own image, without a network, with the CPU weight it has beside the stack; the server is a
process of its own in the same container. Reported are the rate, how late requests started, and CPU per request.
usage: bench/run generator      RATE=300; ends with 1 when the generator could not make the rate on time
"""

import os

MEASURING = __name__ == "__main__" and "MEASURE_IN" in os.environ
if MEASURING:
    from loadtest import greenlets

    greenlets.patch()

import json
import sys
import tempfile
import time
from pathlib import Path

RATE, WRITE_SHARE = int(os.environ.get("RATE", 300)), 0.3
WARM_UP, SECONDS = 3, 20
GOAL = "300 requests/s, p99 of late starts at most 5 ms"


# -- In the generator's image -------------------------------------------------------------------------------------------


def measure(folder: Path) -> dict:
    from loadtest.edge import Edge
    from loadtest.ledger import Ledger
    from loadtest.openloop import Run, Schedule
    from loadtest.stub import running
    from loadtest.traffic import Traffic

    certificate, key = str(folder / "certificate"), str(folder / "key")
    with running("--certificate", certificate, "--key", key) as (_, port):
        edge = Edge("127.0.0.1", port, "localhost", certificate)
        traffic = Traffic(edge, Ledger(Path(tempfile.mkdtemp()) / "ledger", greenlets.sync))
        Run(traffic.send, Schedule.constant(RATE, WARM_UP, WRITE_SHARE)).start().join()
        greenlets.quiet_collector()
        cpu = time.process_time()
        run = Run(traffic.send, Schedule.constant(RATE, SECONDS, WRITE_SHARE)).start()
        outcomes = run.join()
        return figures(run, outcomes, time.process_time() - cpu)


def figures(run, outcomes: list, cpu: float) -> dict:
    from loadtest.figures import failures, percentile

    took = max(outcome.start for outcome in outcomes)
    late = {f"late_{name}_ms": round(percentile(run.late, share) * 1000, 2) for name, share in
            (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}  # fmt: skip
    return {
        "planned_rate": RATE, "seconds": SECONDS, "write_share": WRITE_SHARE,
        "rate": round(len(run.late) / max(took, SECONDS), 1), "rate_with_looks": round(len(outcomes) / took, 1),
        "failed": len(failures(outcomes)), **late, "cpu_ms_per_request": round(cpu / len(outcomes) * 1000, 3),
        "load_average": round(os.getloadavg()[0], 1), "invalid": run.invalid,
    }  # fmt: skip


# -- In the tools image ---------------------------------------------------------------------------------------------------


def make_certificate(folder: str) -> None:
    from stack.engine import run

    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *files, *names)
    Path(folder, "key").chmod(0o644)  # the generator's user is another; the folder is gone in a minute
    Path(folder).chmod(0o755)


def main() -> None:
    from stack.engine import ROOT, docker

    from bench.results import RESULTS, save

    image = f"{os.environ.get('IMAGE_PREFIX', 'flotilla')}/loadtest:{os.environ.get('TAG', 'local')}"
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        make_certificate(folder)
        answer = docker(
            "run", "--rm", "--network", "none", "--cpu-shares", "8192", "-v", f"{ROOT}:{ROOT}:ro", "-w", str(ROOT),
            "-v", f"{folder}:{folder}:ro", "-e", f"MEASURE_IN={folder}", "-e", f"RATE={RATE}",
            "-e", f"PYTHONPATH={ROOT}", "--entrypoint", "python", image, "-m", "bench.generator",
        )  # fmt: skip
    result = json.loads(answer.strip().splitlines()[-1])
    save("generator", {"goal": GOAL, **result})
    if result["invalid"] or result["failed"] or result["rate"] < 0.99 * RATE:
        sys.exit(f"missed: {result['invalid'] or 'the generator did not make the rate'}")


if MEASURING:
    print(json.dumps(measure(Path(os.environ["MEASURE_IN"]))))
elif __name__ == "__main__":
    main()
