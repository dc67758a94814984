"""Throw-away containers: bare, on no network unless told, their failure told in their own words, never left behind."""

import pytest
from stack.engine import Absent

from drills import aside


class Paper:
    """An engine that knows containers by name; each ends with `status` and has said `said`."""

    def __init__(self, monkeypatch, status=0, said="done\r\n"):
        self.there: dict[str, dict] = {}
        self.status, self.said = status, said
        for name in ("api", "post", "text"):
            monkeypatch.setattr(aside, name, getattr(self, name))

    def api(self, path: str, method: str) -> None:
        assert method == "DELETE"
        if self.there.pop(path.split("/")[2].split("?")[0], None) is None:
            raise Absent("No such container")

    def post(self, path: str, body: dict | None = None) -> dict | None:
        if path.startswith("/containers/create?name="):
            name = path.partition("=")[2]
            assert name not in self.there, "that name is taken"
            self.there[name] = body
            return {"Id": name}
        return {"StatusCode": self.status} if path.endswith("/wait") else None

    def text(self, path: str) -> str:
        assert path.split("/")[2] in self.there, "gone before it was asked"
        return self.said


def test_what_it_says_is_given_back_and_nothing_is_left(monkeypatch):
    engine = Paper(monkeypatch)
    assert aside.run("rules", ["true"]) == "done"
    assert not engine.there


def test_a_failure_is_told_in_its_own_words_and_nothing_is_left(monkeypatch):
    engine = Paper(monkeypatch, 4, "iptables: Permission denied\r\n")
    with pytest.raises(AssertionError, match="'rules' of the drill ended with 4: iptables: Permission denied"):
        aside.run("rules", ["true"])
    assert not engine.there


def test_one_that_a_killed_drill_has_left_goes_first(monkeypatch):
    engine = Paper(monkeypatch)
    aside.start("slow", ["old"])
    aside.start("slow", ["new"])
    assert [body["Cmd"] for body in engine.there.values()] == [["new"]]
    aside.remove("slow")
    aside.remove("slow")
    assert not engine.there


def test_it_has_no_privilege_and_no_network_but_what_it_is_given(monkeypatch):
    engine = Paper(monkeypatch)
    aside.start("slow", ["sleep"])
    aside.start("rules", ["sh"], user="0", NetworkMode="container:abc", CapAdd=["NET_ADMIN"])
    bare, given = (body["HostConfig"] for body in engine.there.values())
    assert (bare["CapDrop"], bare["NetworkMode"], bare["ReadonlyRootfs"]) == (["ALL"], "none", True)
    assert "CapAdd" not in bare
    assert (given["CapDrop"], given["CapAdd"], given["NetworkMode"]) == (["ALL"], ["NET_ADMIN"], "container:abc")
