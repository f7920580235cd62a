"""The signed note of a visit: a Composition whose sections are the parts of the page (R4 Composition).

What was signed is never overwritten: an addition is a Composition of its own that appends to it, a correction is its
next version with a reason, and the version before can be read beside it. After the day on which an outpatient record
is archived it can only be added to (病历书写 and 病历管理 rules; the day is a policy).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape, unescape
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.terms.visit_forms import BOXES
from doorstep.workflows.coordination import attest, day, moment
from doorstep.workflows.table import Act, State, Table, needed

NOTE: Final = Table(
    "note", "note.note", "Composition", ("clinic",),
    (State("signed", "note.signed", "", "final"),),
    (
        Act("write", "note.write", "clinic", (), "signed", ("complaint",)),
        Act("append", "note.append", "clinic", ("signed",), "signed", ("text",)),
        Act("correct", "note.correct", "clinic", ("signed",), "signed", ("reason",), ("note.archived",)),
    ),
)  # fmt: skip
"""Its acts, for the testimony they leave; Compositions that others send are governed by nothing."""

LOINC: Final = {"complaint": "10154-3", "history": "10164-2", "exam": "29545-1", "assessment": "51848-0",
                "plan": "18776-5"}  # fmt: skip
KIND: Final = {"system": systems.LOINC, "code": "34108-1", "display": "Outpatient Note"}
MOST: Final = 20_000
WRITERS: Final = ("doctor", "specialist")
_TAG: Final = re.compile(r"<[^>]+>")


def write(
    tx: Tx, *, visit: dict[str, Any], boxes: Mapping[str, str], entries: Sequence[str] = (), quotes: Sequence[str] = (),
    occurred: int | None = None,
) -> Stored:  # fmt: skip
    """The note of a visit with what it leads to (``entries``) and what it quotes (references the writer may see)."""
    act = NOTE.act("write")
    needed(act, {"complaint": boxes.get("complaint", "")})
    for each in quotes:
        type_name, _, id_ = each.partition("/")
        if not id_ or not tx.exists(type_name, id_):
            raise Invalid("note.quoted-unknown", element="quote", reference=each[:80])
    note = _composition(tx, visit, sections(boxes))
    linked = [{"reference": each} for each in dict.fromkeys((*entries, *quotes))]
    if linked:
        note["section"][-1]["entry"] = linked
    stored = tx.create(note)
    attest(tx, NOTE, act, (f"{stored.ref}/_history/{stored.version}", visit["subject"]["reference"]), occurred)
    return stored


def append(tx: Tx, *, encounter: str, text: str) -> Stored:
    """Something to be added to a signed note, at any time and by any doctor of the institution."""
    act = NOTE.act("append")
    needed(act, {"text": text})
    visit = theirs(tx, encounter)
    first = next(iter(signed(tx, encounter)), None)
    if first is None:
        raise RuleBroken("note.nothing-signed", element="text")
    addition = _composition(tx, visit, [_section("plan", text)])
    addition["relatesTo"] = [{"code": "appends", "targetReference": {"reference": f"Composition/{first['id']}"}}]
    stored = tx.create(addition)
    attest(tx, NOTE, act, (f"{stored.ref}/_history/{stored.version}", visit["subject"]["reference"]))
    return stored


def correct(tx: Tx, *, composition: str, boxes: Mapping[str, str], reason: str, version: int) -> Stored:
    """The writer's own note said something wrong: its next version, with the reason; the old one stays readable."""
    act = NOTE.act("correct")
    needed(act, {"reason": reason, "complaint": boxes.get("complaint", "")}, ("complaint",))
    known = reasons("note.correct").get(reason)
    if known is None:
        raise Invalid("workflows.unknown-reason", element="reason", reason=reason)
    note = tx.read("Composition", composition)
    visit = theirs(tx, note["encounter"]["reference"].removeprefix("Encounter/"))
    if note["author"][0]["reference"] != tx.actor.person:
        raise Forbidden("note.writer-only")
    if is_archived(tx, visit, tx.now):
        raise RuleBroken("note.archived", element="reason")
    kept = [entry for section in note["section"] for entry in section.get("entry", ())]
    note["section"] = sections(boxes)
    if kept:
        note["section"][-1]["entry"] = kept
    note["status"] = "amended"
    stored, _ = tx.update(note, if_match=version)
    attest(tx, NOTE, act, (f"{stored.ref}/_history/{stored.version}", visit["subject"]["reference"]),
           reason={"coding": [known.coding()]})  # fmt: skip
    return stored


def is_archived(reads: Reads, visit: dict[str, Any], now: int) -> bool:
    """Whether the record of a visit is closed for corrections."""
    end = visit.get("period", {}).get("end")
    kept = policy("note.archive", on=day(now), reads=reads).microseconds
    return bool(end) and moment(str(end)) + kept < now


def signed(reads: Reads, encounter: str) -> list[dict[str, Any]]:
    """The notes of a visit and what was added to them, the oldest first."""
    found = reads.search("Composition", [("encounter", f"Encounter/{encounter}"), ("_sort", "date")])
    return [each for each in found if KIND["code"] in {one.get("code") for one in each["type"].get("coding", ())}]


def texts(note: Mapping[str, Any]) -> dict[str, str]:
    """Box -> what is written in it, without its markup."""
    found = {}
    for section in note.get("section", ()):
        code = next((one.get("code") for one in section.get("code", {}).get("coding", ())), "")
        box = next((name for name, loinc in LOINC.items() if loinc == code), "plan")
        found[box] = plain(section.get("text", {}).get("div", ""))
    return found


def sections(boxes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The parts that say something, in the order of the page; Invalid for one beyond all measure."""
    for name in BOXES:
        if len(boxes.get(name, "")) > MOST:
            raise Invalid("note.too-long", element=name, most=MOST)
    return [_section(name, boxes[name]) for name in BOXES if boxes.get(name, "").strip()]


def plain(div: str) -> str:
    """The text of a narrative, line by line."""
    return unescape(_TAG.sub("", div.replace("<br/>", "\n"))).strip()


def theirs(tx: Tx, encounter: str) -> dict[str, Any]:
    """The visit, for a doctor of its institution."""
    visit = tx.read("Encounter", encounter)
    ours = visit.get("serviceProvider", {}).get("reference") == tx.actor.organization
    if not ours or tx.actor.role not in WRITERS:
        raise Forbidden("note.doctor-only")
    return visit


def _composition(tx: Tx, visit: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "resourceType": "Composition", "status": "final", "type": {"coding": [KIND]},
        "subject": visit["subject"], "encounter": {"reference": f"Encounter/{visit['id']}"},
        "date": instant(tx.now), "author": [{"reference": tx.actor.person}], "title": KIND["display"],
        "custodian": {"reference": tx.actor.organization}, "section": parts,
    }  # fmt: skip


def _section(box: str, text: str) -> dict[str, Any]:
    lines = "<br/>".join(escape(line, quote=False) for line in text.strip().splitlines())
    return {
        "code": {"coding": [{"system": systems.LOINC, "code": LOINC[box]}]},
        "text": {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{lines}</div>'},
    }
