import pytest
from pgnode import roles, scram

VERIFIERS = {name: scram.verifier(name * 8) for name in ("web", "web_ro", "users", "users_ro", "monitor")}


def named(objects, kind, name):
    return next(item for item in objects if (item.kind, item.name) == (kind, name))


def sql(item):
    return "\n".join((item.create, *item.statements, *item.inside))


def test_databases_are_one_word_each_with_an_owner_where_it_differs():
    assert roles.parse("web\nusers_0=users:3+1  users_1=users") == [
        ("web", "web"),
        ("users_0", "users"),
        ("users_1", "users"),
    ]


@pytest.mark.parametrize("text", ["Web", "web;drop", "web=", "=web", "web=a b-c", "1web"])
def test_a_name_that_would_need_quoting_is_refused(text):
    if text == "web=":
        assert roles.parse(text) == [("web", "web")]
        return
    with pytest.raises(ValueError, match="DATABASES"):
        roles.parse(text)


def test_application_roles_have_no_rights_beyond_their_database():
    objects = roles.desired([("web", "web")], VERIFIERS)
    for name in ("web", "web_ro", "monitor"):
        text = sql(named(objects, "ROLE", name))
        for right in ("SUPERUSER", "REPLICATION", "CREATEDB", "CREATEROLE", "BYPASSRLS"):
            assert f"NO{right}" in text
            assert f" {right}" not in text


def test_the_read_only_role_reads_present_and_future_tables_and_nothing_more():
    objects = roles.desired([("web", "web")], VERIFIERS)
    assert "SET default_transaction_read_only = 'on'" in sql(named(objects, "ROLE", "web_ro"))
    inside = "\n".join(named(objects, "DATABASE", "web").inside)
    assert "SELECT ON ALL TABLES IN SCHEMA public TO web_ro" in inside
    assert "DEFAULT PRIVILEGES FOR ROLE web IN SCHEMA public GRANT SELECT ON TABLES TO web_ro" in inside
    assert not any(word in inside for word in ("INSERT", "UPDATE", "DELETE", "ALL PRIVILEGES"))


def test_the_received_timeline_is_shown_to_its_databases_roles_only_and_nothing_more_of_it():
    objects = roles.desired([("users_0", "users")], VERIFIERS)
    inside = "\n".join(named(objects, "DATABASE", "users_0").inside)
    made = inside.index("SECURITY DEFINER SET search_path = pg_catalog, pg_temp")
    given = inside.index("ALTER FUNCTION flotilla.received_timeline() OWNER TO timeline_owner")  # not the superuser
    closed = inside.index("REVOKE ALL ON FUNCTION flotilla.received_timeline() FROM PUBLIC")
    opened = inside.index("GRANT EXECUTE ON FUNCTION flotilla.received_timeline() TO users, users_ro")
    assert made < given < closed < opened
    owner = sql(named(objects, "ROLE", "timeline_owner"))
    assert owner == "CREATE ROLE timeline_owner NOLOGIN\nGRANT pg_read_all_stats TO timeline_owner"


def test_the_writing_role_has_no_timeout_that_could_fire_in_commit():
    text = sql(named(roles.desired([("web", "web")], VERIFIERS), "ROLE", "web"))
    assert "statement_timeout" not in text
    assert "transaction_timeout = " not in text.replace("idle_in_transaction_session_timeout", "")
    assert "SET idle_in_transaction_session_timeout = '5s'" in text
    assert "SET TimeZone = 'UTC'" in text


def test_the_public_may_connect_to_no_database():
    objects = roles.desired([("web", "web")], VERIFIERS)
    text = "\n".join(map(sql, objects))
    for name in ("web", "postgres", "template1"):
        assert f"REVOKE ALL ON DATABASE {name} FROM PUBLIC" in text


def test_a_further_service_is_one_word():
    one = roles.desired(roles.parse("web"), VERIFIERS)
    two = roles.desired(roles.parse("web users_0=users users_1=users"), VERIFIERS)
    added = [(item.kind, item.name) for item in two if item not in one]
    assert added == [("ROLE", "users"), ("ROLE", "users_ro"), ("DATABASE", "users_0"), ("DATABASE", "users_1")]


def test_the_stamp_changes_with_the_verifier_and_only_then():
    first = named(roles.desired([("web", "web")], VERIFIERS), "ROLE", "web")
    again = named(roles.desired([("web", "web")], VERIFIERS), "ROLE", "web")
    other = named(roles.desired([("web", "web")], VERIFIERS | {"web": VERIFIERS["users"]}), "ROLE", "web")
    assert first.stamp == again.stamp != other.stamp
    assert VERIFIERS["web"] not in first.comment


def test_only_verifiers_are_stored():
    with pytest.raises(ValueError, match="web"):
        roles.desired([("web", "web")], VERIFIERS | {"web": "clear text'; DROP"})
