"""Consent that the green channel left for later: treat first, sign within the time that the policy gives."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows.coordination import begin, item, load, move, parts_played
from doorstep.workflows.table import Act, State, Table, needed

TABLE: Final = Table(
    "signing", "referral.signing", "ServiceRequest", ("sender", "receiver"),
    (
        State("due", "referral.signing-due", "requested", "active", "sender", "signing.due"),
        State("signed", "referral.signing-signed", "completed", "completed"),
        State("refused", "referral.signing-refused", "rejected", "revoked"),
    ),
    (
        Act("owe", "referral.act-owe", "sender", (), "due"),
        Act("sign", "referral.act-sign", "sender", ("due",), "signed", ("agreed-by",)),
        Act("refuse", "referral.act-refuse", "sender", ("due",), "refused", ("note",)),
    ),
)  # fmt: skip


def owe(tx: Tx, *, referral: dict[str, Any]) -> Stored:
    """The consent that is still to be had for a referral (its Task)."""
    codings = referral["code"]["coding"][1:]
    return begin(
        tx, TABLE, TABLE.act("owe"), focus=referral["focus"]["reference"], resident=referral["for"]["reference"],
        asking=referral["requester"]["reference"], asked=referral["restriction"]["recipient"][0]["reference"],
        priority="urgent", encounter=referral.get("encounter", {}).get("reference", ""),
        part_of=f"Task/{referral['id']}", text=codings[0]["display"] if codings else "",
    )  # fmt: skip


def sign(tx: Tx, *, task: str, agreed_by: str) -> Stored:
    """The resident, or a relative who is named, has agreed after being told."""
    return _over(tx, task, TABLE.act("sign"), {"agreed-by": agreed_by})


def refuse(tx: Tx, *, task: str, note: str) -> Stored:
    """They do not agree; what follows from it is written down."""
    return _over(tx, task, TABLE.act("refuse"), {"note": note})


def _over(tx: Tx, task: str, act: Act, boxes: dict[str, str]) -> Stored:
    case = load(tx, TABLE, task)
    TABLE.check(act, state=case.state, parties=parts_played(TABLE, case.task, tx.actor.organization))
    needed(act, dict(boxes))
    outputs = tuple(item(name, text.strip()) for name, text in boxes.items() if name != "note")
    return move(tx, case, act, note=boxes.get("note", "").strip(), outputs=outputs)
