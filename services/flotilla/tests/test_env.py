"""Settings: null defaults, types, secrets, and errors that say what to do."""

import json

import pytest

from flotilla import env as module
from flotilla import jwks
from flotilla.env import Env, EnvironmentProblem, Reader

HOSTS = {"DATABASE_HOSTS": "10.0.0.1, 10.0.0.2", "DATABASE_NAME": "web", "DATABASE_USER": "web", "SECRET_KEY": "k"}


X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"  # RFC 8037, appendix A.2
KEY = {"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": X}
BAD_KEYS = [
    "no JSON",
    "[]",
    "{}",
    *(
        json.dumps({"keys": keys})
        for keys in (
            [], "text", [1], [{}],
            [KEY | {"kty": "EC"}], [KEY | {"crv": "Ed448"}], [KEY | {"kid": ""}], [KEY | {"d": "secret"}],
            [KEY | {"x": "AA"}], [KEY | {"x": "A"}], [KEY, {}],
        )
    ),
]  # fmt: skip


def test_nothing_set_gives_the_null_defaults():
    env = Env.from_environ({})
    assert (env.database_hosts, env.cache_nodes, env.redis_sentinels, env.debug) == ((), (), (), False)
    assert "insecure" in env.secret_key


def test_everything_set(tmp_path):
    secret = tmp_path / "db"
    secret.write_text("s3cret\n")
    env = Env.from_environ(
        HOSTS
        | {"DATABASE_PASSWORD_FILE": str(secret), "DATABASE_REPLICAS": "1,2,3", "DATABASE_SHARDS": "web_1, web_2"}
        | {"DEBUG": "1", "LOG_LEVEL": "DEBUG"}
        | {"PRODUCTS_URLS": "http://10.0.0.1:8100, http://10.0.0.2:8100"}
        | {"GATEWAY_URLS": "http://10.0.0.1:8100"}
    )
    assert env.database_hosts == ("10.0.0.1", "10.0.0.2")
    assert env.database_password == "s3cret"
    assert env.products_urls == ("http://10.0.0.1:8100", "http://10.0.0.2:8100")
    assert env.gateway_urls == ("http://10.0.0.1:8100",)
    assert env.database_replicas == (1, 2, 3)
    assert env.database_shards == ("web_1", "web_2")
    assert env.debug
    assert "s3cret" not in repr(env)


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"DEBUG": "maybe"}, "1 or 0"),
        ({"LOG_LEVEL": "LOUD"}, "one of DEBUG"),
        ({"HTTPS_PORT": "-1"}, "whole number"),
        ({"DATABASE_REPLICAS": "1,x"}, "whole number"),
        ({"WRITE_HOLD_SECONDS": "soon"}, "number of seconds"),
        ({"WRITE_HOLD_SECONDS": "nan"}, "between 0 and 3600"),
        ({"WRITE_HOLD_SECONDS": "40"}, "less than REQUEST_SECONDS"),
        ({"WRITES_AT_ONCE": "0"}, "at least 1"),
        ({"WRITES_AT_ONCE": "201"}, "at most GUNICORN_THREADS"),
        ({"BUS_THREADS": "0"}, "must be at least 1"),
        ({"TOKEN_KEYS": "no JSON"}, "TOKEN_KEYS_FILE"),
        ({"TOKEN_KEY": "no PEM"}, "TOKEN_KEY_FILE is no private key"),
        ({"IDENTITY_KEY": "no PEM"}, "IDENTITY_KEY_FILE is no private key"),
        ({"PRODUCTS_URLS": "10.77.2.21:8100"}, "addresses such as http://"),
        ({"PRODUCTS_URLS": "http://a:8100,http://b/path"}, "PRODUCTS_URLS has .http://b/path"),
        ({"DATABASE_HOSTS": "a"}, "DATABASE_NAME"),
        ({"DATABASE_REPLICAS": "1"}, "need a Postgres primary"),
        (HOSTS | {"SECRET_KEY": ""}, "SECRET_KEY_FILE"),
        *(({"IDENTITY_KEYS": text}, "IDENTITY_KEYS_FILE") for text in BAD_KEYS),
        ({"SECRET_KEY_FILE": "/nonexistent/key"}, "cannot be read"),
    ],
)
def test_a_wrong_setting_says_what_to_do(environ, words):
    with pytest.raises(EnvironmentProblem, match=words):
        Env.from_environ(environ)


def test_public_keys():
    text = json.dumps({"keys": [KEY, KEY | {"kid": "b"}]})
    assert Env.from_environ({"IDENTITY_KEYS": text}).identity_keys == text


def test_a_private_key():
    assert Env.from_environ({"TOKEN_KEY": jwks.PRIVATE}).token_key == jwks.PRIVATE
    assert jwks.PRIVATE not in repr(Env(token_key=jwks.PRIVATE, identity_key=jwks.PRIVATE))


def test_limits_of_a_services_own_settings():
    reader = Reader({"COUNT": "0", "LONG": "7200"})
    assert (reader.integer("COUNT", 5), reader.integer("OTHER", 5, least=1)) == (0, 5)
    assert reader.seconds("LONG", 1.0, most=7200) == 7200
    with pytest.raises(EnvironmentProblem, match="COUNT is 0: set it to 1 or more"):
        reader.integer("COUNT", 5, least=1)
    with pytest.raises(EnvironmentProblem, match="between 0 and 3600"):
        reader.seconds("LONG", 1.0)


def test_an_empty_secret_is_refused(tmp_path):
    empty = tmp_path / "key"
    empty.write_text("\n")
    with pytest.raises(EnvironmentProblem, match="is empty"):
        Env.from_environ({"SECRET_KEY_FILE": str(empty)})


def test_the_check_before_a_server_starts(monkeypatch):
    module.main()
    monkeypatch.setenv("DEBUG", "maybe")
    with pytest.raises(SystemExit, match="environment: DEBUG"):
        module.main()
