"""The library behind recognition: what each laboratory has passed and what each institution charges, by day.

Nothing that was written is changed: a new price holds from its day on, a later round overrules an earlier one.
"""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Forbidden, Gone, Invalid, NotFound
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import recognition, systems
from doorstep.terms.catalogue import orderables
from doorstep.workflows.directory import attest, read_day, typed

KEEPERS: Final = ("manager", "security-admin", "administrator")
"""Roles that keep the library."""
_MOST_FEN: Final = 10_000_000


def set_price(tx: Tx, *, organization: str, item: str, yuan: str, since: str = "") -> Stored:
    """What an institution charges for an item from a day on; yuan as written, kept in fen."""
    _keeper(tx, organization)
    typed(item=item, yuan=yuan)
    _known(item)
    first = read_day(tx, since, "since", future=True)
    return _add(tx, organization, recognition.PRICE, item=item, fen=str(fen_of(yuan)), since=first.isoformat())


def add_round(
    tx: Tx, *, organization: str, item: str, scope: str, name: str, certificate: str, passed: str, on: str = ""
) -> Stored:
    """The verdict of an external quality evaluation of an item at a laboratory."""
    _keeper(tx, organization)
    typed(item=item, scope=scope, name=name, certificate=certificate, passed=passed)
    _known(item)
    if scope not in recognition.scopes():
        raise Invalid("recognition.unknown-scope", element="scope", scope=scope)
    if passed not in ("yes", "no"):
        raise Invalid("recognition.passed-or-not", element="passed")
    return _add(tx, organization, recognition.ROUND, item=item, scope=scope, name=name.strip(),
                certificate=certificate.strip(), on=read_day(tx, on, "on").isoformat(), passed=passed)  # fmt: skip


def fen_of(yuan: str) -> int:
    """Yuan as written ("121.90") in whole fen, without a float in between."""
    whole, _, part = yuan.strip().partition(".")
    digits = whole + part
    if not digits.isascii() or not digits.isdigit() or not whole or len(part) > 2 or len(whole) > 6:
        raise Invalid("recognition.not-yuan", element="yuan", given=yuan[:20])
    found = int(whole) * 100 + int((part + "00")[:2])
    if not 0 < found <= _MOST_FEN:
        raise Invalid("recognition.not-yuan", element="yuan", given=yuan[:20])
    return found


def _keeper(tx: Tx, organization: str) -> None:
    if tx.actor.role not in KEEPERS:
        raise Forbidden("recognition.keepers-only")
    tx.read("Organization", Ref.parse(organization).id)


def _known(item: str) -> None:
    if item not in orderables():
        raise Invalid("workflows.unknown-test", element="item", test=item)


def _add(tx: Tx, organization: str, url: str, **parts: str) -> Stored:
    id_ = recognition.library_id(organization)
    told = [{"url": name, "valueString": text} for name, text in parts.items()]
    row: dict[str, Any] = {"url": url, "extension": told}
    try:
        library = tx.read("Library", id_)
        version = int(library["meta"]["versionId"])
    except (NotFound, Gone):
        version = 0
        library = {
            "resourceType": "Library", "id": id_, "status": "active",
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type",
                                 "code": "asset-collection"}]},
            "identifier": [{"system": f"{systems.BASE}/sid/recognition", "value": Ref.parse(organization).id}],
        }  # fmt: skip
    stored, _ = tx.update({**library, "extension": [*library.get("extension", []), row]}, if_match=version or None)
    attest(tx, "serve", stored)
    return stored
