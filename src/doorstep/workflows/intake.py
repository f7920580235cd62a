"""What a modality sent and nothing could be found for: two people tie it to a request, or put it away with a reason.

Nothing that arrives is dropped. What cannot be read as a DICOM object waits to be looked at by hand, as it came; what
names another person than the request, or no request, waits beside the candidates. It is nobody's record until matched.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Gone, NotFound, RuleBroken
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import picture
from doorstep.workflows.coordination import Case, begin, boxes, item, item_reference, load, move, parts_played
from doorstep.workflows.picture import Made, binary, digest
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

WHYS: Final = {
    "no-number": "study.why-no-number", "no-request": "study.why-no-request", "no-person": "study.why-no-person",
    "other-person": "study.why-other-person", "not-expected": "study.why-not-expected",
    "changed-object": "study.why-changed-object", "unreadable": "study.why-unreadable",
}  # fmt: skip
"""Why something lies here -> message key."""

TABLE: Final = Table(
    "intake", "study.intake", "Binary", ("device", "keeper"),
    (
        State("unmatched", "study.intake-unmatched", "requested", "", "keeper", "study.intake"),
        State("by-hand", "study.intake-by-hand", "requested", "", "keeper", "study.intake"),
        State("proposed", "study.intake-proposed", "in-progress", "", "keeper", "study.intake-confirm"),
        State("filed", "study.intake-filed", "completed", ""),
        State("put-away", "study.intake-put-away", "cancelled", ""),
    ),
    (
        Act("receive", "study.intake-receive", "device", (), "unmatched"),
        Act("set-aside", "study.intake-set-aside", "device", (), "by-hand"),
        Act("propose", "study.intake-propose", "keeper", ("unmatched",), "proposed", ("request",)),
        Act("confirm", "study.intake-confirm", "keeper", ("proposed",), "filed", (), ("study.second-person",)),
        Act("refuse", "study.intake-refuse", "keeper", ("proposed",), "unmatched", ("note",)),
        Act("put-away", "study.intake-put", "keeper", ("unmatched", "by-hand"), "put-away", ("note",)),
        Act("remind", "study.intake-remind", CLOCK, ("unmatched",), "unmatched"),
        Act("remind-hand", "study.intake-remind", CLOCK, ("by-hand",), "by-hand"),
        Act("lapse", "study.intake-lapse", CLOCK, ("proposed",), "unmatched"),
    ),
    desk="technician",
)  # fmt: skip

_LAPSES: Final = {"unmatched": "remind", "by-hand": "remind-hand", "proposed": "lapse"}
_BOXES: Final = ("object", "object_class", "study", "series", "modality", "accession", "person_number", "person_name",
                 "born", "sex", "recorded", "device")  # fmt: skip
_MEASURE: Final = "measure."
_STATEMENT: Final = "statement."


def receive(tx: Tx, *, made: Made, data: bytes, why: str) -> Stored:
    """An object that could be read and belongs to no request that fits."""
    inputs = [item(name, str(getattr(made, name))) for name in _BOXES if str(getattr(made, name)).strip()]
    inputs += [item("number", str(made.number))]
    inputs += [item(f"{_MEASURE}{code}", str(value)) for code, value in made.measured.items()]
    inputs += [item(f"{_STATEMENT}{place}", text) for place, text in enumerate(made.statements)]
    return _begin(tx, TABLE.act("receive"), data, why, tuple(inputs))


def set_aside(tx: Tx, *, data: bytes, why: str = "unreadable") -> Stored:
    """Bytes that are no object, or a kind that nobody here reads: kept as they came."""
    return _begin(tx, TABLE.act("set-aside"), data, why, ())


def propose(tx: Tx, *, task: str, request: str) -> Stored:
    """One person says which request it is for ("ServiceRequest/x")."""
    act = TABLE.act("propose")
    found = _case(tx, task, act)
    needed(act, {"request": request})
    kept = [entry for entry in found.task["input"] if entry["type"]["coding"][0]["code"] not in ("request", "by")]
    found.task["input"] = [*kept, item("request", request), item_reference("by", tx.actor.person)]
    return move(tx, found, act)


def confirm(tx: Tx, *, task: str) -> tuple[Stored, bytes, str]:
    """Another person agrees. The Task, the bytes, and the request; what follows is a journey's."""
    act = TABLE.act("confirm")
    found = _case(tx, task, act)
    known = boxes(found.task["input"])
    if known["by"] == tx.actor.person:
        raise RuleBroken("study.second-person")
    data = bytes_of(tx, found.task)
    return move(tx, found, act), data, known["request"]


def refuse(tx: Tx, *, task: str, note: str) -> Stored:
    """The other person does not agree."""
    act = TABLE.act("refuse")
    found = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, found, act, note=note.strip())


def put_away(tx: Tx, *, task: str, note: str) -> Stored:
    """It belongs to nobody here: a test picture, a phantom, another house's. It stays as it came."""
    act = TABLE.act("put-away")
    found = _case(tx, task, act)
    needed(act, {"note": note})
    return move(tx, found, act, note=note.strip())


def made_of(task: dict[str, Any]) -> Made:
    """What the header said, as it was written down when it came."""
    known = boxes(task["input"])
    texts = {name: known.get(name, "") for name in _BOXES}
    measured = {name.removeprefix(_MEASURE): Decimal(text) for name, text in known.items() if name.startswith(_MEASURE)}
    said = tuple(text for name, text in known.items() if name.startswith(_STATEMENT))
    return Made(**texts, number=int(known.get("number", "0")), measured=measured, statements=said)


def overdue(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Nobody has looked at it, or no second person: the clock begins again, and the count of it shows."""
    try:
        found = load(tx, TABLE, Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if found.state == payload["state"]:
        move(tx, found, TABLE.act(_LAPSES[found.state]))


def bytes_of(tx: Any, task: dict[str, Any]) -> bytes:
    """What came, as it came."""
    return picture.bytes_of(tx.read("Binary", Ref.parse(task["focus"]["reference"]).id))


def _begin(tx: Tx, act: Act, data: bytes, why: str, inputs: tuple[dict[str, Any], ...]) -> Stored:
    stored = tx.create(binary(data))
    here = tx.actor.organization
    return begin(tx, TABLE, act, focus=str(stored.ref), resident="", asking=here, asked=here,
                 inputs=(item("why", why), item("digest", digest(data)), *inputs))  # fmt: skip


def _case(tx: Tx, task: str, act: Act) -> Case:
    found = load(tx, TABLE, task)
    TABLE.check(act, state=found.state, parties=parts_played(TABLE, found.task, tx.actor.organization))
    return found
