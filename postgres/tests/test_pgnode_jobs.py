import pytest
from pgnode import apply, render, settings
from pgnode.roles import Object


class Api:
    def __init__(self, *answers):
        self.answers, self.calls = list(answers), []

    def call(self, method, path, body=None):
        self.calls.append((method, body))
        answer = self.answers.pop(0) if self.answers else (503, "")
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_difference_holds_only_what_is_missing_or_other():
    wanted = {"ttl": 20, "postgresql": {"parameters": {"jit": "off", "work": "4MB"}, "use_slots": True}}
    present = {
        "ttl": 20,
        "loop_wait": 10,
        "postgresql": {"parameters": {"jit": "on", "work": "4MB"}, "use_slots": True},
    }
    assert settings.difference(wanted, present) == {"postgresql": {"parameters": {"jit": "off"}}}
    assert settings.difference(wanted, wanted) == {}
    assert settings.difference({"a": {"b": 1}}, {}) == {"a": {"b": 1}}


def test_settings_that_agree_are_not_written():
    api = Api((200, {"ttl": 20, "loop_wait": 10}))
    settings.sync_settings([api], {"ttl": 20})
    assert api.calls == [("GET", None)]


def test_settings_that_differ_are_patched_through_the_first_node_that_answers():
    dead, alive = Api(ConnectionRefusedError()), Api((200, {"ttl": 30}), (200, {}))
    settings.sync_settings([dead, alive], {"ttl": 20})
    assert alive.calls == [("GET", None), ("PATCH", {"ttl": 20})]


def test_settings_are_asked_for_again_while_the_cluster_is_being_born():
    api = Api((502, ""), (502, ""), (200, {"ttl": 20}))
    settings.sync_settings([api], {"ttl": 20}, sleep=lambda seconds: None)
    assert len(api.calls) == 3


def test_no_patroni_at_all_is_one_clear_sentence():
    with pytest.raises(render.ConfigError, match="postgres-1 to -3"):
        settings.sync_settings([Api()], {"ttl": 20}, tries=2, sleep=lambda seconds: None)


class Connection:
    """Records the SQL; serves as its own cursor."""

    class info:  # noqa: N801 - the name of the driver's attribute
        host = "node"

    def __init__(self):
        self.ran = []

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False

    def execute(self, statement):
        self.ran.append(statement)

    def close(self):
        pass


class Cluster:
    def __init__(self):
        self.inner = Connection()

    def connect(self, database, host):
        return self.inner


def thing():
    return Object("DATABASE", "web", "CREATE", ("ALTER",), ("GRANT",))


def test_a_new_object_is_created_filled_and_stamped_last():
    cluster, connection, item = Cluster(), Connection(), thing()
    assert apply.apply(cluster, connection, item, {})
    assert connection.ran == ["CREATE", "ALTER", item.comment]
    assert cluster.inner.ran == ["GRANT"]


def test_an_object_without_the_right_stamp_is_updated_not_created():
    connection, item = Connection(), thing()
    assert apply.apply(Cluster(), connection, item, {("DATABASE", "web"): "old"})
    assert connection.ran == ["ALTER", item.comment]


def test_an_object_with_the_right_stamp_is_left_alone():
    connection, item = Connection(), thing()
    assert not apply.apply(Cluster(), connection, item, {("DATABASE", "web"): item.stamp})
    assert connection.ran == []
