"""The form of a follow-up: what was asked and measured, read from its boxes and written as Encounter, Observations and
QuestionnaireResponse. Answers that nobody has given may stand as they stood the last time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Invalid, Issue
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import chronic, systems
from doorstep.terms.catalogue import analytes, reasons
from doorstep.terms.chronic import Found, Limits, Verdict
from doorstep.terms.policies import policy
from doorstep.terms.privacy import programmes
from doorstep.workflows.coordination import day
from doorstep.workflows.measure import quantity, read_number

Resource = dict[str, Any]

NUMBERS: Final = {
    "systolic": "8480-6", "diastolic": "8462-4", "pulse": "8867-4", "glucose": "14771-0", "weight": "29463-7",
    "creatinine": "14682-9",
}  # fmt: skip
"""Measured box -> LOINC."""
CODED: Final = {"adherence": "regular", "effects": "no", "complication": "no", "change": "same"}
"""Box with one coded answer -> what it says when nothing is wrong. Its codes are the reasons "chronic.<box>"."""
TEXTS: Final = ("change_note", "note")
QUESTIONS: Final = f"{systems.BASE}/Questionnaire/follow-up"
KIND: Final = f"{systems.BASE}/cs/encounter-kind"
FOLLOW_UP: Final = "follow-up"
PRESCRIBERS: Final = frozenset({"doctor", "specialist"})
_CLASSES: Final = {"clinic": "AMB", "home": "HH", "phone": "VR", "video": "VR"}
_LABORATORY: Final = frozenset({"glucose", "creatinine"})
_THOUSANDS: Final = frozenset({"glucose"})
"""Boxes in mmol/L whose limits are in umol/L."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One filled form. ``numbers`` are as typed, ``coded`` by box; ``danger`` and ``advice`` are codes."""

    way: str
    numbers: dict[str, Decimal] = field(default_factory=dict)
    coded: dict[str, str] = field(default_factory=dict)
    danger: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """What was measured, for a list: "152/94 8.1"."""
        pressure = [str(self.numbers[box]) for box in ("systolic", "diastolic") if box in self.numbers]
        glucose = [str(self.numbers["glucose"])] if "glucose" in self.numbers else []
        return " ".join(part for part in ("/".join(pressure), *glucose) if part)


def read(tx: Tx, data: Mapping[str, str], *, programme: str, last: Sheet | None) -> Sheet:
    """The boxes as a sheet; every box that is wrong is named. ``data["same"]``: open answers stand as the last time."""
    wrong: list[Issue] = []
    way = data.get("way", "")
    if way not in reasons("chronic.way"):
        wrong.append(Issue("error", "required", "chronic.how-met", {}, "way"))
    numbers = _numbers(tx, data, programme, wrong)
    coded = {}
    for box, usual in CODED.items():
        given = data.get(box, "") or (((last.coded.get(box) if last else "") or usual) if data.get("same") else "")
        if given not in reasons(f"chronic.{box}"):
            wrong.append(Issue("error", "required", "chronic.answer", {}, box))
        coded[box] = given
    if coded["change"] != "same" and data.get("change", "") == "":
        coded["change"] = "same"  # a change is made anew each time, never by "as last time"
    if coded["change"] not in ("same", "") and tx.actor.role not in PRESCRIBERS:
        wrong.append(Issue("error", "forbidden", "chronic.doctors-change", {}, "change"))
    if coded["change"] not in ("same", "") and not data.get("change_note", "").strip():
        wrong.append(Issue("error", "required", "chronic.change-which", {}, "change_note"))
    danger = _codes(data, "danger", chronic.dangers(programme), wrong)
    advice = _codes(data, "advice", reasons("chronic.advice"), wrong)
    if wrong:
        raise Invalid(wrong[0].key, issues=tuple(wrong))
    texts = {box: data[box].strip()[:500] for box in TEXTS if data.get(box, "").strip()}
    return Sheet(way, numbers, coded, danger, advice, texts)


def found(sheet: Sheet, *, age: int, pregnant: bool, before: str) -> Found:
    """The sheet as the engines take it."""
    numbers = sheet.numbers
    return Found(
        age, _whole(numbers.get("systolic")), _whole(numbers.get("diastolic")), numbers.get("glucose"),
        effects={"no": ""}.get(sheet.coded["effects"], sheet.coded["effects"]),
        complication={"no": ""}.get(sheet.coded["complication"], sheet.coded["complication"]),
        danger=sheet.danger, pregnant=pregnant, before=before,
    )  # fmt: skip


