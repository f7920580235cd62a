"""Notes about a stay: written, read again, signed; what was signed stays, and a later word is a note of its own.

Composition (preliminary until it is signed) + coordinating Task, so that a note which nobody signs is somebody's work.
A note may quote results: they are named in it, the words stand in its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.workflows import narrative, stay
from doorstep.workflows.coordination import Case, begin, load, move, parts_played
from doorstep.workflows.table import Act, State, Table, needed

Resource = dict[str, Any]

TABLE: Final = Table(
    "ward-note", "ward.note", "Composition", ("writer", "ward"),
    (
        State("draft", "ward.note-draft", "requested", "preliminary", "ward", "ward-note.sign"),
        State("signed", "ward.note-signed", "completed", "final"),
        State("struck", "ward.note-struck", "cancelled", "entered-in-error"),
    ),
    (
        Act("write", "ward.note-write", "writer", (), "draft", ("text",), ("ward.stay-over", "ward.not-signed-yet")),
        Act("revise", "ward.note-revise", "ward", ("draft",), "draft", ("text",)),
        Act("sign", "ward.note-sign", "ward", ("draft",), "signed", (), ("ward.doctors-only",)),
        Act("strike", "ward.note-strike", "ward", ("draft",), "struck", ("reason",)),
    ),
    desk="ward",
)  # fmt: skip

KINDS: Final = {
    "admission": ("34117-2", "ward.kind-admission"), "progress": ("11506-3", "ward.kind-progress"),
    "rounds": ("28570-0", "ward.kind-rounds"), "nursing": ("34746-8", "ward.kind-nursing"),
    "addendum": ("55107-7", "ward.kind-addendum"), "summary": ("18842-5", "ward.kind-summary"),
}  # fmt: skip
"""What a note is: LOINC document type and message key."""
_KIND: Final = "ward-note.kind"
NURSING: Final = "nursing"


def write(
    tx: Tx, *, encounter: str, kind: str, text: str, quotes: Sequence[str] = (), appends: str = "",
    occurred: int | None = None,
) -> Stored:  # fmt: skip
    """A draft. ``quotes`` are the reports whose words it repeats; ``appends`` the signed note that it adds to."""
    act = TABLE.act("write")
    found = stay.running(tx, encounter)
    stay.only(tx, stay.CLINICIANS)
    needed(act, {"text": text})
    if kind not in KINDS:
        raise Invalid("ward.unknown-kind", element="kind", kind=kind)
    if appends and tx.read("Composition", Ref.parse(appends).id)["status"] == "preliminary":
        raise RuleBroken("ward.not-signed-yet", element="appends")
    return _draft(tx, act, found, "addendum" if appends else kind, text, quotes, appends, occurred)


def summary(tx: Tx, *, encounter: Resource, sections: Sequence[tuple[str, str]]) -> Stored:
    """The summary of a stay, signed as it is written: whoever discharges signs it. ``sections``: (box, text)."""
    composition = _composition(tx, encounter, "summary")
    composition |= {
        "status": "final", "attester": [_signature(tx)],
        "section": [{"code": {"coding": [{"system": systems.ITEM, "code": box}]}, "text": narrative.of_text(text)}
                    for box, text in sections if text.strip()],
    }  # fmt: skip
    return tx.create(composition)


def revise(tx: Tx, *, task: str, text: str) -> Stored:
    """Another wording of a draft."""
    act = TABLE.act("revise")
    case = _case(tx, task, act)
    needed(act, {"text": text})
    note = _note(tx, case)
    note["section"][0]["text"] = narrative.of_text(text)
    stored, _ = tx.update(note)
    return move(tx, case, act, also=(f"{stored.ref}/_history/{stored.version}",))


def sign(tx: Tx, *, task: str) -> Stored:
    """The note is final and stays so. A doctor signs what a doctor answers for, a nurse the nursing notes."""
    act = TABLE.act("sign")
    case = _case(tx, task, act)
    note = _note(tx, case)
    stay.only(tx, stay.CLINICIANS if kind_of(note) == NURSING else stay.DOCTORS)
    note |= {"status": "final", "attester": [_signature(tx)], "author": [{"reference": tx.actor.person}]}
    stored, _ = tx.update(note)
    return move(tx, case, act, also=(f"{stored.ref}/_history/{stored.version}",))


def strike(tx: Tx, *, task: str, reason: str) -> Stored:
    """A draft that should not have been begun."""
    act = TABLE.act("strike")
    case = _case(tx, task, act)
    needed(act, {"reason": reason})
    why = stay.coded("ward-note.strike", reason, "reason")
    stored, _ = tx.update({**_note(tx, case), "status": "entered-in-error"})
    return move(tx, case, act, reason=why, also=(f"{stored.ref}/_history/{stored.version}",))


def notes(reads: Reads, encounter: str) -> list[Resource]:
    """The notes of a stay, newest first, without those that were struck."""
    found = reads.search("Composition", [("encounter", f"Encounter/{encounter}"), ("_sort", "-date")])
    return [each for each in found if each["status"] != "entered-in-error"]


def kind_of(note: Resource) -> str:
    """progress, rounds ...; "" for a document that is none of ours."""
    codes = [coding["code"] for coding in note["type"].get("coding", ()) if coding.get("system") == systems.LOINC]
    return next((kind for kind, (loinc, _) in KINDS.items() if loinc in codes), "")


def text_of(note: Resource) -> str:
    """The words of a note."""
    return "\n".join(narrative.text_of(part["text"]) for part in note.get("section", ()) if "text" in part)


def sections_of(note: Resource) -> dict[str, str]:
    """Box -> text of a summary."""
    return {part["code"]["coding"][0]["code"]: narrative.text_of(part["text"])
            for part in note.get("section", ()) if "code" in part}  # fmt: skip


# -- inside


def _draft(
    tx: Tx, act: Act, encounter: Resource, kind: str, text: str, quotes: Sequence[str], appends: str,
    occurred: int | None,
) -> Stored:  # fmt: skip
    composition = _composition(tx, encounter, kind)
    part: Resource = {"text": narrative.of_text(text)}
    if quotes:
        part["entry"] = [{"reference": each} for each in quotes]
    composition["section"] = [part]
    if appends:
        composition["relatesTo"] = [{"code": "appends", "targetReference": {"reference": appends}}]
    if occurred is not None:
        composition["date"] = instant(occurred)
    stored = tx.create(composition)
    return begin(
        tx,
        TABLE,
        act,
        focus=str(stored.ref),
        resident=encounter["subject"]["reference"],
        asking=tx.actor.organization,
        asked=tx.actor.organization,
        encounter=f"Encounter/{encounter['id']}",
        text=f"{composition['title']} {composition['date'][:10]}",
        what=reasons(_KIND)[kind],
        occurred=occurred,
        also=(f"{stored.ref}/_history/{stored.version}",),
    )


def _composition(tx: Tx, encounter: Resource, kind: str) -> Resource:
    loinc, _ = KINDS[kind]
    known = reasons(_KIND)[kind]
    return {
        "resourceType": "Composition", "status": "preliminary",
        "type": {"coding": [{"system": systems.LOINC, "code": loinc}, known.coding()]},
        "subject": encounter["subject"], "encounter": {"reference": f"Encounter/{encounter['id']}"},
        "date": instant(tx.now), "author": [{"reference": tx.actor.person}], "title": known.zh,
        "custodian": {"reference": tx.actor.organization},
    }  # fmt: skip


def _signature(tx: Tx) -> Resource:
    return {"mode": "professional", "time": instant(tx.now), "party": {"reference": tx.actor.person}}


def _note(tx: Tx, case: Case) -> Resource:
    return tx.read("Composition", Ref.parse(case.task["focus"]["reference"]).id)


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    stay.only(tx, stay.CLINICIANS)
    return case
