"""The cluster-wide settings: what etcd holds is brought up to dcs.yml."""

import json
import time

from .api import UNREACHABLE
from .log import log
from .render import ConfigError


def difference(wanted, present):
    """The part of `wanted` that `present` does not hold, nested dicts included; {} when nothing is missing."""
    missing = {}
    for key, value in wanted.items():
        if isinstance(value, dict):
            value = difference(value, present.get(key) or {})
            if value:
                missing[key] = value
        elif present.get(key) != value:
            missing[key] = value
    return missing


def sync_settings(apis, wanted, tries=20, sleep=time.sleep):
    """Bring the cluster-wide settings in etcd up to dcs.yml, through any node that answers.

    A cluster born this moment may not have stored its settings yet, so ask again for a while.
    """
    for _ in range(tries):
        if any(settings_done(api, wanted) for api in apis):
            return
        sleep(0.5)
    raise ConfigError("no Patroni took the cluster settings; look at the logs of postgres-1 to -3")


def settings_done(api, wanted):
    try:
        status, present = api.call("GET", "/config")
        missing = difference(wanted, present) if status == 200 else None
        if missing:
            log(f"changing cluster settings: {json.dumps(missing)}")
            status, _ = api.call("PATCH", "/config", missing)
        return status == 200
    except UNREACHABLE:
        return False
