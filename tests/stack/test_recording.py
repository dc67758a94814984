"""What Prometheus records. Late among the tests: for five minutes it shows servers of before its own restart too."""

from stack.servers import until

from tests.stack.test_metrics import query


def test_a_server_that_is_down_behind_its_exporter_would_be_seen():
    """`up` of an exporter says nothing about its server: the rule `instance:up:min` takes both."""

    def all_up():
        found = query("instance:up:min")
        down = [one["metric"] for one in found if one["value"][1] != "1"]
        assert not down, down
        return found

    until(all_up, 330, "the recorded series instance:up:min, all 1")