def limits(tx: Tx) -> Limits:
    """The limits in force."""
    today = day(tx.now)
    return Limits(**{name: policy(key, on=today, reads=tx).amount for name, key in chronic.KEYS.items()})


def write(tx: Tx, sheet: Sheet, *, resident: str, programme: str, verdict: Verdict, plan: str,
          on: date | None = None) -> tuple[str, str]:  # fmt: skip
    """Encounter, Observations and the answers; (reference of the answers, reference of the Encounter).

    ``plan`` is the CarePlan that asked for it ("CarePlan/x").
    """
    now, known = instant(moment_of(tx, on or day(tx.now))), programmes().get(programme)
    encounter = tx.create({
        "resourceType": "Encounter", "status": "finished",
        "class": {"system": systems.ACT_CODE, "code": _CLASSES[sheet.way]},
        "type": [{"coding": [{"system": KIND, "code": FOLLOW_UP}]}], "subject": {"reference": resident},
        "participant": [{"type": [{"coding": [{"system": systems.PARTICIPATION, "code": "PPRF"}]}],
                         "individual": {"reference": tx.actor.person}}],
        "period": {"start": now, "end": now}, "serviceProvider": {"reference": tx.actor.organization},
        **({"reasonCode": [{"coding": [known.concept.coding()], "text": known.concept.zh}]} if known else {}),
    })  # fmt: skip
    common = {"subject": {"reference": resident}, "encounter": {"reference": str(encounter.ref)},
              "effectiveDateTime": now, "performer": [{"reference": tx.actor.person}]}  # fmt: skip
    for each in _observations(sheet):
        tx.create({"resourceType": "Observation", "status": "final", **each, **common})
    answers = tx.create({
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": f"{QUESTIONS}-{programme}",
        **({"basedOn": [{"reference": plan}]} if plan else {}),
        "subject": {"reference": resident}, "encounter": {"reference": str(encounter.ref)}, "authored": now,
        "author": {"reference": tx.actor.person}, "item": _items(sheet, verdict, programme),
    })  # fmt: skip
    return str(answers.ref), str(encounter.ref)


def day_of(tx: Tx, data: Mapping[str, str]) -> date:
    """The day on which a follow-up took place: today, or an earlier one that a form names."""
    today, text = day(tx.now), data.get("on", "").strip()
    if not text:
        return today
    first = today - timedelta(days=policy("chronic.entered-late", on=today, reads=tx).amount)
    try:
        given = date.fromisoformat(text)
    except ValueError:
        given = date.max
    if not first <= given <= today:
        raise Invalid("chronic.bad-day", element="on", first=first.isoformat())
    return given


def moment_of(tx: Tx, on: date) -> int:
    """When a follow-up took place: now, or noon of an earlier day."""
    if on == day(tx.now):
        return tx.now
    return int(datetime.combine(on, time(12), HOME).timestamp()) * 1_000_000


def load(reads: Reads, reference: str) -> Sheet | None:
    """An earlier form, by the reference of its answers."""
    if not reference:
        return None
    target = Ref.parse(reference)
    if not reads.exists(target.type, target.id):
        return None
    return sheet_of(reads.read(target.type, target.id))


def sheet_of(answers: Resource) -> Sheet:
    """A QuestionnaireResponse of ours as a sheet."""
    numbers: dict[str, Decimal] = {}
    coded: dict[str, str] = {}
    many: dict[str, list[str]] = {"danger": [], "advice": []}
    texts: dict[str, str] = {}
    for item in answers.get("item", ()):
        name = item["linkId"]
        for answer in item.get("answer", ()):
            if name in NUMBERS:
                numbers[name] = Decimal(answer["valueDecimal"])
            elif name in many:
                many[name].append(_code(answer))
            elif name in TEXTS:
                texts[name] = str(answer["valueString"])
            elif name in CODED or name == "way":
                coded[name] = _code(answer)
    return Sheet(coded.pop("way", ""), numbers, coded, tuple(many["danger"]), tuple(many["advice"]), texts)


# -- inside


