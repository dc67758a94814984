"""The engine: silent when all is there; installs only where it may; elsewhere says the commands."""

import pytest

from tests.scripts.conftest import one_sentence

DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
FEDORA = "ID=fedora\n"


@pytest.fixture
def machine(scripts, tmp_path):
    """machine(system, user, …) runs scripts/engine on a pretended machine; what it does there is in scripts.calls."""
    note = '#!/usr/bin/env bash\nprintf "%s %s\\n" "${0##*/}" "$*" >>"$STUBS/calls"\n'
    for name in ("apt-get", "apt-cache", "systemctl", "setsid"):
        scripts.stub(name, note)
    scripts.stub("sleep", "#!/bin/sh\n")

    def run(system=DEBIAN, user="0", **env):
        (tmp_path / "os-release").write_text(system)
        scripts.stub("id", f'#!/bin/sh\n[ "$1" = -un ] && echo ann || echo {user}\n')
        base = {
            "OS_RELEASE": str(tmp_path / "os-release"),
            "DOCKER_SOCKET": str(tmp_path / "none"),
            "DOCKERD_LOG": str(tmp_path / "log"),
            "PLUGINS": str(tmp_path / "plugins"),
        }
        return scripts("engine", **(base | env))

    run.scripts = scripts
    return run


def changes(machine):
    return [
        line
        for line in machine.scripts.calls.splitlines()
        if line.startswith(("apt-get install", "systemctl", "setsid"))
    ]


def test_silent_when_all_is_there(machine):
    done = machine()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert changes(machine) == []


@pytest.mark.parametrize(
    ("system", "user", "part"),
    [
        (DEBIAN, "1000", "sudo apt-get update && sudo apt-get install -y docker.io"),
        (FEDORA, "0", "https://docs.docker.com/engine/install/"),
        (FEDORA, "1000", "usermod -aG docker ann"),
    ],
)
def test_where_it_may_not_install_it_says_the_commands(machine, system, user, part):
    machine.scripts.forget("engine")
    done = machine(system, user)
    assert done.returncode == 1
    assert part in done.stderr
    assert changes(machine) == []


def test_on_debian_as_root_it_installs_and_starts_saying_so(machine):
    machine.scripts.forget("engine")
    # The pretended engine answers once dockerd has been started.
    machine.scripts.stub(
        "setsid", '#!/usr/bin/env bash\necho "setsid $*" >>"$STUBS/calls"\necho 20.10.24 >"$STUBS/engine"\n'
    )
    machine.scripts.stub(
        "systemctl", '#!/usr/bin/env bash\necho "systemctl $*" >>"$STUBS/calls"\necho 20.10.24 >"$STUBS/engine"\n'
    )
    done = machine()
    assert done.returncode == 0, done.stderr
    assert "installing from the distribution's packages: docker.io" in done.stdout
    assert "starting the engine" in done.stdout
    assert changes(machine)[0].startswith("apt-get install -y -qq --no-install-recommends docker.io")


def test_an_engine_elsewhere_is_not_ours_to_start(machine):
    machine.scripts.forget("engine")
    one_sentence(machine(DOCKER_HOST="tcp://192.0.2.9:2375"), "tcp://192.0.2.9:2375 does not answer", "DOCKER_HOST")
    assert changes(machine) == []


@pytest.mark.parametrize("version", ["2.19.1", "1.29.2-3", ""])
def test_an_old_compose_without_root_says_the_commands(machine, version):
    machine.scripts.answer(compose=version)
    done = machine(DEBIAN, "1000")
    assert done.returncode == 1
    assert "Compose 2.20 or later" in done.stderr
    assert changes(machine) == []


@pytest.mark.parametrize(
    ("have", "want", "fits"),
    [
        ("2.20", "2.20", 0),
        ("2.26.1-4", "2.20", 0),
        ("v2.30.0+ds1-0ubuntu1~22.04", "2.20", 0),
        ("2.9.0", "2.20", 1),
        ("", "2.20", 1),
        ("(none)", "2.20", 1),
        ("20.10.24+dfsg1", "20.10", 0),
    ],
)
def test_versions_compare_as_numbers(scripts, have, want, fits):
    assert scripts.bash(f'BASH_ARGV0=scripts/test; . scripts/engine; at_least "{have}" {want}').returncode == fits
