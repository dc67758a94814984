"""HAProxy's statistics: who is given requests."""

from stack.servers import primaries_up, replicas_up


def row(pool: str, server: str, status: str) -> dict:
    return {"pxname": pool, "svname": server, "status": status}


ROWS = [
    row("web_safe", "web-1", "UP"), row("web_safe", "web-2", "UP 1/3"), row("web_safe", "web-3", "DOWN"),
    row("web_safe", "web-4", "MAINT (resolution)"), row("web_safe", "none", "no check"),
    row("web_safe", "BACKEND", "UP"), row("web_unsafe", "web-1", "UP"),
    row("postgres_primary", "postgres-1", "DOWN 1/2"), row("postgres_primary", "postgres-2", "UP"),
    row("postgres_primary", "FRONTEND", "OPEN"), row("postgres_primary", "BACKEND", "UP"),
]  # fmt: skip


def test_a_replica_that_fails_its_first_check_is_still_given_requests():
    assert replicas_up(ROWS) == ["web-1", "web-2"]


def test_the_primary_is_the_server_and_not_the_pool():
    assert primaries_up(ROWS) == ["postgres-2"]
