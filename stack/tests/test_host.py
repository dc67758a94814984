from stack import host


def test_what_the_host_kept_is_a_share_of_all_cores_meanwhile(monkeypatch):
    monkeypatch.setattr(host, "host_times", lambda: (1_400, 700, 150))
    assert host.stolen_since((1_000, 500, 50)) == 0.25
