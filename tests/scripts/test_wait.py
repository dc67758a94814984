"""Waiting: silent when the servers say yes; else it names who is late, with last lines, and what waits for it."""

import pytest

SERVICES = ["certs", "haproxy-1", "haproxy-2", "nginx", "postgres-1", "postgres-2", "sentinel-1", "web"]
RUNNING = {name: f"{name} flotilla-{name}-1 running 0 unless-stopped 0 healthy" for name in SERVICES}
WELL = RUNNING | {"certs": "certs flotilla-certs-1 exited 0 no 0 -"}
MEMBERS = "postgres-1 leader running - 1\npostgres-2 quorum_standby streaming 0 1\n"
BALANCE = "# pxname,svname,status,addr\nweb_safe,web-1,UP,10.77.2.129:8000\nweb_safe,web-2,MAINT (resolution),\n"
EDGE = "HTTP/1.1 200 OK\n"


@pytest.fixture
def wait(scripts):
    def run(facts=WELL, members=MEMBERS, balance=BALANCE, edge=EDGE, seconds="0", **env):
        scripts.answer(
            services="\n".join(SERVICES) + "\n",
            containers="".join(f"{name} 1 id-{name} running flotilla-{name}-1\n" for name in SERVICES),
            facts="\n".join(facts.values()) + "\n",
            members=members,
            balance=balance,
            edge=edge,
        )
        return scripts("wait", seconds, **env)

    run.scripts = scripts
    return run


def test_silent_when_everybody_says_yes(wait):
    done = wait()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ({"edge": "HTTP/1.1 503 Service Unavailable\n"}, "/health/ through the edge answers 503"),
        ({"edge": ""}, "/health/ through the edge answers nothing"),
        ({"balance": BALANCE.replace("UP", "DOWN")}, "haproxy-1 has no web replica up"),
        ({"members": ""}, "no Postgres primary has been elected"),
        ({"members": MEMBERS.replace("streaming", "starting")}, "postgres-2 is quorum_standby starting"),
        (
            {"facts": WELL | {"web": RUNNING["web"].replace("running 0", "exited 137")}},
            "web-1 is exited (exit status 137)",
        ),
        ({"facts": WELL | {"web": RUNNING["web"].replace("running", "restarting")}}, "ends again and again"),
        ({"facts": {k: v for k, v in WELL.items() if k != "web"}}, "web has no container"),
        ({"facts": WELL | {"certs": "certs flotilla-certs-1 running 0 no 0 -"}}, "certs-1 has not ended yet"),
    ],
)
def test_who_is_late_is_named_with_its_last_lines(wait, what, sentence):
    done = wait(**what)
    assert done.returncode == 1
    assert "is not there after 0 seconds" in done.stderr
    assert sentence in done.stderr
    assert "    | last words of " in done.stderr


def test_a_failed_job_ends_the_wait_at_once_and_stands_alone(wait):
    facts = WELL | {
        "certs": "certs flotilla-certs-1 exited 1 no 0 -",
        "nginx": "nginx flotilla-nginx-1 created 0 unless-stopped 0 -",
    }
    done = wait(facts, edge="", seconds="600")
    assert done.returncode == 1
    assert done.stderr.count("late: ") == 1
    assert "late: flotilla-certs-1 failed with exit status 1" in done.stderr
    assert "| last words of certs" in done.stderr
    assert "not there either, perhaps because of that: nginx web" in done.stderr


def test_compose_that_failed_is_not_waited_for(wait, tmp_path):
    result = tmp_path / "result"
    result.write_text("1\n")
    done = wait(facts={}, seconds="600", UP_RESULT=str(result))
    assert done.returncode == 1
    assert "did not start" in done.stderr


def test_a_limit_that_is_no_number(wait):
    done = wait(seconds="soon")
    assert done.returncode == 2
    assert "WAIT_SECONDS=soon" in done.stderr
