"""The workers' health check: how old the time in a file is."""

import subprocess
import time

import pytest

from tests.config.files import ROOT


def healthy(*arguments) -> bool:
    command = [str(ROOT / "healthcheck/beat-ok"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("age", "arguments", "well"), [(0, (), True), (80, (), True), (100, (), False), (40, (30,), False)]
)
def test_a_worker_is_well_while_its_ping_is_young(tmp_path, age, arguments, well):
    (tmp_path / "beat").write_text(f"{int(time.time()) - age}\n")
    assert healthy(tmp_path / "beat", *arguments) is well


def test_a_worker_that_has_never_consumed_is_not_well(tmp_path):
    assert not healthy(tmp_path / "beat")
    (tmp_path / "beat").touch()
    assert not healthy(tmp_path / "beat")
