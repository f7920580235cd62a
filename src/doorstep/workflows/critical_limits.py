"""The alliance's own critical limits: dated rows with their basis, before the defaults of ``terms/critical.py``.

One Library an item. A limit never begins in the past: what was released under the old one stands.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import critical, systems
from doorstep.terms.catalogue import analytes
from doorstep.terms.critical import Limit
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import alliance_only, attest, read_day, typed
from doorstep.workflows.directory_policies import KINDS
from doorstep.workflows.measure import read_number

SEXES: Final = ("", "female", "male")
_OLDEST: Final = 150 * 366


def put(
    tx: Tx, *, code: str, low: str, high: str, since: str, basis: str, kind: str = "proposal", from_days: str = "",
    to_days: str = "", sex: str = "", until: str = "",
) -> Stored:  # fmt: skip
    """Other limits of an item from a day on, for everybody or for an age and a sex."""
    alliance_only(tx)
    _known(code)
    typed(since=since, basis=basis)
    bottom, top = _number(low, "low"), _number(high, "high")
    if bottom is None and top is None:
        raise Invalid("lab.no-limit", element="low")
    if bottom is not None and top is not None and bottom >= top:
        raise Invalid("lab.limits-crossed", element="high")
    if kind not in KINDS:
        raise Invalid("directory.unknown-code", element="kind", code=kind)
    if sex not in SEXES:
        raise Invalid("directory.unknown-code", element="sex", code=sex)
    first = read_day(tx, since, "since", future=True)
    if first < day(tx.now):
        raise Invalid("directory.policy-past", element="since", day=first.isoformat())
    last = read_day(tx, until, "until", future=True) if until.strip() else None
    if last is not None and last <= first:
        raise Invalid("directory.ends-before", element="until", day=last.isoformat())
    youngest, oldest = _days(from_days, "from_days") or 0, _days(to_days, "to_days")
    if oldest is not None and oldest < youngest:
        raise Invalid("lab.ages-crossed", element="to_days")
    made = Limit(code, bottom, top, youngest, oldest, sex, first, last, kind, basis.strip()[:500])
    rows = critical.own_limits(tx, code)
    for other in rows:
        if _alike(made, other) and other.since < (last or date.max) and first < (other.until or date.max):
            raise Conflict("directory.policy-overlaps", element="since", since=other.since.isoformat())
    return _write(tx, code, (*rows, made))


def end(tx: Tx, *, code: str, row: str, on: str = "") -> Stored:
    """One of the alliance's own limits holds no more from a day on; one that has not begun is taken back."""
    alliance_only(tx)
    _known(code)
    last, today = read_day(tx, on, "on", future=True), day(tx.now)
    if last < today:
        raise Invalid("directory.day-too-early", element="on", day=last.isoformat(), last=today.isoformat())
    rows = list(critical.own_limits(tx, code))
    place = next((at for at, each in enumerate(rows) if name_of(each) == row), None)
    if place is None:
        raise NotFound("directory.not-there", reference=row)
    if rows[place].since >= last:
        rows.pop(place)
    else:
        rows[place] = replace(rows[place], until=last)
    return _write(tx, code, tuple(rows))


def name_of(row: Limit) -> str:
    """How a form names one limit of an item."""
    return f"{row.since.isoformat()}/{row.from_days}/{'' if row.to_days is None else row.to_days}/{row.sex}"


def _known(code: str) -> None:
    if code not in analytes():
        raise NotFound("lab.unknown-analyte", given=code[:40])


def _number(text: str, element: str) -> Decimal | None:
    return read_number(text, element=element) if text.strip() else None


def _days(text: str, element: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > _OLDEST:
        raise Invalid("lab.not-days", element=element, given=text[:20])
    return int(text)


def _alike(one: Limit, other: Limit) -> bool:
    return (one.from_days, one.to_days, one.sex) == (other.from_days, other.to_days, other.sex)


def _write(tx: Tx, code: str, rows: tuple[Limit, ...]) -> Stored:
    id_ = critical.own_id(code)
    library: dict[str, Any] = {
        "resourceType": "Library", "id": id_, "status": "active",
        "identifier": [{"system": f"{systems.BASE}/sid/critical-limits", "value": code}],
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}]},
    }  # fmt: skip
    if rows:
        library["extension"] = [_extension(row) for row in rows]
    try:
        version = tx.stored("Library", id_).version
    except (NotFound, Gone):
        version = 0
    stored, _ = tx.update(library, if_match=version or None)
    attest(tx, "override", stored)
    return stored


def _extension(row: Limit) -> dict[str, Any]:
    period = {"start": row.since.isoformat()} | ({"end": row.until.isoformat()} if row.until else {})
    parts: list[dict[str, Any]] = [
        {"url": "from", "valueInteger": row.from_days}, {"url": "period", "valuePeriod": period},
        {"url": "kind", "valueCode": row.kind}, {"url": "basis", "valueString": row.basis},
    ]  # fmt: skip
    parts += [{"url": "low", "valueDecimal": row.low}] if row.low is not None else []
    parts += [{"url": "high", "valueDecimal": row.high}] if row.high is not None else []
    parts += [{"url": "to", "valueInteger": row.to_days}] if row.to_days is not None else []
    parts += [{"url": "sex", "valueCode": row.sex}] if row.sex else []
    return {"url": critical.OWN, "extension": parts}
