"""No password leaks: not in `docker inspect`, logs, images, process lists; and each container holds only its own."""

import json

import pytest
from stack.engine import SECRETS, containers, docker, inspect, logs, run
from stack.servers import sql

NAMES = sorted(path.name for path in SECRETS.iterdir() if path.is_file() and not path.name.startswith("."))


def values() -> dict[str, list[str]]:
    """Every secret, and of derived files each of their long words."""
    found = {}
    for name in NAMES:
        text = (SECRETS / name).read_text()
        found[name] = [word for word in text.replace('"', " ").split() if len(word) >= 24]
    return found


def assert_free(text: str, where: str):
    leaked = [name for name, words in values().items() if any(word in text for word in words)]
    assert not leaked, f"{where} shows {leaked}"


def test_there_are_secrets_to_look_for():
    assert {"db_web", "redis", "django_secret_key", "haproxy_stats"} <= set(NAMES)
    assert all(values()[name] for name in NAMES), "a secret too short to be one"


def test_the_folder_is_closed_to_others():
    assert SECRETS.stat().st_mode & 0o077 == 0


def test_inspect_shows_no_secret():
    assert_free(json.dumps(inspect(*[c.id for c in containers(stopped=True)])), "docker inspect")


def test_logs_show_no_secret():
    for service in sorted({c.service for c in containers(stopped=True)}):
        assert_free(logs(service, "1h"), f"the log of {service}")


def test_images_hold_no_secret():
    images = sorted({container["Config"]["Image"] for container in inspect(*[c.id for c in containers(stopped=True)])})
    for image in images:
        assert_free(docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image), f"the history of {image}")
        assert_free(json.dumps(json.loads(docker("image", "inspect", image))), f"the image {image}")


CONTROL = "VERSION_CODENAME="  # in /etc/os-release, thus in the base layer of every image


def test_no_layer_of_an_image_holds_a_secret(tmp_path):
    """The files themselves, those that a later layer deletes included; layers may be compressed."""
    words = {word for several in values().values() for word in several}
    patterns = tmp_path / "patterns"
    patterns.write_text("\n".join([*words, CONTROL]) + "\n")
    images = {container["Config"]["Image"] for container in inspect(*[c.id for c in containers(stopped=True)])}
    search = f"zcat -f | grep -aoF -f {patterns} | sort -u"
    command = f"docker save {' '.join(sorted(images))} | tar -x --to-command='{search}'"
    found = set(run("bash", "-o", "pipefail", "-c", command, timeout=900).stdout.split())
    assert CONTROL in found, "the search finds nothing at all"
    leaked = [name for name, several in values().items() if found & set(several)]
    assert not leaked, f"an image holds {leaked}"


def test_no_command_line_shows_a_secret():
    for container in containers():
        assert_free(docker("top", container.id, "-eo", "pid,args"), f"a process of {container.name}")


def test_the_database_logs_no_password_of_a_new_role():
    assert sql("SHOW log_statement", database="postgres") in ([["none"]], [["ddl"]])
    assert "PASSWORD" not in logs("postgres-init", "24h").upper()


@pytest.mark.parametrize("name", sorted({c.service for c in containers()}))
def test_a_container_runs_as_nobody_special(name):
    for container in inspect(*[c.id for c in containers(name)]):
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert not container["HostConfig"]["Privileged"]
        assert "ALL" in container["HostConfig"]["CapDrop"]
        done = run("docker", "exec", container["Id"], "id", "-u", check=False)
        assert done.stdout.strip() not in ("", "0"), f"{name} runs as root"


def test_the_edge_answers_say_nothing_of_the_inside(edge):
    for path in ("/", "/nothing/", "/static/nothing.css", "/health/"):
        answer = edge.request("GET", path)
        assert_free(answer.text + str(answer.headers), path)
        assert "/app/" not in answer.text
