"""Given a prescription, when it is signed, then only what fits is, and what asks for a reason has one in the record."""

from dataclasses import replace
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Invalid, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.terms import formulary
from doorstep.terms.formulary import ASK, REFUSE
from doorstep.workflows import identity, prescription, suitability, visit
from doorstep.workflows.prescription import Written
from doorstep.workflows.suitability import Facts
from doorstep.workflows.table import CLOCK
from tests.district import DOCTOR, STRANGER, opened, task, who
from tests.spec.test_every_act import BYSTANDER, put_into, tried

PHARMACIST = Actor("Practitioner/mali", "pharmacist", "Organization/shiqiao", "TREAT", "mali")
NURSE = Actor("Practitioner/wangfang", "nurse", "Organization/shiqiao", "TREAT", "wangfang")
LIMITS = {"items": 5, "ordinary": 7, "emergency": 3, "psychotropic2": 7, "confirm": 28, "long": 84}
KNOWN = Facts(67, "male", (), ("I10",), diagnosed=True, taking=(), title="intermediate", emergency=False, limits=LIMITS)

CASES: list[tuple[str, list[Written], dict[str, Any], list[tuple[str, str]]]] = [
    ("fits", [Written("PARA05")], {}, []),
    ("no diagnosis", [Written("PARA05")], {"diagnosed": False, "icd": ()}, [(REFUSE, "needs-diagnosis")]),
    ("allergy", [Written("AMOX05")], {"allergies": ("青霉素",)}, [(REFUSE, "allergy")]),
    ("cross allergy", [Written("CEFU025")], {"allergies": ("青霉素",)}, [(ASK, "cross-allergy")]),
    ("other allergy", [Written("AMOX05")], {"allergies": ("花生",)}, []),
    ("over seven days", [Written("AMLO5", days="28")], {}, [(ASK, "over-days")]),
    ("over four weeks", [Written("AMLO5", days="56")], {}, [(REFUSE, "confirm-long")]),
    ("over four weeks, confirmed", [Written("AMLO5", days="56")], {"confirmed": True}, [(ASK, "over-days")]),
    ("over twelve weeks", [Written("AMLO5", days="85")], {"confirmed": True}, [(REFUSE, "too-long")]),
    ("antimicrobial for long", [Written("AMOX05", days="30")], {"confirmed": True}, [(REFUSE, "not-for-long")]),
    ("second class", [Written("ESTA1", days="8")], {}, [(REFUSE, "controlled-days")]),
    ("second class, a week", [Written("ESTA1", days="7")], {}, []),
    ("emergency", [Written("PARA05", days="5")], {"emergency": True}, [(ASK, "over-days")]),
    ("narcotic", [Written("MORP10")], {}, [(REFUSE, "narcotic")]),
    ("special grade", [Written("LINE06")], {"title": "senior"}, [(REFUSE, "special-antimicrobial")]),
    ("restricted by a junior", [Written("CEFI01")], {"title": "junior"}, [(REFUSE, "no-right")]),
    ("restricted by an intermediate", [Written("CEFI01")], {}, []),
    ("unrestricted without a title", [Written("AMOX05")], {"title": ""}, [(REFUSE, "no-right")]),
    ("single dose", [Written("PARA05", dose="1.5", frequency="qd")], {}, [(ASK, "over-single")]),
    ("daily dose", [Written("PARA05", dose="1", frequency="tid")], {}, [(ASK, "over-daily")]),
    ("too young", [Written("LEVO05")], {"age": 12}, [(REFUSE, "too-young")]),
    ("other sex", [Written("TAMS02", days="7")], {"sex": "female"}, [(REFUSE, "other-sex")]),
    ("pregnancy", [Written("VALS80", days="7")], {"icd": ("Z34.9",)}, [(REFUSE, "pregnancy")]),
    ("contraindicated", [Written("METF05", days="7")], {"icd": ("N18.5",)}, [(REFUSE, "contraindicated")]),
    ("with care", [Written("METF05", days="7")], {"icd": ("N18.3",)}, [(ASK, "contraindicated")]),
    ("twice", [Written("PARA05"), Written("PARA05")], {}, [(REFUSE, "twice")]),
    ("same group", [Written("ATOR20", days="7"), Written("AMLO5", days="7"), Written("NIFE30", days="7")], {}, [(ASK, "same-group")]),
    ("interaction", [Written("VALS80", days="7"), Written("SPIR20", days="7")], {}, [(ASK, "interacts")]),
    ("with what is taken", [Written("IBUP03")], {"taking": (("B01AA03", "华法林"),)}, []),
    ("still has", [Written("AMLO5", days="7")], {"taking": (("C08CA01", "氨氯地平"),)}, [(ASK, "still-has")]),
    ("taken interacts", [Written("VALS80", days="7")], {"taking": (("C09AA02", "依那普利"),)}, [(ASK, "interacts")]),
    ("six drugs", [Written(code, days="3") for code in ("PARA05", "AMBR30", "LORA10", "OMEP20", "AMLO5", "METF05")], {}, [(REFUSE, "too-many")]),
]


