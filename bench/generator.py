"""What the load generator itself can do: drills' traffic at a constant rate against a shop of cardboard over TLS.

The generator runs in its own image, without a network, with the CPU weight it has beside the stack; the server is a
process of its own in the same container. Reported are the rate, how late requests started, and CPU per request.
usage: bench/run generator      RATE=300; ends with 1 when the generator could not make the rate on time
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from stack.engine import ROOT, docker, run

from bench.results import RESULTS, save

RATE = int(os.environ.get("RATE", 300))
FIRST = ("--cpu-shares", "262144", "--cap-add", "SYS_NICE")  # as the compose service has it
# What scripts/lib/generator.sh has found out.
REAL_TIME = (("--cgroup-parent", "LOADTEST_CGROUP_PARENT"), ("--cpu-rt-runtime", "LOADTEST_REAL_TIME"))
GOAL = "300 requests/s, p99 of late starts at most 5 ms"


def make_certificate(folder: str) -> None:
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", f"{folder}/key", "-out", f"{folder}/certificate"]
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *files, *names)
    Path(folder, "key").chmod(0o644)  # the generator's user is another; the folder is gone in a minute
    Path(folder).chmod(0o755)


def real_time() -> list[str]:
    return [f"{option}={value}" for option, name in REAL_TIME if (value := os.environ.get(name))]


def main() -> None:
    image = f"{os.environ.get('IMAGE_PREFIX', 'flotilla')}/loadtest:{os.environ.get('TAG', 'local')}"
    with tempfile.TemporaryDirectory(dir=RESULTS) as folder:
        make_certificate(folder)
        answer = docker(
            "run", "--rm", "--network", "none", *FIRST, *real_time(), "--user", f"{os.getuid()}:{os.getgid()}",
            "-v", f"{ROOT}:{ROOT}:ro", "-w", str(ROOT), "-v", f"{folder}:{folder}:ro", "-e", f"PYTHONPATH={ROOT}",
            "--entrypoint", "python", image, "-m", "bench.generator_load", folder, str(RATE),
        )  # fmt: skip
    result = json.loads(answer.strip().splitlines()[-1])
    save("generator", {"goal": GOAL, **result})
    if result["invalid"] or result["failed"] or result["rate"] < 0.99 * RATE:
        sys.exit(f"missed: {result['invalid'] or 'the generator did not make the rate'}")


if __name__ == "__main__":
    main()
