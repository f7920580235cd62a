"""Given open pages that ask again and again, then memory answers; and whoever may no longer ask hears so at once."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from doorstep.kernel import pulse
from doorstep.kernel.access import SYSTEM
from doorstep.web import quick
from tests.district import opened, ordered, sent
from tests.web.conftest import Door


class Terminal:
    """An open list of one person: asks as its page does, and counts how often a page was needed for the answer."""

    def __init__(self, door: Door, account: str, name: str = "orders") -> None:
        from django.core.handlers.wsgi import WSGIHandler

        self.door, self.pages, self.headers = door, 0, {}
        django = WSGIHandler()

        def counting(environ: dict[str, Any], start: Any) -> Any:
            self.pages += 1
            return django(environ, start)

        self.quick = quick.Quick(counting, door.store)
        client = door.enter(account)
        page = client.get(f"/w/{name}/").content.decode()
        self.cookie = "; ".join(f"{key}={each.value}" for key, each in client.cookies.items())
        self.list = re.search(r'data-poll="(/w/[^"]+)"', page)[1].replace("&amp;", "&")  # type: ignore[index]
        self.tag = '"' + re.search('data-tag="([0-9a-f]+)"', page)[1] + '"'  # type: ignore[index]

    def ask(self, address: str = "") -> int:
        path, _, query = (address or self.list).partition("?")
        said: dict[str, Any] = {}

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> None:
            said.update(status=int(status[:3]), headers=headers)

        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": query, "HTTP_COOKIE": self.cookie,
            "HTTP_HOST": "localhost", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.input": io.BytesIO(),
            "wsgi.url_scheme": "http", "HTTP_HX_REQUEST": "true", "HTTP_IF_NONE_MATCH": self.tag if "now" in path else "",
            "doorstep.store": self.door.store, "doorstep.demo": False,
        }  # fmt: skip
        list(self.quick(environ, start))
        self.headers = dict(said["headers"])
        return 302 if "HX-Redirect" in self.headers else int(said["status"])


def test_a_page_that_asks_in_vain_is_answered_from_memory_until_something_of_its_own_is_written(door: Door) -> None:
    encounter = opened(door.store)
    ordered(door.store, encounter)
    terminal = Terminal(door, "wanglei")
    first = [(terminal.ask(each), terminal.headers) for each in ("", "/now/?shown=")]
    again = [(terminal.ask(each), terminal.headers) for each in ("", "/now/?shown=") for _ in range(3)]
    assert ([status for status, _ in first], terminal.pages) == ([204, 304], 2)
    assert again == [first[0]] * 3 + [first[1]] * 3, "word for word what the page answered, its headers too"
    assert "Content-Security-Policy" in terminal.headers
    sent(door.store, encounter)
    assert (terminal.ask(), terminal.pages) == (204, 2), "a referral to the hospital is nothing to the laboratory"
    assert (terminal.ask("/now/?shown="), terminal.pages) == (304, 3), "it may alarm somebody: asked again"
    ordered(door.store, encounter, priority="urgent")
    assert (terminal.ask(), terminal.pages) == (200, 4)


def test_what_the_hour_decides_is_asked_again_in_the_next_minute(door: Door) -> None:
    ordered(door.store, opened(door.store))
    terminal = Terminal(door, "wanglei")
    late = "/w/orders/?state=late&shown="
    assert [terminal.ask(late) for _ in range(3)] == [204] * 3 and terminal.pages == 1
    door.store.clock.advance(3 * 86_400_000_000)
    assert terminal.ask(late) == 200


def _changed(door: Door, kind: str, **members: Any) -> None:
    with door.store.snapshot(SYSTEM) as reads:
        found = reads.search(kind, [("practitioner", "Practitioner/wanglei")] if kind != "Practitioner" else
                             [("_id", "wanglei")])  # fmt: skip
    for each in found:
        door.store.run(SYSTEM, lambda tx, each=each: tx.update({**each, **members}))


PORTER = [{"coding": [{"system": "urn:x", "code": "porter"}]}]
REVOKED: dict[str, Any] = {
    "signed out everywhere": (lambda door: door.store.sessions.end_all("wanglei"), 302),
    "dismissed": (lambda door: _changed(door, "PractitionerRole", active=False), 302),
    "another role": (lambda door: _changed(door, "PractitionerRole", code=PORTER), 302),
    "set inactive": (lambda door: _changed(door, "Practitioner", active=False), 302),
    "nobody there for long": (lambda door: door.age("seen", 24 * 60), 401),
    "run out": (lambda door: door.age("expires", 48 * 60), 302),
}


@pytest.mark.parametrize("how", list(REVOKED))
def test_whose_right_has_ended_hears_so_at_the_next_question(
    door: Door, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal, (revoke, heard) = Terminal(door, "wanglei"), REVOKED[how]
    asked = ("", "/now/?shown=")
    assert [terminal.ask(each) for each in asked] == [terminal.ask(each) for each in asked] == [204, 304]
    revoke(door)
    assert [terminal.ask(each) for each in asked] == [heard, heard]
    if how in ("nobody there for long", "run out"):  # the row is still there: the control is what looks at its moments
        monkeypatch.setattr(quick.Quick, "_holds", lambda self, known, sign_in: True)
        assert [terminal.ask(each) for each in asked] == [204, 304]


def test_the_trial_sees_what_memory_alone_would_say(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without the number of the staff's changes, who is dismissed is still answered."""
    terminal = Terminal(door, "wanglei")
    terminal.ask()
    monkeypatch.setattr(pulse, "_STAFF", frozenset())
    _changed(door, "PractitionerRole", active=False)
    assert terminal.ask() == 204
