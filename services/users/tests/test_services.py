"""Accounts and tokens beneath the API: what is written where, how long a check takes, the seed."""

import logging

import pytest
from django.contrib.auth import hashers
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError

from flotilla.env import EnvironmentProblem, Reader
from flotilla.sharding import buckets, shards
from flotilla.sharding.router import NoShard
from flotilla.uuid7 import uuid7
from users import attempts, logins, passwords, places, selectors, services
from users.models import EmailClaim, Role, User
from users.tests.conftest import PASSWORD, everybody, found, told

pytestmark = pytest.mark.django_db(databases="__all__")


def test_an_account_lies_in_the_bucket_of_its_address(user):
    bucket = buckets.of_text("tove@example.com")
    assert buckets.of_id(user.id) == bucket
    home = shards.primary(bucket)
    assert User.objects.using(home).get() == user
    assert EmailClaim.objects.using(home).get().user_id == user.id
    assert user.id.version == 7
    assert (str(user), str(EmailClaim.objects.using(home).get())) == (str(user.id), str(user.id))


def test_no_row_is_looked_for_in_whatever_shard():
    for query in (User.objects.all().first, User(id=uuid7()).save, EmailClaim.objects.create):
        with pytest.raises(NoShard, match="using"):
            query()


def test_what_fails_leaves_nothing(monkeypatch):
    def fail(*events, using):
        raise RuntimeError("no outbox")

    monkeypatch.setattr(services, "publish", fail)
    with pytest.raises(RuntimeError):
        services.user_register(email="bo@example.com", name="Bo", password=PASSWORD)
    assert (everybody(), services._is_taken("bo@example.com")) == ([], False)


def test_a_new_address_is_claimed_before_a_hash_is_spent(user, monkeypatch):
    monkeypatch.setattr(passwords, "password_hash", None)
    with pytest.raises(services.EmailTaken):
        services.user_register(email=" Tove@Example.com", name="Tove", password=PASSWORD)


def test_who_is_gone_cannot_be_deleted():
    with pytest.raises(User.DoesNotExist):
        services.user_delete(user_id=uuid7())


# -- Passwords ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def hashed(monkeypatch):
    """How often a hash was made."""
    made, encode = [], hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", lambda *args: made.append(1) or encode(*args))
    return made


def test_a_check_is_as_much_work_without_an_account(user, hashed, django_assert_num_queries):
    for email in ("tove@example.com", "nobody@example.com"):
        hashed.clear()
        home = shards.primary(places.email_bucket(email=email))
        with pytest.raises(logins.BadCredentials), django_assert_num_queries(2, using=home):
            logins.user_login(email=email, password="wrong-password")
        assert len(hashed) == 1


def test_a_hash_of_an_older_kind_is_renewed_by_a_login(user, settings, monkeypatch, caplog):
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]

    def away(*args, **kwargs):
        raise OperationalError("no primary")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(User.objects._queryset_class, "update", away)
        assert logins.user_login(email=user.email, password=PASSWORD)
    assert "keeps its old hash" in caplog.text
    assert found(user.id).password == user.password
    assert logins.user_login(email=user.email, password=PASSWORD)
    assert found(user.id).password.startswith("scrypt$")
    assert logins.user_login(email=user.email, password=PASSWORD)


def test_one_limit_for_the_process(settings):
    settings.HASHES_AT_ONCE = 3
    assert passwords._turns(3) is passwords._turns(3)
    assert passwords._turns(3)._longest == 3 * passwords.WAITING


# -- Attempts ----------------------------------------------------------------------------------------------------------


def test_without_a_cache_nobody_is_locked_out(user, settings, monkeypatch):
    def away(*args):
        raise ValueError("not found")

    settings.LOGIN_FAILURES = 1
    monkeypatch.setattr(caches["default"], "incr", away)
    for _ in range(3):
        assert logins.user_login(email=user.email, password=PASSWORD)


def test_many_at_once_are_no_way_round(settings):
    """Each counts before its password is checked."""
    settings.LOGIN_FAILURES = 2
    for _ in range(2):
        attempts.attempt_begin(email="tove@example.com")
    with pytest.raises(attempts.TooMany) as many:
        attempts.attempt_begin(email="tove@example.com")
    assert 1 <= many.value.seconds <= settings.LOGIN_WINDOW_SECONDS
    for _ in range(2):
        attempts.attempt_undo(email="tove@example.com")
    attempts.attempt_begin(email="tove@example.com")


def test_no_address_is_in_the_cache():
    attempts.attempt_begin(email="tove@example.com")
    assert not any("tove" in key for key in caches["default"]._cache)


# -- The staff account -------------------------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "django_admin"
    path.write_text("a-long-random-password\n")
    return path


def admin():
    return selectors.user_by_email(email="admin@example.com")


def test_the_seed_writes_one_staff_account(secret, capsys):
    call_command("seed", admin_password_file=secret)
    assert (admin().role, told(admin().id)) == ("staff", ["registered"])
    assert logins.user_login(email="admin@example.com", password="a-long-random-password")
    call_command("seed", admin_password_file=secret)
    assert capsys.readouterr().out.splitlines() == [
        "seed: admin@example.com written",
        "seed: done",
        "seed: already done",
    ]


def test_the_seed_again_changes_what_differs_only(secret, monkeypatch):
    call_command("seed", admin_password_file=secret)
    before = admin()
    monkeypatch.setattr("users.management.commands.seed.stamp_of", lambda env, job: "newer code")
    call_command("seed", admin_password_file=secret)
    assert (admin().password, admin().epoch) == (before.password, before.epoch)
    secret.write_text("another-random-password")
    monkeypatch.setattr("users.management.commands.seed.stamp_of", lambda env, job: "newest code")
    call_command("seed", admin_password_file=secret)
    assert admin().epoch == before.epoch + 1
    assert logins.user_login(email="admin@example.com", password="another-random-password")


def test_who_has_taken_the_address_before_keeps_nothing_of_it():
    user = services.user_register(email="admin@example.com", name="Mallory", password=PASSWORD)
    assert services.staff_ensure(email="admin@example.com", name="Staff", password="a-long-random-password")
    assert (admin().id, admin().role, admin().epoch) == (user.id, Role.STAFF, 2)
    with pytest.raises(logins.BadCredentials):
        logins.user_login(email="admin@example.com", password=PASSWORD)


@pytest.mark.parametrize(("text", "says"), [("", "is empty"), ("password", "will not do"), (None, "cannot be read")])
def test_a_seed_without_a_password_says_what_to_do(secret, text, says):
    if text is None:
        secret.unlink()
    else:
        secret.write_text(text)
    with pytest.raises(CommandError, match=says):
        call_command("seed", admin_password_file=secret)
    assert not everybody()


# -- Settings ----------------------------------------------------------------------------------------------------------


def test_a_map_that_names_no_database_is_refused(settings):
    settings.SHARD_MAP = {0: "default", 512: "shard_9"}
    with pytest.raises(ImproperlyConfigured, match="shard_9"):
        shards.check()


def test_the_map_is_three_even_ranges(settings):
    homes = [shards.primary(bucket) for bucket in range(buckets.BUCKETS)]
    assert [homes.count(alias) for alias in ("default", "shard_1", "shard_2")] == [342, 341, 341]


def test_tokens_last_no_longer_than_they_are_believed():
    with pytest.raises(EnvironmentProblem, match="between 0 and 3600"):
        Reader({"ACCESS_SECONDS": "3601"}).seconds("ACCESS_SECONDS", 900.0, most=3600)
