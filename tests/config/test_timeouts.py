"""Timeouts nest: whoever is further inside gives up first, and whoever stops waits for what it still serves."""

import re

import yaml

from tests.config.files import ROOT, environment, python_settings, seconds, services, shell_settings

CLIENT = 60  # seconds after which a request counts as failed, whatever comes


def haproxy(name):
    return seconds(shell_settings("haproxy/settings.sh")[name])


def nginx(name):
    return seconds(shell_settings("nginx/settings.sh")[name])


def gunicorn(name):
    return python_settings("services/gunicorn.conf.py")[name]


def grace(service):
    return seconds(services()[service]["stop_grace_period"])


def directive(pattern, path):
    found = re.search(pattern, (ROOT / path).read_text(), re.MULTILINE)
    assert found, f"{path} has no {pattern}"
    return seconds(found.group(1))


def test_a_request_is_given_up_from_the_inside_out():
    hold = float(environment("web")["WRITE_HOLD_SECONDS"])
    assert hold < haproxy("HAPROXY_SERVER_TIMEOUT") < nginx("NGINX_READ_TIMEOUT") < CLIENT
    assert nginx("NGINX_READ_TIMEOUT") <= nginx("NGINX_NEXT_TIMEOUT") < CLIENT


def test_an_address_is_too_long_for_the_edge_before_it_is_for_gunicorn():
    """With room for a method and a protocol; and the edge's settings name gunicorn's limit."""
    longest, line = int(shell_settings("nginx/settings.sh")["NGINX_URI_LENGTH"]), gunicorn("limit_request_line")
    assert longest + len("OPTIONS  HTTP/1.1") < line
    assert f"request lines of up to {line}\n" in (ROOT / "nginx/settings.sh").read_text()


def test_a_silent_balancer_leaves_time_to_ask_the_other():
    """A write that a paused HAProxy held is only late: it is asked again, and takes as long as any other."""
    assert CLIENT - nginx("NGINX_READ_TIMEOUT") >= 15
    assert haproxy("HAPROXY_SAFE_TIMEOUT") < nginx("NGINX_SAFE_TIMEOUT")
    assert 2 * nginx("NGINX_SAFE_TIMEOUT") < CLIENT


def test_waiting_for_a_slot_leaves_time_for_the_request_itself():
    queue, hold = haproxy("HAPROXY_QUEUE_TIMEOUT"), float(environment("web")["WRITE_HOLD_SECONDS"])
    assert queue + hold < haproxy("HAPROXY_SERVER_TIMEOUT")


def of_gateway(kind):
    return float(environment("gateway")[f"GATEWAY_{kind}_SECONDS"])


def test_the_gateway_gives_up_after_its_services_and_before_its_callers():
    hold, request = float(environment("orders")["WRITE_HOLD_SECONDS"]), 40  # REQUEST_SECONDS, of web and of itself
    assert 'reader.seconds("REQUEST_SECONDS", 40.0)' in (ROOT / "services/flotilla/env.py").read_text()
    assert hold < of_gateway("UNSAFE") < request < haproxy("HAPROXY_SERVER_TIMEOUT")
    assert of_gateway("SAFE") < haproxy("HAPROXY_SAFE_TIMEOUT")


def test_waiting_for_a_slot_of_a_service_leaves_time_for_a_write():
    hold = float(environment("orders")["WRITE_HOLD_SECONDS"])
    assert haproxy("HAPROXY_QUEUE_TIMEOUT") + hold <= of_gateway("UNSAFE")


def noticed(interval):
    """Seconds until a paused replica is down: three failed checks of a second each, a quarter of one apart."""
    between = directive(r"default-server check .*?fastinter (\S+)", "haproxy/20-http.cfg")
    return interval + 3 * haproxy("HAPROXY_CHECK_TIMEOUT") + 2 * between


