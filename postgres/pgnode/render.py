"""Configuration of one node: template, environment, secrets. Refuses with advice, never with a default password."""

import json
import re
import string
from pathlib import Path

import yaml

SECRETS = Path("/run/secrets")
TEMPLATES = Path("/etc/flotilla")
NODE_SECRETS = ("patroni_api", "postgres_superuser", "postgres_replicator", "postgres_rewind")


class ConfigError(Exception):
    """Something the operator has to put right; the message says what and how."""


def secret(name, folder=SECRETS):
    """The content of one secret file, without the newline at its end."""
    path = Path(folder) / name
    try:
        value = path.read_text().strip()
    except OSError as error:
        raise ConfigError(f"secret {path} cannot be read ({error.strerror}); make it with `make secrets`") from None
    if not value:
        raise ConfigError(f"secret {path} is empty; delete it and make it again with `make secrets`")
    return value


def required(environ, name, pattern):
    value = environ.get(name, "")
    if not re.fullmatch(pattern, value):
        raise ConfigError(f"{name}={value!r} in the environment is not of the form {pattern}")
    return value


def net_prefix(environ):
    return required(environ, "NET_PREFIX", r"\d{1,3}\.\d{1,3}")


def dcs(environ, templates=TEMPLATES):
    """The cluster-wide settings as a dict, as Patroni keeps them in etcd."""
    text = (Path(templates) / "dcs.yml").read_text()
    max_connections = environ.get("MAX_CONNECTIONS", "250")
    return yaml.safe_load(string.Template(text).substitute(MAX_CONNECTIONS=max_connections))


def node_name(environ):
    return "postgres-" + required(environ, "NODE", "[1-9]")


def patroni(environ, folder=SECRETS, templates=TEMPLATES):
    """The text of patroni.yml. Secrets and the settings go in as JSON, which is YAML and needs no further quoting."""
    prefix = net_prefix(environ)
    values = {name.upper(): json.dumps(secret(name, folder)) for name in NODE_SECRETS}
    values |= {
        "NAME": node_name(environ),
        "NET_PREFIX": prefix,
        "ADDRESS": f"{prefix}.4.1{environ['NODE']}",
        "DCS": json.dumps(dcs(environ, templates)),
    }
    return string.Template((Path(templates) / "patroni.yml").read_text()).substitute(values)
