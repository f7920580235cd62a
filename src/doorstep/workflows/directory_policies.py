"""The alliance's own limits: dated rules with their basis that come before the defaults of ``terms.policies``.

One Library a limit, so that its history is the history of the rule. A rule never begins in the past: deadlines that
were set by the old one stand.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import OWN_LIMIT, Policy, keys, own_id, own_policies, policies
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import Resource, alliance_only, attest, read_day, reason_of, typed

TIMES: Final = ("min", "h", "d")
KINDS: Final = ("rule", "analogy", "proposal")
MOST: Final = 100_000


def override(
    tx: Tx, *, key: str, amount: str, unit: str, since: str, basis: str, kind: str = "proposal", until: str = "",
    version: str = "",
) -> Stored:  # fmt: skip
    """Another limit from a day on, until (not including) another day or for good."""
    alliance_only(tx)
    _known(key)
    typed(amount=amount, unit=unit, since=since, basis=basis)
    if not amount.strip().isascii() or not amount.strip().isdigit() or not 0 < int(amount) <= MOST:
        raise Invalid("directory.not-an-amount", element="amount", most=MOST)
    if unit not in units(key):
        raise Invalid("directory.unknown-code", element="unit", code=unit)
    if kind not in KINDS:
        raise Invalid("directory.unknown-code", element="kind", code=kind)
    first, last = _period(tx, since, until)
    made = Policy(key, int(amount), unit, first, last, kind, basis.strip()[:500])
    rules = own_policies(tx, key)
    for other in rules:
        if other.since < (last or date.max) and first < (other.until or date.max):
            raise Conflict("directory.policy-overlaps", element="since", since=other.since.isoformat())
    return _write(tx, key, (*rules, made), version)


def end_override(tx: Tx, *, key: str, since: str, reason: str, on: str = "", version: str = "") -> Stored:
    """A rule of the alliance's own ends on a day (it no longer holds on it); one that has not begun is taken back."""
    alliance_only(tx)
    _known(key)
    why = reason_of(reason)
    last, today = read_day(tx, on, "on", future=True), day(tx.now)
    if last < today:
        raise Invalid("directory.day-too-early", element="on", day=last.isoformat(), last=today.isoformat())
    rules, found = [], False
    for rule in own_policies(tx, key):
        if rule.since.isoformat() != since:
            rules.append(rule)
            continue
        if rule.until is not None and rule.until <= today:
            raise Conflict("directory.not-running")
        found = True
        if rule.since < last:
            rules.append(Policy(key, rule.amount, rule.unit, rule.since, last, rule.kind, rule.basis))
    if not found:
        raise NotFound("directory.not-there", reference=since)
    return _write(tx, key, tuple(rules), version, why)


def units(key: str) -> tuple[str, ...]:
    """In which units a limit may be given: times in any, counts in their own."""
    unit = next(row.unit for row in policies() if row.key == key)
    return TIMES if unit in TIMES else (unit,)


def _known(key: str) -> None:
    if key not in keys():
        raise NotFound("directory.no-policy", key=key)


def _period(tx: Tx, since: str, until: str) -> tuple[date, date | None]:
    first = read_day(tx, since, "since", future=True)
    if first < day(tx.now):
        raise Invalid("directory.policy-past", element="since", day=first.isoformat())
    if not until.strip():
        return first, None
    last = read_day(tx, until, "until", future=True)
    if last <= first:
        raise Invalid("directory.ends-before", element="until", day=last.isoformat())
    return first, last


def _write(tx: Tx, key: str, rules: tuple[Policy, ...], version: str, reason: Resource | None = None) -> Stored:
    current = _current(tx, key)
    if version and version != str(current):
        raise Conflict("directory.changed-meanwhile", given=version, current=current)
    library: Resource = {
        "resourceType": "Library", "id": own_id(key), "status": "active",
        "identifier": [{"system": f"{systems.BASE}/sid/policy", "value": key}],
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}]},
    }  # fmt: skip
    if rules:
        library["extension"] = [_extension(rule) for rule in sorted(rules, key=lambda each: each.since)]
    stored, _ = tx.update(library, if_match=current or None)
    attest(tx, "override", stored, reason=reason)
    return stored


def _current(tx: Tx, key: str) -> int:
    try:
        return tx.stored("Library", own_id(key)).version
    except (NotFound, Gone):
        return 0


def _extension(rule: Policy) -> Resource:
    period = {"start": rule.since.isoformat()} | ({"end": rule.until.isoformat()} if rule.until else {})
    return {"url": OWN_LIMIT, "extension": [
        {"url": "limit", "valueQuantity": {"value": rule.amount, "unit": rule.unit}},
        {"url": "period", "valuePeriod": period},
        {"url": "kind", "valueCode": rule.kind},
        {"url": "basis", "valueString": rule.basis},
    ]}  # fmt: skip
