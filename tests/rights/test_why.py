"""Given somebody who may or may not see an entry, when it is asked why, then the words say so and are found by the resident."""

from __future__ import annotations

import re
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.workflows import consent
from tests.district import SPECIALIST, STRANGER, opened, who
from tests.rights.people import condition, patient, put_people, resident, restrict, sees
from tests.web.conftest import PASSWORD, Door, accounts, door

__all__ = ["accounts", "door"]
KEY = re.compile(r">\s*(?:web|me|privacy|why|access)\.[a-z-]+|\{[a-z_]+\}")


def ask(client: Any, person: str, entry: str, status: int = 200) -> str:
    answer = client.get("/privacy/why/", {"person": person, "entry": entry})
    assert answer.status_code == status, answer.content.decode()
    page = answer.content.decode()
    assert KEY.findall(page) == []
    return page


@pytest.fixture
def officer(door: Door) -> Any:
    """The privacy officer of Zhuxi and who guards the rules, with accounts."""
    from doorstep.web.accounts.models import Account

    put_people(door.store)
    door.post_to(("officer-zhuxi", "zhuxi", "auditor"))
    Account.objects.make("officer-zhuxi", PASSWORD, "Practitioner/officer-zhuxi")
    Account.objects.make("lijianguo", PASSWORD, patient())
    client = door.enter("officer-zhuxi")
    door.prove_factors()
    return client


def test_an_officer_reads_why_a_colleague_may_not_and_then_may(officer: Any, door: Door) -> None:
    entry = f"Condition/{condition(door.store)}"
    page = ask(officer, "hejing", entry)
    assert "当前不能查阅" in page and "竹溪镇卫生院" in page
    door.store.run(SYSTEM, lambda tx: tx.grant(resident=who().id, org=STRANGER.organization, level=2, reason="visit", source="Encounter/x"))
    assert "在本机构就诊" in ask(officer, "hejing", entry) and "当前可以查阅" in ask(officer, "hejing", entry)
    restrict(door.store, entry.partition("/")[2], "HIV")
    page = ask(officer, "hejing", entry)
    assert "当前不能查阅" in page
    assert "HIV" not in page, "what is restricted is not told"
    door.store.run(resident(), consent.refuse, resident=patient(), to=STRANGER.organization)
    assert "居民" in ask(officer, "hejing", patient())


def test_the_answer_is_what_the_rule_gives(officer: Any, door: Door) -> None:
    opened(door.store)
    guard = door.enter("wugang")
    door.prove_factors()
    entry = f"Condition/{condition(door.store)}"
    for person, actor in (("zhangmin", None), ("chenzhiyuan", SPECIALIST), ("hejing", STRANGER)):
        page = ask(guard, person, entry)
        assert ("当前可以查阅" in page) == (actor is None or sees(door.store, actor, entry)), person


def test_an_officer_asks_about_their_own_house_and_wrong_boxes_are_named(officer: Any) -> None:
    ask(officer, "zhangmin", patient(), 422)
    ask(officer, "", patient(), 422)
    ask(officer, "hejing", "nothing", 422)


def test_the_question_is_found_by_the_resident(officer: Any, door: Door) -> None:
    ask(officer, "hejing", patient())
    rows = door.store.engine.once("SELECT resident, query FROM audit WHERE account = 'officer-zhuxi' AND query LIKE 'why %'")
    assert rows == [(who().id, "why Practitioner/hejing")]
    assert "核对了某位同事的查阅依据" in door.enter("lijianguo").get("/me/readers/").content.decode()


def test_the_page_speaks_english_too(officer: Any, door: Door) -> None:
    entry = f"Condition/{condition(door.store)}"
    answer = officer.get("/privacy/why/", {"person": "hejing", "entry": entry}, headers={"accept-language": "en"})
    page = answer.content.decode()
    assert "May not see it now" in page and "has no current ground" in page


def test_a_resident_reads_whether_they_still_may(officer: Any, door: Door) -> None:
    opened(door.store)
    me = door.enter("lijianguo")
    entry = re.search(r'/me/readers/(d[0-9a-z-]{20,})/"', me.get("/me/readers/").content.decode())
    assert entry
    page = me.get(f"/me/readers/{entry[1]}/").content.decode()
    assert "现在是否仍可查阅" in page and "当前可以查阅" in page
    assert KEY.findall(page) == []
