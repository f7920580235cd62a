"""Given an institution's own codes, when they are mapped, then they mean ours from that day on, and two agree to another meaning."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from doorstep.demo.stage import actor
from doorstep.gateways.hl7v2 import inbound, senders
from doorstep.journeys import importing, result_feed
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Forbidden, Invalid, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import recognition
from doorstep.workflows import clinics, code_keeping, code_map
from doorstep.workflows.code_map import DEPARTMENTS, DRUGS, ITEMS, VALUES, Entry, Source
from doorstep.workflows.coordination import day
from doorstep.workflows.directory_sheet import rows_of
from tests.district import DOCTOR, LABORATORY, TECHNICIAN, task
from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url
from tests.gateways.test_hl7 import asked, message
from tests.workflows.clinic import MANAGER, SHIQIAO, tomorrow

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

SECOND = actor("linhua")
PHARMACIST = Actor("Practitioner/tianyu", "pharmacist", SHIQIAO, "TREAT", "tianyu")
KEEPER = Actor("Practitioner/wugang", "security-admin", "Organization/alliance", "HOPERAT", "wugang")


def entry(store: Store, kind: str, holder: str, code: str) -> Entry:
    with store.snapshot(SYSTEM) as reads:
        return code_map.entries(reads, Source(kind, holder))[code]


def meaning(store: Store, kind: str, holder: str, code: str, on: date) -> str | None:
    with store.snapshot(SYSTEM) as reads:
        return code_map.meaning(reads, kind, holder, code, on=on)


def test_a_code_means_what_was_said_from_its_day_and_another_clinical_meaning_needs_two(district: Store) -> None:
    today = day(district.clock.now())
    at = {"kind": DRUGS, "holder": SHIQIAO, "code": "YP01"}
    first, other = list(code_map.targets(DRUGS))[:2]
    assert district.run(PHARMACIST, code_keeping.mean, **at, ours=first, text="本院药") == "new"
    assert district.run(PHARMACIST, code_keeping.mean, **at, ours=first) == "same"
    assert meaning(district, DRUGS, SHIQIAO, "YP01", today) == first
    assert meaning(district, DRUGS, SHIQIAO, "YP01", today - timedelta(1)) is None, "not before its day"
    assert district.run(PHARMACIST, code_keeping.mean, **at, ours=other) == "changed"
    assert meaning(district, DRUGS, SHIQIAO, "YP01", today) == first, "the first holds until another agrees"
    with pytest.raises(RuleBroken) as refused:
        district.run(PHARMACIST, code_keeping.agree, **at)
    assert refused.value.key == "codes.second-person"
    district.run(MANAGER, code_keeping.disagree, **at)
    with pytest.raises(RuleBroken):
        district.run(MANAGER, code_keeping.agree, **at)
    later = (today + timedelta(3)).isoformat()
    district.run(PHARMACIST, code_keeping.mean, **at, ours=other, on=later)
    district.run(MANAGER, code_keeping.agree, **at)
    assert [meaning(district, DRUGS, SHIQIAO, "YP01", today + timedelta(n)) for n in (0, 2, 3)] == [first, first, other]
    with pytest.raises(RuleBroken) as refused:
        district.run(PHARMACIST, code_keeping.mean, **at, ours=first)
    assert refused.value.key == "codes.too-early"
    district.run(MANAGER, code_keeping.undo, **at)
    assert entry(district, DRUGS, SHIQIAO, "YP01").wanted == code_map.Row(first, today, None, MANAGER.person), "back needs two as well"
    with district.snapshot(SYSTEM) as reads:
        (kept,) = reads.search("ConceptMap", [("identifier", f"{code_map.OWN}|shiqiao.drugs")])
        assert len(reads.search("Provenance", [("target", f"ConceptMap/{kept['id']}")])) == int(kept["meta"]["versionId"])


def test_what_is_said_first_and_what_is_not_clinical_can_be_taken_back_at_once(district: Store) -> None:
    today = day(district.clock.now())
    at = {"kind": DEPARTMENTS, "holder": SHIQIAO, "code": "K7"}
    one, two = list(code_map.targets(DEPARTMENTS))[:2]
    for ours in (one, two):
        district.run(MANAGER, code_keeping.mean, **at, ours=ours)
    assert meaning(district, DEPARTMENTS, SHIQIAO, "K7", today) == two
    drug = {"kind": DRUGS, "holder": SHIQIAO, "code": "YP02"}
    district.run(PHARMACIST, code_keeping.mean, **drug, ours=next(iter(code_map.targets(DRUGS))))
    with pytest.raises(RuleBroken) as refused:
        district.run(MANAGER, code_keeping.undo, **drug)
    assert refused.value.key == "codes.undo-own", "else one person alone could give it another meaning"
    district.run(PHARMACIST, code_keeping.undo, **drug)
    assert meaning(district, DRUGS, SHIQIAO, "YP02", today) is None
    with pytest.raises(RuleBroken) as refused:
        district.run(PHARMACIST, code_keeping.undo, **drug)
    assert refused.value.key == "codes.nothing-to-undo"


REFUSED: list[tuple[Actor, dict[str, Any], type[Refusal], str]] = [
    (DOCTOR, {}, Forbidden, "codes.not-your-craft"), (PHARMACIST, {"holder": "Organization/hospital"}, Forbidden, "codes.own-only"),
    (PHARMACIST, {"ours": "nothing of the kind"}, Invalid, "codes.unknown-ours"), (PHARMACIST, {"code": "x" * 101}, Invalid, "codes.too-long"),
    (PHARMACIST, {"code": " "}, Invalid, "workflows.empty-box"), (PHARMACIST, {"kind": "none"}, Invalid, "codes.unknown-kind"),
    (PHARMACIST, {"holder": "LIS|LAB"}, Invalid, "codes.unknown-kind"), (PHARMACIST, {"on": "yesterday"}, Invalid, "directory.not-a-day"),
]  # fmt: skip


def test_whoever_does_not_keep_a_dictionary_and_what_cannot_be_is_refused(district: Store) -> None:
    right = {"kind": DRUGS, "holder": SHIQIAO, "code": "YP03", "ours": next(iter(code_map.targets(DRUGS)))}
    found = []
    for by, change, _, _ in REFUSED:
        with pytest.raises(Refusal) as refused:
            district.run(by, code_keeping.mean, **{**right, **change})
        found.append((type(refused.value), refused.value.key))
    assert found == [(kind, key) for _, _, kind, key in REFUSED]


def test_codes_of_messages_are_counted_found_in_the_laboratorys_own_dictionary_and_another_laboratory_maps_none(district: Store) -> None:
    senders.allow(district, "LIS|LAB", organization=LABORATORY)
    id_, number = asked(district)
    own = (("CREA", "82", "umol/L"), ("UREA", "5.40", "mmol/L"), ("14933-6", "266", "umol/L"))
    answers = [inbound.receive(district, message(number, own, control=f"M{n}", system="L", at=f"2026110108000{n}", status="F" if n else "C"), address="127.0.0.1") for n in range(2)]
    assert {each.key for each in answers} == {"lab.feed-unknown-code"}
    assert [entry(district, VALUES, "LIS|LAB", code).times for code in ("CREA", "UREA")] == [2, 2]
    with district.snapshot(SYSTEM) as reads:
        assert "14933-6" not in code_map.entries(reads, Source(VALUES, "LIS|LAB"))
    stranger = Actor("Practitioner/jiangbo", "technician", "Organization/hospital", "TREAT", "jiangbo")
    with pytest.raises(Forbidden):
        district.run(stranger, code_keeping.put, sender="LIS|LAB", code="CREA", loinc="14682-9")
    district.run(TECHNICIAN, code_keeping.mean, kind=VALUES, holder=LABORATORY, code="CREA", ours="14682-9")
    district.run(TECHNICIAN, code_keeping.put, sender="LIS|LAB", code="UREA", loinc="22664-7")
    assert answers[1].outcome
    district.run(TECHNICIAN, result_feed.replay, task=answers[1].outcome.task)
    assert task(district, id_)["businessStatus"]["coding"][0]["code"] == "reported"


def test_lists_name_items_and_specialties_by_the_institutions_own_codes(district: Store) -> None:
    today = day(district.clock.now())
    rows = rows_of(f"item,yuan,since,institution\nSGN01,60,{today},\nSGN02,5,{today},\n".encode(), "prices")
    rows = [{**row, "institution": _name(district)} for row in rows]
    for _ in range(2):
        assert {line.outcome for line in importing.apply(district, KEEPER, what="prices", rows=rows)} == {"wrong"}
    assert [entry(district, ITEMS, SHIQIAO, code).times for code in ("SGN01", "SGN02")] == [2, 2]
    importing.preview(district, KEEPER, what="prices", rows=rows)
    assert entry(district, ITEMS, SHIQIAO, "SGN01").times == 2, "a preview counts nothing"
    sheet = rows_of("本院代码,字典,本院名称,对应\nSGN01,检验检查项目,肾功,RFT\nSGN02,项目,旧项目,-\nK7,科室,内分泌,endocrinology\nYP9,药品,阿司匹林肠溶片,\nK8,科室,x,none such\nK9,nothing,x,\n".encode(), "codes")
    seen = importing.preview(district, MANAGER, what="codes", rows=sheet)
    assert [line.outcome for line in seen] == ["new", "new", "new", "new", "wrong", "wrong"]
    assert [line.problems[0].key for line in seen[4:]] == ["codes.unknown-ours", "codes.unknown-kind"]
    for expected in ("new", "same"):
        assert [line.outcome for line in importing.apply(district, MANAGER, what="codes", rows=sheet[:4])] == [expected] * 4
    done = importing.apply(district, KEEPER, what="prices", rows=rows)
    assert [(line.outcome, [issue.key for issue in line.problems]) for line in done] == [("new", []), ("wrong", ["codes.not-used"])]
    with district.snapshot(SYSTEM) as reads:
        assert recognition.price(reads, SHIQIAO, "RFT", today) == 6000
        doctor = reads.read("Practitioner", "zhangmin")["identifier"][0]["value"]
    week = rows_of(f"门诊,专科,医生工号,星期,开始,结束,每号分钟\n慢病,K7,{doctor},{tomorrow(district).isoweekday()},8:00,10:00,15\n".encode(), "clinics")
    assert [line.outcome for line in importing.apply(district, MANAGER, what="clinics", rows=week)] == ["new"]
    with district.snapshot(SYSTEM) as reads:
        assert "慢病" in [each["name"] for each in clinics.clinics(reads, SHIQIAO)]


def test_of_two_who_map_codes_of_one_map_at_once_neither_is_lost(district: Store) -> None:
    gate, wrong = threading.Barrier(2), []
    one, two = list(code_map.targets(DEPARTMENTS))[:2]

    def go(code: str, ours: str) -> Callable[[], None]:
        def run() -> None:
            gate.wait()
            try:
                district.run(MANAGER, code_keeping.mean, kind=DEPARTMENTS, holder=SHIQIAO, code=code, ours=ours)
            except Refusal as refused:
                wrong.append(refused)

        return run

    threads = [threading.Thread(target=go(*each)) for each in (("A", one), ("B", two))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
    assert [meaning(district, DEPARTMENTS, SHIQIAO, code, day(district.clock.now())) for code in ("A", "B")] == [one, two]


def _name(store: Store) -> str:
    with store.snapshot(SYSTEM) as reads:
        return str(reads.read("Organization", "shiqiao")["name"])


def test_ours_are_suggested_by_equal_code_name_and_initials_and_by_nothing_less() -> None:
    assert [each.code for each in code_map.suggest(ITEMS, "RFT", "")] == ["RFT"]
    assert [each.code for each in code_map.suggest(ITEMS, "X1", code_map.targets(ITEMS)["RFT"].zh)] == ["RFT"]
    assert [each.code for each in code_map.suggest(ITEMS, code_map.targets(ITEMS)["RFT"].short, "")] == ["RFT"]
    assert code_map.suggest(ITEMS, "X1", "功能") == []
