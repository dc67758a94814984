"""The certificate job with real openssl, in folders of its own: what it makes, keeps, renews and refuses."""

import os
import subprocess
from pathlib import Path

import pytest

CERTS = Path(__file__).resolve().parents[1] / "certs"
MAKE = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*arguments) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.fixture
def job(tmp_path):
    """A function that runs the job once and returns the finished process; folders under tmp_path."""
    folders = {"CERTS_DIR": tmp_path / "certs", "AUTHORITY_DIR": tmp_path / "authority"}
    for folder in folders.values():
        folder.mkdir()

    def run(site="shop.localhost"):
        env = {"PATH": os.environ["PATH"], "SITE_HOST": site, "PROJECT": "second"}
        env |= {name: str(path) for name, path in folders.items()}
        return subprocess.run([CERTS], env=env, capture_output=True, text=True, check=False, timeout=30)

    run.edge, run.ca = folders["CERTS_DIR"] / "edge", folders["AUTHORITY_DIR"] / "ca"
    return run


@pytest.fixture
def made(job):
    assert job().returncode == 0
    return job


def contents(job) -> dict[Path, bytes]:
    root = job.edge.parents[1]
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refused(done, *parts):
    """One sentence with advice, and nothing else."""
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for part in parts:
        assert part in done.stderr


def put_foreign(job, *, site="shop.localhost", days=90):
    """A pair that our authority did not sign."""
    job.edge.mkdir(exist_ok=True)
    names = ["-subj", f"/CN={site}", "-addext", f"subjectAltName=DNS:{site}", "-days", str(days)]
    files = ["-keyout", str(job.edge / "tls.key"), "-out", str(job.edge / "tls.crt")]
    subprocess.run(MAKE + names + files, check=True, capture_output=True)


def reissue(job, *, days):
    """The edge's pair again, signed by our authority, with another end."""
    names = ["-subj", "/CN=shop.localhost", "-addext", "subjectAltName=DNS:shop.localhost", "-days", str(days)]
    signer = ["-CA", str(job.ca / "ca.crt"), "-CAkey", str(job.ca / "ca.key")]
    files = ["-keyout", str(job.edge / "tls.key"), "-out", str(job.edge / "tls.crt")]
    subprocess.run(MAKE + names + signer + files, check=True, capture_output=True)


# -- The first start ---------------------------------------------------------------------------------------------------


def test_a_first_start_makes_a_pair_that_the_authority_signed(made):
    assert "OK" in openssl("verify", "-CAfile", made.edge.parent / "ca.crt", made.edge / "tls.crt")
    for name in ("shop.localhost", "localhost"):
        assert "does match" in openssl("x509", "-in", made.edge / "tls.crt", "-noout", "-checkhost", name)
    assert "does match" in openssl("x509", "-in", made.edge / "tls.crt", "-noout", "-checkip", "127.0.0.1")
    assert "CA:FALSE" in openssl("x509", "-in", made.edge / "tls.crt", "-noout", "-text")


def test_keys_are_for_their_owner_and_the_authority_can_be_read_by_clients(made):
    assert (made.edge / "tls.key").stat().st_mode & 0o077 == 0
    assert (made.ca / "ca.key").stat().st_mode & 0o077 == 0
    assert (made.edge.parent / "ca.crt").stat().st_mode & 0o777 == 0o444
    assert not (made.edge.parent / "ca.key").exists()


def test_a_second_start_changes_nothing(made):
    before = contents(made)
    assert made().stdout.splitlines() == [f"certs: in order: {made.edge}/tls.crt"]
    assert contents(made) == before


# -- What is renewed ---------------------------------------------------------------------------------------------------


def test_another_host_name_gets_a_new_certificate_of_the_same_authority(made):
    authority = (made.ca / "ca.crt").read_bytes()
    assert made("shop.example").returncode == 0
    assert "does match" in openssl("x509", "-in", made.edge / "tls.crt", "-noout", "-checkhost", "shop.example")
    assert (made.ca / "ca.crt").read_bytes() == authority


@pytest.mark.parametrize(("days", "renewed"), [(29, True), (31, False)])
def test_it_renews_its_own_within_30_days_of_the_end(made, days, renewed):
    reissue(made, days=days)
    before = contents(made)
    assert made().returncode == 0
    assert (contents(made) != before) is renewed
    assert "will not expire" in openssl("x509", "-in", made.edge / "tls.crt", "-noout", "-checkend", 86400 * 30)


def test_a_lost_public_copy_comes_back(made):
    (made.edge.parent / "ca.crt").unlink()
    assert made().returncode == 0
    assert (made.edge.parent / "ca.crt").read_bytes() == (made.ca / "ca.crt").read_bytes()


def test_what_a_killed_job_left_is_no_obstacle(made):
    (made.edge.parent / ".new").mkdir()
    (made.edge.parent / ".new/tls.key").write_text("half")
    reissue(made, days=1)
    assert made().returncode == 0
    assert not (made.edge.parent / ".new").exists()


# -- A certificate of somebody else ------------------------------------------------------------------------------------


def test_a_foreign_certificate_is_kept_and_needs_no_authority(job):
    put_foreign(job)
    before = contents(job)
    assert job().returncode == 0
    assert contents(job) == before
    assert not job.ca.exists()


@pytest.mark.parametrize("wrong", [{"days": 20}, {"site": "other.example"}])
def test_a_foreign_certificate_that_does_not_fit_is_refused_and_kept(made, wrong):
    put_foreign(made, **wrong)
    before = contents(made)
    refused(made(), "not from the local authority", "SITE_HOST=shop.localhost")
    assert contents(made) == before


# -- Refusals: nothing is changed --------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["tls.crt", "tls.key"])
def test_half_a_pair_is_refused(made, missing):
    (made.edge / missing).unlink()
    before = contents(made)
    refused(made(), f"half a certificate: {made.edge}/{missing} is missing")
    assert contents(made) == before


@pytest.mark.parametrize(("name", "part"), [("tls.crt", "is no certificate"), ("tls.key", "is no private key")])
def test_garbage_is_refused(made, name, part):
    (made.edge / name).chmod(0o600)
    (made.edge / name).write_text("garbage\n")
    refused(made(), f"{made.edge}/{name} {part}")


def test_a_key_of_another_certificate_is_refused(made):
    (made.edge / "tls.key").write_bytes((made.ca / "ca.key").read_bytes())
    refused(made(), "tls.key does not belong to", "tls.crt")


def test_half_an_authority_is_refused_when_it_is_needed(made):
    (made.ca / "ca.key").unlink()
    refused(made("shop.example"), f"{made.ca}/ca.key is missing")


def test_a_folder_that_is_not_there_is_refused(job):
    job.edge.parent.rmdir()
    refused(job(), "cannot write to", "docker volume rm second_certs")


def test_a_host_name_that_no_certificate_can_carry_is_refused(job):
    refused(job("not a host,name"), "SITE_HOST=not a host,name")
    assert not job.edge.exists()


def test_the_advice_names_the_project_that_it_is_of(made):
    """Without -p compose would act on the project of the default name."""
    (made.edge / "tls.key").unlink()
    refused(made(), f"docker compose -p second run --rm --entrypoint rm certs -rf {made.edge}`")
