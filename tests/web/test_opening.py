"""Given another system of the institution, when it opens a resident here, then it is found by number, and shows nobody more.

The other system is a second record behind our own SMART server, on a real socket.
"""

from __future__ import annotations

import re
import threading
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import RuleBroken
from doorstep.terms import documents
from doorstep.web.launched import states
from tests.district import DOCTOR, who
from tests.web.conftest import Door
from tests.web.other import NEW_NUMBER, Other, leads, main, other, path_of, registered, said, through
from tests.workflows.clinic import SHIQIAO

__all__ = ["other"]


def test_a_resident_is_opened_by_number_and_the_launch_shows_nobody_more(door: Door, other: Other) -> None:
    registered(door.store, other.iss, other.app.client_id)
    other.patient("zy-1", number=who(2).number, own="A1", name=who(2).name)
    button = path_of(other.button("zy-1"))
    nobody = door.client()
    assert nobody.get(button).headers["Location"].startswith("/sign-in/?next=%2Fopen%2Flaunch%2F%3Fiss%3D")
    here = door.enter("zhangmin")
    before = here.get(f"/r/{who(2).id}/").status_code
    back = path_of(other.agree(leads(here.get(button))))
    answer = here.get(back)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/r/{who(2).id}/")
    page = here.get(answer.headers["Location"])
    assert (before, page.status_code) == (404, 200)
    with door.store.snapshot(DOCTOR) as reads:
        assert reads.search("Encounter", [("patient", f"Patient/{who(2).id}")]) == []
        assert [each["code"] for each in reads.search("Condition", [("patient", f"Patient/{who(2).id}")])] == []
    assert [row[1] for row in door.rows("launch-asked")] == [200]
    assert door.rows("identify-number") or door.rows("search-type")
    (opened_,) = door.rows("launch-opened")
    assert opened_[:2] == ("zhangmin", 200) and "found=1" in opened_[2]
    said(here.get(back), "重新打开")  # used up
    assert [row[1] for row in door.rows("launch-refused")] == [422]


def test_an_answer_is_taken_only_by_the_browser_that_asked_and_only_once(door: Door, other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    registered(door.store, other.iss, other.app.client_id)
    other.patient("zy-1", number=who(2).number, name=who(2).name)
    here, victim = door.enter("zhangmin"), door.enter("liuyang")
    back = path_of(other.agree(leads(here.get(path_of(other.button("zy-1"))))))
    assert victim.get(back).status_code == 422
    assert door.enter("zhangmin").get(back).status_code == 422, "the same person in another browser did not ask"
    assert here.get(f"{back}&iss=http://evil.example").status_code == 422, "the answer of another issuer"
    late = path_of(other.agree(leads(here.get(path_of(other.button("zy-1"))))))
    monkeypatch.setattr(states, "real_now", lambda: 1 << 62)
    said(here.get(late), "用时过长")


def test_of_two_requests_that_bring_one_answer_at_once_one_goes_on(door: Door) -> None:
    """Both have read the browser's session before either has written it."""
    first = asking(door, {})
    state, pending = states.begin(first, system="s", token="t", issuer="")
    gate, found = threading.Barrier(2), []

    def bring(request: Any) -> None:
        gate.wait()
        try:
            found.append(states.take(request, state).verifier)
        except RuleBroken as refused:
            found.append(refused.key)

    threads = [threading.Thread(target=bring, args=[asking(door, first.session)]) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(found) == sorted([pending.verifier, "launch.no-state"])


def asking(door: Door, session: dict[str, Any]) -> Any:
    """A request of the doctor with a session as it was read."""
    return SimpleNamespace(session={**session}, sign_in=SimpleNamespace(account="zhangmin"), store=door.store, person=SimpleNamespace(actor=DOCTOR))


def test_who_is_not_here_is_registered_without_typing_and_known_by_its_number_afterwards(door: Door, other: Other) -> None:
    registered(door.store, other.iss, other.app.client_id)
    other.patient("zy-2", number=NEW_NUMBER, own="A2", name="何新来", birthDate="1962-07-04", telecom=[{"system": "phone", "value": "13800000001"}],
                  address=[{"text": "石桥镇一村"}])
    here = door.enter("zhangmin")
    form = through(here, other, "zy-2")
    said(form, "何新来", NEW_NUMBER, "1962-07-04", "13800000001", "石桥镇一村", "县医院 HIS")
    filled = main(form).partition("/desk/register/new/")[2]
    kept = {name: unescape(value) for name, value in re.findall(r'name="(own|number|name|born|phone|address)"[^>]*?value="([^"]*)"', filled)}
    assert set(kept) == {"own", "number", "name", "born", "phone", "address"}
    made = here.post("/desk/register/new/", {**kept, "document": "01"})
    assert made.status_code == 201, main(made)
    with door.store.snapshot(SYSTEM) as reads:
        (patient,) = reads.search("Patient", [("identifier", f"{documents.own_system(SHIQIAO)}|A2")])
    other.patient("zy-3", own="A2", name="何新来")
    assert through(here, other, "zy-3").headers["Location"] == f"/r/{patient['id']}/"
    forged = here.post("/desk/register/new/", {**kept, "number": "", "own": kept["own"][:-2]})
    assert forged.status_code == 422
    other.patient("zy-4", own="A2", number=who(2).number, name="何新来")
    said(through(here, other, "zy-4"), "分属不同的人", who(2).name, "何新来", f"/r/{patient['id']}/", f"/r/{who(2).id}/")
    other.patient("zy-5", number=who(2).number, name="别的名字")
    said(through(here, other, "zy-5"), "姓名不同", who(2).name)
    other.patient("zy-6", name=who(2).name)
    nobody = through(here, other, "zy-6")
    assert nobody.status_code == 404, "never by name"
    said(nobody, "未给出可用于查找的号码")
