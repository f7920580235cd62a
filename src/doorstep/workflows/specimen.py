"""A tube on its way: its label printed, taken at the bedside, sent, come in, taken on at the bench, or missing.

Acts of the order's own table (workflows/order.py). Who took it, when and where it was last seen is its testimony.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import tubes
from doorstep.workflows import labels, order, result, specimens
from doorstep.workflows.coordination import Case, boxes, deadline_of, item, item_reference, load, moment, move
from doorstep.workflows.table import needed

UNRECEIVED: Final = order.TABLE.act("receive").source
"""States of an order whose tube has not come in."""


def printed(tx: Tx, *, task: str) -> Stored:
    """The label came out of a printer; how often is counted, so that another copy says that it is one."""
    act = order.TABLE.act("print")
    case = order.case_of(tx, task, act)
    copies = copies_of(case.task) + 1
    specimens.replace_box(case, "output", item(specimens.PRINTED, str(copies)))
    return move(tx, case, act, until=moment(deadline_of(case.task)))


def copies_of(task: dict[str, Any]) -> int:
    """How many labels were printed; 0 while the order waits for its first."""
    return int(boxes(task.get("output", [])).get(specimens.PRINTED, "0"))


def collect(tx: Tx, *, task: str, resident: str, code: str) -> Stored:
    """Two scans at the bedside: the resident, then the tube. The wrong one of either is refused in words."""
    act = order.TABLE.act("collect")
    case = order.case_of(tx, task, act)
    needed(act, {"resident": resident, "code": code})
    if not is_resident(tx.read("Patient", Ref.parse(case.resident).id), resident):
        raise RuleBroken("lab.other-resident", element="resident")
    request = specimens.request_of(tx, case)
    number = _tube(tx, case, request, code)
    if number != labels.number_of(request):
        tx.claim(labels.KIND, number, holder=case.id)
        request = labels.renumber(request, number)
        tx.update(request)
    specimens.drop_box(case, specimens.SPECIMEN)
    made = specimens.write(tx, case, request, number, collected=tx.now)
    return move(tx, case, act, also=(made,))


def send(tx: Tx, *, task: str) -> Stored:
    """It has left the site by hand; what goes in a box leaves with it."""
    act = order.TABLE.act("send")
    return move(tx, order.case_of(tx, task, act), act)


def receive(tx: Tx, *, task: str) -> Stored:
    """It has come in at the laboratory."""
    act = order.TABLE.act("receive")
    case = order.case_of(tx, task, act)
    return move(tx, case, act, also=(specimens.receive(tx, case),))


def receive_code(tx: Tx, *, code: str) -> Stored:
    """A scan at the laboratory's door."""
    return receive(tx, task=holder_of(tx, code))


def claim(tx: Tx, *, task: str) -> Stored:
    """Somebody at the bench takes it on."""
    act = order.TABLE.act("claim")
    case = order.case_of(tx, task, act)
    return move(tx, case, act, outputs=(item_reference("claimed-by", tx.actor.person),))


def miss(tx: Tx, *, task: str) -> Stored:
    """It was said to come and did not: the site looks for it, or takes another."""
    act = order.TABLE.act("miss")
    return move(tx, order.case_of(tx, task, act), act)


def holder_of(tx: Tx, code: str, element: str = "code") -> str:
    """The id of the order whose tube was scanned. Invalid for a fragment and for a number that is nobody's."""
    number = tubes.whole(code)
    if not number:
        raise Invalid("lab.not-a-code", element=element, given=code[:20])
    task = labels.task_of(tx, number)
    if not task or not tx.exists("Task", task):
        raise Invalid("lab.nobodys-code", element=element, given=number)
    case = load(tx, order.TABLE, task)
    if labels.number_of(specimens.request_of(tx, case)) != number:
        raise RuleBroken("lab.spent-tube", element=element, given=number)
    return task


def follow(tx: Tx, *, task: str, act: str, box: str, by: Actor) -> None:
    """The order of a tube makes the step that its box has made, whoever carries it; one that moved on stays."""
    case, step = load(tx, order.TABLE, task), order.TABLE.act(act)
    if case.state in step.source:
        specimens.replace_box(case, "output", item("box", box))
        move(tx, case, step, by=by)


def is_resident(patient: dict[str, Any], scanned: str) -> bool:
    """Whether what was scanned is this resident: identity card, health card, record number, or the code of a slip."""
    given = scanned.strip().upper()
    known = {str(each.get("value", "")).upper() for each in patient.get("identifier", ()) if each.get("use") != "old"}
    return given.removeprefix("PATIENT/") == str(patient["id"]).upper() or given in known - {""}


def _tube(tx: Tx, case: Case, request: dict[str, Any], code: str) -> str:
    """The number that the tube carries: the order's own label, or one that the tube came with and nobody has used."""
    number = tubes.whole(code)
    if not number or number[0] not in tubes.tubes():
        raise Invalid("lab.not-a-code", element="code", given=code[:20])
    wanted = labels.letter_of(result.test_of(request))
    holder = labels.task_of(tx, number)
    if holder == case.id:
        if number != labels.number_of(request):
            raise RuleBroken("lab.spent-tube", element="code", given=number)
    elif holder:
        raise RuleBroken("lab.other-tube", element="code", given=number)
    if number[0] != wanted:
        raise RuleBroken("lab.wrong-tube", element="code", tube=number[0], needs=wanted)
    return number