def _numbers(tx: Tx, data: Mapping[str, str], programme: str, wrong: list[Issue]) -> dict[str, Decimal]:
    """What was measured: with the digits as typed, within what a human body can show."""
    numbers: dict[str, Decimal] = {}
    for box in NUMBERS:
        text = data.get(box, "").strip()
        if not text:
            continue
        try:
            value = read_number(text, element=box)
        except Invalid as refusal:
            wrong += refusal.issues
            continue
        scale = 1000 if box in _THOUSANDS else 1
        low, high = (policy(f"chronic.usual.{box}.{end}", on=day(tx.now), reads=tx).amount for end in ("low", "high"))
        if not low <= value * scale <= high:
            said = {"given": text, "low": _plain(low, scale), "high": _plain(high, scale)}
            wrong.append(Issue("error", "value", "chronic.absurd", said, box))
        numbers[box] = value
    pressure = {"systolic", "diastolic"} & numbers.keys()
    lacking = {*chronic.measures(programme), *(("systolic", "diastolic") if pressure else ())} - numbers.keys()
    for box in NUMBERS:
        if box in lacking and not data.get(box, "").strip():
            wrong.append(Issue("error", "required", "chronic.measure", {}, box))
    if len(pressure) == 2 and numbers["systolic"] <= numbers["diastolic"]:
        wrong.append(Issue("error", "value", "chronic.absurd-pair", {}, "diastolic"))
    return numbers


def _plain(amount: int, scale: int) -> str:
    return str(Decimal(amount) / scale)


def _codes(data: Mapping[str, str], box: str, known: Mapping[str, Any], wrong: list[Issue]) -> tuple[str, ...]:
    given = tuple(data.get(box, "").split())
    if any(code not in known for code in given):
        wrong.append(Issue("error", "value", "chronic.answer", {}, box))
    return given


def _whole(value: Decimal | None) -> int | None:
    return None if value is None else int(value)


def _observations(sheet: Sheet) -> list[Resource]:
    known, found = analytes(), []
    pressure = [(code, sheet.numbers[box]) for box, code in list(NUMBERS.items())[:2] if box in sheet.numbers]
    if pressure:
        found.append({
            "category": [_category("vital-signs")], "code": {"coding": [{"system": systems.LOINC, "code": "85354-9"}]},
            "component": [_measured(known[code], value) for code, value in pressure],
        })  # fmt: skip
    for box, code in list(NUMBERS.items())[2:]:
        if box in sheet.numbers:
            kind = "laboratory" if box in _LABORATORY else "vital-signs"
            found.append({"category": [_category(kind)], **_measured(known[code], sheet.numbers[box])})
    return found


def _category(code: str) -> Resource:
    return {"coding": [{"system": systems.OBSERVATION_CATEGORY, "code": code}]}


def _measured(analyte: Any, value: Decimal) -> Resource:
    return {"code": {"coding": [analyte.concept.coding()]}, **quantity(analyte, value)}


def _items(sheet: Sheet, verdict: Verdict, programme: str) -> list[Resource]:
    items = [_item("way", [_coding("chronic.way", sheet.way)])]
    items += [_item(box, [{"valueDecimal": value}]) for box, value in sheet.numbers.items()]
    items += [_item(box, [_coding(f"chronic.{box}", code)]) for box, code in sheet.coded.items()]
    if sheet.danger:
        known = chronic.dangers(programme)
        items.append(_item("danger", [{"valueCoding": known[code].coding()} for code in sheet.danger]))
    if sheet.advice:
        items.append(_item("advice", [_coding("chronic.advice", code) for code in sheet.advice]))
    items += [_item(box, [{"valueString": text}]) for box, text in sheet.texts.items()]
    items.append(_item("control", [{"valueCoding": {"system": systems.ITEM, "code": verdict.control}}]))
    return [*items, _item("action", [{"valueCoding": {"system": systems.ITEM, "code": verdict.action}}])]


def _item(name: str, answers: list[Resource]) -> Resource:
    return {"linkId": name, "answer": answers}


def _coding(kind: str, code: str) -> Resource:
    return {"valueCoding": reasons(kind)[code].coding()}


def _code(answer: Resource) -> str:
    """The code of an answer, without the kind that stands before it in our system of reasons."""
    return str(answer["valueCoding"]["code"]).rpartition(".")[2]