def test_a_read_that_a_paused_replica_has_outlives_its_being_noticed():
    """Half of the time is one try."""
    interval = directive(r"default-server check .*?\binter (\S+)", "haproxy/20-http.cfg")
    assert noticed(interval) <= of_gateway("SAFE") / 2


def test_a_write_that_a_paused_replica_has_leaves_time_for_another_try():
    """Its pools ask less often, all by the same words: it is sent again in time to wait for a whole failover (24 s)."""
    pools = ("haproxy/20-http.cfg", "haproxy/25-services.cfg")
    found = [line for path in pools for line in re.findall(r"_unsafe from \w+\n +(.*)", (ROOT / path).read_text())]
    assert set(found) == {"default-server inter 2s"}
    assert len(found) == 5
    assert noticed(2) + 24 <= float(environment("web")["WRITE_HOLD_SECONDS"])


def test_an_event_that_was_lost_comes_again_in_half_of_the_time_that_an_order_waits():
    """What a killed worker had in hand; the other half is for all the rest (docs/decisions/0030)."""
    again = directive(r'reader\.seconds\("BUS_REDELIVER_SECONDS", ([\d.]+)\)', "services/flotilla/env.py")
    assert 2 * again <= float(environment("orders")["ORDER_ANSWER_SECONDS"])


def test_what_the_gateway_has_signed_lasts_as_long_as_its_calls():
    source = (ROOT / "services/gateway/callers.py").read_text()
    kept = float(re.search(r"KEPT_SECONDS = (\d+)", source).group(1))
    assert kept + of_gateway("UNSAFE") < 60


def test_what_stops_lets_its_requests_end():
    hold = float(environment("web")["WRITE_HOLD_SECONDS"])
    assert hold < gunicorn("graceful_timeout") < grace("web")
    assert of_gateway("UNSAFE") < gunicorn("graceful_timeout") < grace("gateway")
    assert haproxy("HAPROXY_STOP_TIMEOUT") < grace("haproxy-1")
    assert directive(r"worker_shutdown_timeout (\S+?);", "nginx/templates/nginx.conf") < grace("nginx")


def test_idle_connections_are_closed_by_the_side_that_would_send():
    nginx_to_haproxy = directive(r"keepalive_timeout (\S+?);", "nginx/templates/snippets/origin.conf")
    assert nginx_to_haproxy < directive(r"timeout http-keep-alive (\S+)", "haproxy/00-global.cfg")
    # HAProxy drops idle server connections after pool-purge-delay, gunicorn after keepalive.
    assert directive(r"pool-purge-delay (\S+)", "haproxy/20-http.cfg") < gunicorn("keepalive")


def test_patronis_times_fit_each_other():
    dcs = yaml.safe_load((ROOT / "postgres/dcs.yml").read_text())
    assert dcs["loop_wait"] + 2 * dcs["retry_timeout"] <= dcs["ttl"]
    # The lease is what a killed primary costs: with it, election and reconnecting the 24 s of the guarantee.
    assert dcs["ttl"] <= 20
    assert dcs["primary_stop_timeout"] < grace("postgres-1")
    assert dcs["ttl"] < float(environment("web")["WRITE_HOLD_SECONDS"])


def megabytes(text):
    return int(text.removesuffix("MB")) if text.endswith("MB") else 1024 * int(text.removesuffix("GB"))


def test_the_log_since_a_checkpoint_is_kept_and_fits_into_the_small_disks():
    log = yaml.safe_load((ROOT / "postgres/dcs.yml").read_text())["postgresql"]["parameters"]
    between, kept, most = (megabytes(log[name]) for name in ("max_wal_size", "wal_keep_size", "max_slot_wal_keep_size"))
    assert 1.25 * between <= kept <= most
    assert kept + between <= 768  # drills/small-disks.yml


def test_the_hold_is_longer_than_the_worst_write_gap():
    assert float(environment("web")["WRITE_HOLD_SECONDS"]) > 24
