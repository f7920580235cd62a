"""Given a resident whom three houses have seen, when somebody opens their history, then it is told within their rights."""

from __future__ import annotations

import re

from doorstep.kernel import restricted
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.web.accounts.models import Account
from doorstep.web.history import episodes
from doorstep.web.history.asked import Asked, asked
from doorstep.web.lists import Names
from tests.district import DOCTOR, LABORATORY, opened, sent, who
from tests.web.conftest import PASSWORD, Door

HERE = f"/r/{who().id}/"
DAY = 86_400_000_000
HOSPITAL_HAND = Actor("Device/doorstep", "administrator", "Organization/hospital", "HOPERAT", "demo")


def many(tx: Tx, number: int) -> None:
    """Visits of a year and more, each with a report and a drug, every fifth cancelled."""
    subject = {"reference": f"Patient/{who().id}"}
    for place in range(number):
        at = instant(tx.now - (place + 1) * 10 * DAY)
        over = place % 5 == 4
        seen = {"resourceType": "Encounter", "status": "cancelled" if over else "finished", "subject": subject,
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "period": {"start": at, "end": at}, "reasonCode": [{"text": f"第{place}次"}],
                "serviceProvider": {"reference": "Organization/shiqiao"}}
        encounter = {"reference": str(tx.create(seen).ref)}
        high = [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "H"}]}]
        value = tx.create({"resourceType": "Observation", "status": "final", "subject": subject, "encounter": encounter,
                           "effectiveDateTime": at, "code": {"coding": [{"system": "http://loinc.org", "code": "14682-9"}]},
                           "valueQuantity": {"value": 100 + place, "unit": "umol/L"},
                           **({"interpretation": high} if place % 2 else {})})
        tx.create({"resourceType": "DiagnosticReport", "status": "corrected" if place == 1 else "final", "subject": subject,
                   "encounter": encounter, "effectiveDateTime": at, "performer": [{"reference": LABORATORY}],
                   "code": {"text": "肾功能"}, "result": [{"reference": str(value.ref)}]})
        tx.create({"resourceType": "MedicationRequest", "status": "completed", "intent": "order", "subject": subject,
                   "encounter": encounter, "authoredOn": at, "medicationCodeableConcept": {"text": "氨氯地平"}})


def secret(tx: Tx) -> None:
    """One entry that its resident wished to be restricted."""
    sign = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PRS"}
    tx.create({"resourceType": "Condition", "meta": {"security": [sign]}, "subject": {"reference": f"Patient/{who().id}"},
               "code": {"text": "不可说"}})


def walked(store: Store, actor: Actor, question: Asked) -> list[episodes.Row]:
    """Every row, page after page."""
    found: list[episodes.Row] = []
    with store.snapshot(actor, audited=False) as reads:
        while True:
            page = episodes.read(reads, who().id, question, names=Names(reads), now=store.clock.now())
            found += page.rows
            if not page.next:
                return found
            question = asked(dict(re.findall(r"(\w+)=([^&]+)", page.next.replace("%3A", ":").replace("%2B", "+"))))


def test_a_history_is_told_by_episodes_page_after_page(district: Store) -> None:
    encounter = opened(district)
    sent(district, encounter)
    district.run(DOCTOR, many, 60)
    short, whole = walked(district, DOCTOR, Asked()), walked(district, DOCTOR, Asked(whole=True))
    for rows in (short, whole):
        assert len({row.id for row in rows}) == len(rows)
        assert [row.key for row in rows] == sorted((row.key for row in rows), reverse=True)
        assert not any(row.over for row in rows)
    titles = {row.title for row in whole}
    assert {f"第{place}次" for place in range(60) if place % 5 != 4} <= titles and "第59次" not in titles
    assert "第58次" not in {row.title for row in short}, "older than twelve months"
    assert len([row for row in walked(district, DOCTOR, Asked(whole=True, cancelled=True)) if row.over]) == 12
    assert {row.kind for row in short} >= {"history.visit", "workflows.referral"}
    off = walked(district, DOCTOR, Asked(whole=True, abnormal=True))
    assert off and all(row.abnormal for row in off)
    first = next(row for row in whole if row.title == "第1次")
    assert {line.note for line in first.lines} >= {"history.corrected"}
    lanes = {lane: walked(district, DOCTOR, Asked(lane=lane)) for lane in ("visits", "laboratory", "imaging", "drugs", "referral", "follow-up")}
    assert all(lanes[lane] for lane in ("visits", "laboratory", "drugs", "referral"))
    mine = walked(district, DOCTOR, Asked(mine=True))
    assert encounter in {row.id for row in mine} and len(mine) < len(short)


def test_what_a_reader_may_not_see_is_a_number_with_a_road(district: Store) -> None:
    opened(district)
    district.run(HOSPITAL_HAND, secret)
    with district.snapshot(SYSTEM, audited=False) as reads:
        hidden = {name: restricted.hidden(reads, resident=who().id, actor=actor)
                  for name, actor in (("doctor", DOCTOR), ("administrator", SYSTEM))}
    assert hidden == {"doctor": 1, "administrator": 0}


def test_pages_of_a_history(door: Door) -> None:
    store = door.store
    encounter = opened(store)
    store.run(HOSPITAL_HAND, secret)
    store.run(DOCTOR, many, 30)
    doctor, stranger = door.enter("zhangmin"), door.enter("hejing")
    text = doctor.get(HERE).content.decode()
    assert "不可说" not in text and f"{HERE}emergency/" in text and "已隐藏" in text
    assert len(text.encode()) < 60_000
    following = re.findall(r'hx-get="(\?[^"]*before[^"]+)"', text)[0].replace("&amp;", "&")
    rows = doctor.get(HERE + following, headers={"HX-Request": "true"}).content.decode()
    assert "<li" in rows and "<html" not in rows
    for address in (f"{HERE}?trend=14682-9", f"{HERE}?lane=laboratory", f"{HERE}?all=1&abnormal=1&mine=1&own=1&cancelled=1",
                    f"{HERE}?before=nonsense&lane=nonsense", f"/p/record/{who().id}/", f"{HERE}Encounter/{encounter}/"):
        assert doctor.get(address).status_code == 200, address
    assert doctor.get(f"{HERE}?trend=nothing").status_code == 404
    assert doctor.get(f"/r/{who(1).id}/Encounter/{encounter}/").status_code == 404
    assert stranger.get(HERE).status_code == 404 and stranger.get(f"{HERE}Encounter/{encounter}/").status_code == 404
    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    mine = door.enter("resident").get("/me/record/").content.decode()
    assert "我的健康档案" in mine and "第0次" in mine