@pytest.mark.parametrize(("lines", "more", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_rule_of_the_desk_finds_what_it_is_for(lines: list[Written], more: dict[str, Any], found: list[tuple[str, str]]) -> None:
    made = suitability.findings(prescription.read(lines), replace(KNOWN, **more))
    assert [(each.level, each.key.removeprefix("prescription.")) for each in made] == found


@pytest.mark.parametrize(("line", "box"), [
    (Written("NONE"), "drugs"), (Written("PARA05", dose="x"), "dose.PARA05"), (Written("PARA05", dose="0"), "dose.PARA05"),
    (Written("PARA05", days="1.5"), "days.PARA05"), (Written("PARA05", days="0"), "days.PARA05"),
    (Written("PARA05", route="?"), "route.PARA05"), (Written("PARA05", frequency="?"), "frequency.PARA05"),
    (Written("PARA05", why="?"), "why.PARA05"),
])  # fmt: skip
def test_what_cannot_be_read_names_its_box(line: Written, box: str) -> None:
    with pytest.raises(Invalid) as refused:
        prescription.read([line])
    assert refused.value.elements == (box,)


@pytest.mark.parametrize(("line", "pieces"), [
    (Written("PARA05", dose="0.5", frequency="tid", days="3"), 9), (Written("HCTZ25", dose="12.5", days="7"), 4),
    (Written("NITR05", frequency="st", days="3"), 1), (Written("ORS3", dose="1", frequency="qod", days="3"), 2),
])  # fmt: skip
def test_pieces_are_counted_up(line: Written, pieces: int) -> None:
    assert prescription.read([line])[0].pieces == pieces


def written(store: Store, *lines: Written, encounter: str = "") -> list[str]:
    def sign(tx: Tx) -> list[str]:
        visit = tx.read("Encounter", encounter or opened(store))
        known = prescription.facts(tx, visit=visit, diagnoses=("I10",), diagnosed=True, now=tx.now)
        return [each.id for each in prescription.sign(tx, visit=visit, lines=prescription.read(lines), known=replace(known, allergies=(), taking=(), icd=("I10",)))]

    return store.run(DOCTOR, sign)


def test_a_line_is_dispensed_by_a_pharmacist_of_the_institution_alone(district: Store) -> None:
    encounter = opened(district)
    first, second = written(district, Written("AMLO5", why="chronic"), Written("PARA05"), encounter=encounter)
    for wrong in (DOCTOR, Actor("Practitioner/mali", "pharmacist", "Organization/hospital", "TREAT", "mali"), STRANGER):
        with pytest.raises(Refusal) as refused:
            district.run(wrong, prescription.dispense, task=first)
        assert refused.value.status in (403, 404)
    with district.snapshot(DOCTOR) as reads:
        request = reads.read("MedicationRequest", task(district, first)["focus"]["reference"].partition("/")[2])
        other = reads.read("MedicationRequest", task(district, second)["focus"]["reference"].partition("/")[2])
        issues = reads.search("DetectedIssue", [("patient", request["subject"]["reference"])])
    assert request["groupIdentifier"] == other["groupIdentifier"]
    assert (request["dispenseRequest"]["quantity"]["value"], request["status"]) == (28, "active")
    (issue,) = issues
    assert issue["implicated"] == [{"reference": f"MedicationRequest/{request['id']}"}]
    assert issue["mitigation"][0]["action"]["coding"][0]["code"] == "prescription.override.chronic"
    district.run(PHARMACIST, prescription.dispense, task=first)
    district.run(PHARMACIST, prescription.give_back, task=second, reason="dose")
    with pytest.raises(Conflict):
        district.run(PHARMACIST, prescription.dispense, task=second)
    with pytest.raises(Invalid):
        district.run(DOCTOR, prescription.confirm, task=second, note=" ")
    district.run(DOCTOR, prescription.confirm, task=second, note="已核对体重")
    district.run(DOCTOR, prescription.withdraw, task=second, reason="changed")
    states = [task(district, each)["businessStatus"]["coding"][0]["code"] for each in (first, second)]
    assert states == ["dispensed", "withdrawn"]
    with district.snapshot(DOCTOR) as reads:
        assert reads.read("MedicationRequest", other["id"])["status"] == "cancelled"


def test_what_nobody_fetches_on_its_day_lapses(district: Store) -> None:
    (line,) = written(district, Written("PARA05"))
    district.advance_clock(49 * 3_600_000_000)
    found = task(district, line)
    assert (found["businessStatus"]["coding"][0]["code"], found["status"]) == ("lapsed", "failed")


def test_a_sheet_that_does_not_fit_writes_nothing(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(RuleBroken) as refused:
        written(district, Written("PARA05"), Written("MORP10"), encounter=encounter)
    assert refused.value.elements == ("drug.MORP10",)
    assert formulary.drugs()["MORP10"].control == "narcotic"
    with pytest.raises(RuleBroken) as refused:
        written(district, Written("AMLO5"), encounter=encounter)
    assert [each.key for each in refused.value.issues] == ["prescription.over-days"]


def test_every_act_in_every_state_by_every_hand(district: Store) -> None:
    """The table alone says what is done; a colleague of another role is refused before the moment is looked at."""
    encounter = opened(district)
    (line,) = written(district, Written("PARA05"), encounter=encounter)
    identity.by_number(district, BYSTANDER, number=who().number)
    district.run(BYSTANDER, visit.open_visit, resident=f"Patient/{who().id}", complaint="x", presence="identity")
    commands: dict[str, Any] = {
        "dispense": lambda tx: prescription.dispense(tx, task=line),
        "return": lambda tx: prescription.give_back(tx, task=line, reason="dose"),
        "confirm": lambda tx: prescription.confirm(tx, task=line, note="x"),
        "withdraw": lambda tx: prescription.withdraw(tx, task=line, reason="mistake"),
    }
    hands = {"prescriber": DOCTOR, "pharmacy": PHARMACIST, "nurse": NURSE, "bystander": BYSTANDER, "stranger": STRANGER}
    wrong = []
    for state in prescription.TABLE.states:
        district.run(SYSTEM, put_into, prescription.TABLE, line, state.code)
        for act in prescription.TABLE.acts:
            if not act.source or act.who == CLOCK:
                continue
            for hand, actor in hands.items():
                right = "done" if state.code in act.source else "wrong-state"
                expected = "not-found" if hand == "stranger" else right if hand == act.who else "forbidden"
                found = tried(district, actor, lambda tx, task, act=act: commands[act.code](tx), line)
                if found != expected:
                    wrong.append((state.code, act.code, hand, found, expected))
    assert wrong == []
