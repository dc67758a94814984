"""Services by signals: every lasting service is scraped, and has its place in the documents. Needs no running stack."""

import re

import pytest

from tests.config.files import ROOT, services

# Which job speaks for a service: its own name without the number, but for these.
BESIDE_POSTGRES = {"patroni", "lease"}  # other programs of the same containers
SPOKEN_FOR = {"postgres": {"postgres", *BESIDE_POSTGRES}, "grafana": set()}
NOT_SERVERS = re.compile(r"certs|loadtest|postgres-init|seed|\w+-(migrate|seed)")


def kinds() -> list[str]:
    """Kinds of server: service names without number, exporters left out (they are how others are scraped)."""
    names = {re.sub(r"-\d+$", "", name) for name in services() if not NOT_SERVERS.fullmatch(name)}
    return sorted(name for name in names if not name.endswith("-exporter"))


def jobs() -> dict[str, str]:
    """Job -> its block in the scrape configuration."""
    text = (ROOT / "prometheus/prometheus.yml.template").read_text()
    blocks = re.split(r"^  - job_name: ", text, flags=re.MULTILINE)[1:]
    return {block.split("\n", 1)[0].strip(): block for block in blocks}


@pytest.mark.parametrize("kind", kinds())
def test_a_server_is_scraped_under_its_own_name(kind):
    assert SPOKEN_FOR.get(kind, {kind}) <= set(jobs())


def test_no_job_is_of_nobody():
    assert set(jobs()) <= set(kinds()) | BESIDE_POSTGRES


@pytest.mark.parametrize("job", [job for job in jobs() if job not in {"web", "prometheus"}])
def test_every_instance_of_a_job_is_a_service(job):
    """Each numbered service of the kind, and nothing else: a target forgotten is a server that dies unseen."""
    kind = "postgres" if job in BESIDE_POSTGRES else job
    wanted = {name for name in services() if re.fullmatch(rf"{kind}(-\d+)?", name)}
    block = jobs()[job]
    named = set(re.findall(r"instance: ([\w-]+)\}", block))
    if named:
        assert named == wanted


@pytest.mark.parametrize("kind", kinds())
def test_a_server_is_in_the_readme_or_the_architecture(kind):
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/architecture.md").read_text()
    assert re.search(rf"\b{kind}", text, re.IGNORECASE)


def test_every_exporter_is_asked_by_a_job():
    text = (ROOT / "prometheus/prometheus.yml.template").read_text()
    for name in services():
        if "-exporter" in name:
            assert f"{name}:" in text, name
