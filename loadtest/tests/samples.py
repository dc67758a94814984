"""A load test's run as loadtest.play makes it, for tests."""

WEB, BALANCER, POOL = "web-1", "haproxy-1", "haproxy-1 web_safe"


def sample(t: float, *, web=0.2, memory=100, held=0.0, host=0.3, generator=0.1, queued=0, used=3, gone=False) -> dict:
    containers = {WEB: None if gone else [web, memory, held], BALANCER: [0.05, 20, 0.0]}
    pools = {POOL: [queued, used, 32], "haproxy-1 postgres_primary": [0, 2, None]}
    return {"t": t, "host": host, "steal": 0.0, "generator": generator, "containers": containers, "pools": pools}


def second(t: int, **changes) -> dict:
    row = {"t": t, "planned": 20, "done": 20, "failed": 0, "refused": 0, "p50": 0.02, "p95": 0.05, "p99": 0.09}
    return row | {"late_p99": 0.001, "in_flight": 1} | changes


def record(samples: list[dict]) -> dict:
    limits = {WEB: {"cpu": 1.0, "memory": 200}, BALANCER: {"cpu": None, "memory": None}}
    return {"limits": limits, "samples": samples, "oom_kills": {}, "cores": 2, "missed": {}}


def made(**changes) -> dict:
    latency = {"p50": 0.02, "p95": 0.05, "p99": 0.1, "max": 0.2}
    settings = {"rate": 20, "users": 20, "seconds": 10, "seed": 1, "mix": {"home": 1}, "phases": ((10, 20),)}
    run = {
        "profile": "mixed", "about": "people look around", "settings": settings, "machine": "2 cores <of> something",
        "versions": {"Python": "3.13"}, "commit": "abc123", "began": "2026-03-01T12:00:00+00:00", "seconds": 10.0,
        "requests": 200, "failed": 0, "refused": 0, "error_share": 0.0, "refused_share": 0.0, "invalid": None,
        "late": {"p50": 0.0002, "p99": 0.001, "max": 0.003}, "latency": latency,
        "by_step": [{"step": "home", "requests": 200, "failed": 0, "refused": 0, **latency}],
        "per_second": [second(t) for t in range(10)], "replicas": {"web-1": 60, "web-2": 40}, "cached": 100,
        "statuses": {"200": 200}, "reasons": {},
        "thresholds": [{"name": "p95", "target": 0.6, "figure": 0.05, "ok": True},
                       {"name": "error_share", "target": 0.001, "figure": 0.0, "ok": True}],
        "verdict": "passed", "containers": record([sample(t + 1.0) for t in range(10)]),
        "saturation": {"resource": "nothing", "name": "", "sentence": "Nothing ran out.", "also": []},
    }  # fmt: skip
    return run | changes
