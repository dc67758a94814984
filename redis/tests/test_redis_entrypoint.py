"""The entry point without Redis: what it renders, who it takes for master, what it refuses; with a false redis-cli."""

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

REDIS = Path(__file__).resolve().parents[1]
PASSWORD = "s3cretS3cretS3cretS3cretS3cret12"


@pytest.fixture
def node(tmp_path):
    """A function that renders a role and returns the finished process; folders under tmp_path."""
    for name in ("secrets", "run", "data", "bin"):
        (tmp_path / name).mkdir()
    for name in ("redis", "cache"):
        (tmp_path / "secrets" / name).write_text(PASSWORD)

    def render(role, *, sentinels=("", "", ""), prefix="10.77", number="2"):
        answers = "".join(f'*.5{n}) echo "{address}" ;;\n' for n, address in enumerate(sentinels, 1) if address)
        cli = tmp_path / "bin/redis-cli"
        cli.write_text(f"#!/bin/bash\ncase $2 in\n{answers}*) exit 1 ;;\nesac\n")
        cli.chmod(0o755)
        folders = {name.upper(): str(tmp_path / name) for name in ("secrets", "run", "data")}
        environment = folders | {
            "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
            "TEMPLATES": str(REDIS),
            "NET_PREFIX": prefix,
            "NODE": number,
            "SENTINEL_WAIT": "1",
        }
        return subprocess.run(
            [REDIS / "entrypoint", role, "render"], env=environment, capture_output=True, text=True, check=False
        )

    return render


def settings(path):
    """The lines of a configuration that are not comments."""
    return [line for line in path.read_text().splitlines() if line and not line.startswith("#")]


def test_a_node_follows_the_master_that_two_sentinels_name(node, tmp_path):
    assert node("redis", sentinels=("10.77.3.43", "10.77.3.43", "10.77.3.41")).returncode == 0
    assert settings(tmp_path / "data/redis.conf")[-1] == "replicaof 10.77.3.43 6379"


def test_the_master_itself_follows_nobody(node, tmp_path):
    assert node("redis", sentinels=("10.77.3.42", "10.77.3.42", "")).returncode == 0
    assert not [line for line in settings(tmp_path / "data/redis.conf") if line.startswith("replicaof")]


def test_one_sentinel_alone_is_not_believed(node, tmp_path):
    (tmp_path / "data/redis.conf").write_text("replicaof 10.77.3.41 6379\n")
    done = node("redis", sentinels=("10.77.3.43", "", ""))
    assert settings(tmp_path / "data/redis.conf")[-1] == "replicaof 10.77.3.41 6379"
    assert "no Sentinel majority answers; this node was last a replica of 10.77.3.41" in done.stderr


def test_without_sentinels_a_former_master_stays_master(node, tmp_path):
    (tmp_path / "data/redis.conf").write_text("appendonly yes\n")
    done = node("redis")
    assert "replicaof" not in "\n".join(settings(tmp_path / "data/redis.conf"))
    assert "this node was last the master" in done.stderr


@pytest.mark.parametrize(("number", "follows"), [("1", False), ("3", True)])
def test_at_the_very_first_start_redis_1_is_the_master(node, tmp_path, number, follows):
    node("redis", number=number)
    assert ("replicaof 10.77.3.41 6379" in settings(tmp_path / "data/redis.conf")) is follows


def test_a_remembered_master_moves_with_the_network_prefix(node, tmp_path):
    (tmp_path / "data/redis.conf").write_text("replicaof 10.77.3.43 6379\n")
    node("redis", prefix="10.99")
    assert settings(tmp_path / "data/redis.conf")[-1] == "replicaof 10.99.3.43 6379"


def test_every_placeholder_is_filled_and_only_the_owner_can_read(node, tmp_path):
    node("redis")
    node("sentinel")
    node("cache")
    made = [
        tmp_path / "data/redis.conf",
        tmp_path / "data/sentinel.conf",
        tmp_path / "run/redis.conf",
        tmp_path / "run/users.acl",
    ]
    for path in made:
        assert "${" not in "\n".join(settings(path)), path
        assert path.stat().st_mode & 0o077 == 0, path


