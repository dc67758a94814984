"""What the stack costs while nobody asks for anything: CPU and memory of every container over a minute and more.

usage: bench/run idle      SECONDS=90
"""

import os
import time

from loadtest.cgroups import Meter, memory_bytes

from bench.results import full_ids, save

SECONDS = int(os.environ.get("SECONDS_IDLE", 90))
SETTLE = 20  # what the last request set off may end


def main() -> None:
    services = full_ids()
    time.sleep(SETTLE)
    with Meter(services) as meter:
        time.sleep(SECONDS)
    cores = {name: used / meter.seconds for name, used in meter.used.items()}
    memory = {name: sum(memory_bytes(one) for one in ids) / 2**20 for name, ids in services.items()}
    save(
        "idle",
        {
            "seconds": round(meter.seconds),
            "containers": sum(map(len, services.values())),
            "cpu_percent_of_a_core": round(100 * sum(cores.values()), 1),
            "memory_mb": round(sum(memory.values())),
            "cpu_by_service": {
                name: round(100 * share, 2) for name, share in sorted(cores.items(), key=lambda item: -item[1])
            },
            "memory_by_service": {name: round(mb) for name, mb in sorted(memory.items(), key=lambda item: -item[1])},
        },
    )


if __name__ == "__main__":
    main()