def test_users_are_stored_by_hash_and_the_application_may_not_wipe(node, tmp_path):
    node("redis")
    users = (tmp_path / "run/users.acl").read_text()
    assert PASSWORD not in users
    assert hashlib.sha256(PASSWORD.encode()).hexdigest() in users
    default = users.splitlines()[0]
    assert default.startswith("user default on #")
    assert "-@dangerous" in default
    assert "flushdb" not in default


def test_a_cache_may_be_cleared(node, tmp_path):
    node("cache")
    assert "+flushdb" in (tmp_path / "run/users.acl").read_text().splitlines()[0]


# -- Sentinel ----------------------------------------------------------------------------------------------------------

MEMORY = """sentinel monitor main 10.77.3.43 6379 2
sentinel auth-pass main old-password
sentinel myid aabb
sentinel current-epoch 7
sentinel config-epoch main 7
sentinel known-replica main 10.77.3.41 6379
sentinel known-sentinel main 10.77.3.52 26379 ccdd
user default on nopass +@all
"""


def test_a_new_sentinel_watches_redis_1(node, tmp_path):
    node("sentinel")
    assert "sentinel monitor main 10.77.3.41 6379 2" in settings(tmp_path / "data/sentinel.conf")


def test_a_sentinel_keeps_what_it_learned_and_takes_the_present_password(node, tmp_path):
    (tmp_path / "data/sentinel.conf").write_text(MEMORY)
    node("sentinel")
    lines = settings(tmp_path / "data/sentinel.conf")
    assert "sentinel monitor main 10.77.3.43 6379 2" in lines
    assert {"sentinel myid aabb", "sentinel current-epoch 7", "sentinel known-replica main 10.77.3.41 6379"} <= set(
        lines
    )
    assert f"sentinel auth-pass main {PASSWORD}" in lines
    assert not [line for line in lines if "old-password" in line or line == "user default on nopass +@all"]
    assert lines.index("sentinel monitor main 10.77.3.43 6379 2") < lines.index("sentinel config-epoch main 7")


def test_rendering_twice_changes_nothing(node, tmp_path):
    (tmp_path / "data/sentinel.conf").write_text(MEMORY)
    node("sentinel")
    first = (tmp_path / "data/sentinel.conf").read_text()
    node("sentinel")
    assert (tmp_path / "data/sentinel.conf").read_text() == first


def test_a_sentinel_moves_with_the_network_prefix_and_says_so(node, tmp_path):
    (tmp_path / "data/sentinel.conf").write_text(MEMORY)
    done = node("sentinel", prefix="10.99")
    text = "\n".join(settings(tmp_path / "data/sentinel.conf"))
    assert "NET_PREFIX was 10.77 and is 10.99" in done.stdout
    assert "sentinel monitor main 10.99.3.43 6379 2" in text
    assert "10.77." not in text


# -- Refusals ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [None, "", "with space", "quote'"])
@pytest.mark.parametrize("role", ["redis", "sentinel", "cache"])
def test_a_bad_secret_is_refused_with_one_sentence(node, tmp_path, role, content):
    for name in ("redis", "cache"):
        secret = tmp_path / "secrets" / name
        secret.unlink() if content is None else secret.write_text(content)
    done = node(role)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1
    assert "secret '" in done.stderr


@pytest.mark.parametrize("role", ["redis", "sentinel"])
def test_a_volume_that_cannot_be_written_is_refused_with_one_sentence(node, tmp_path, role):
    (tmp_path / "data").rmdir()
    done = node(role)
    assert done.returncode == 78
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert f"{tmp_path}/data cannot be written by uid" in done.stderr


def test_no_password_is_ever_printed(node):
    for role in ("redis", "sentinel", "cache"):
        done = node(role)
        assert PASSWORD not in done.stdout + done.stderr


def test_an_unknown_role_is_refused(node):
    assert node("memcached").returncode == 78
