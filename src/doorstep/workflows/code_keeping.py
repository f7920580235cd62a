"""Mapping foreign codes: say what one means, agree to another meaning, take back, list codes, count those that come in.

A code without a meaning is mapped by one person of the craft. Where a code that has a meaning gets another one and
that is clinical, the second meaning waits until another person of the craft agrees; until then the first holds. How
long it may wait, and who hears then, is in code_proposal.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Forbidden, Invalid, RuleBroken
from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.terms.finding import exactly
from doorstep.workflows import code_proposal
from doorstep.workflows.code_map import (
    IGNORED,
    KINDS,
    Entry,
    Row,
    Source,
    current,
    ended,
    owner_of,
    resource,
    since,
    targets,
)
from doorstep.workflows.coordination import day
from doorstep.workflows.directory import attest, read_day, typed

_LONGEST: Final = 100
SAME, NEW, CHANGED = "same", "new", "changed"


def mean(tx: Tx, *, kind: str, holder: str, code: str, ours: str, text: str = "", on: str = "") -> str:
    """From a day on a foreign code means one of ours ("-": it is not kept). Says whether that is new, or waits."""
    source, code = _kept(tx, kind, holder), _code(code)
    typed(ours=ours)
    wanted = "" if ours.strip() == IGNORED else _ours(kind, ours)
    first = read_day(tx, on, "since", future=True)
    entry = _entry(tx, source, code)
    known = replace(entry, text=text.strip()[:_LONGEST] or entry.text)
    if entry.rows and first < (entry.rows[-1].since or first):
        raise RuleBroken("codes.too-early", element="since", since=str(entry.rows[-1].since))
    held = known.on(first)
    if held is not None and held.ours == wanted:
        if known.text != entry.text:
            _say(tx, source, entry, known)
            return CHANGED
        return SAME
    row = Row(wanted, first, None, tx.actor.person)
    if held is not None and KINDS[kind].clinical:
        if known.wanted is not None and (known.wanted.ours, known.wanted.since) == (wanted, first):
            return SAME
        _say(tx, source, entry, replace(known, wanted=row))
    else:
        _say(tx, source, entry, since(known, row))
    return NEW if held is None else CHANGED


def agree(tx: Tx, *, kind: str, holder: str, code: str) -> None:
    """A second person sees it alike: the other meaning holds from its day, not before today."""
    source = _kept(tx, kind, holder)
    entry = _entry(tx, source, _code(code))
    if entry.wanted is None:
        raise RuleBroken("codes.nothing-proposed", element="code")
    if entry.wanted.by == tx.actor.person:
        raise RuleBroken("codes.second-person", element="code")
    first = max(entry.wanted.since or day(tx.now), day(tx.now))
    _say(tx, source, entry, since(entry, replace(entry.wanted, since=first)), "agree")


def disagree(tx: Tx, *, kind: str, holder: str, code: str) -> None:
    """Another meaning is not wanted, or is taken back by whoever said it."""
    source = _kept(tx, kind, holder)
    entry = _entry(tx, source, _code(code))
    if entry.wanted is None:
        raise RuleBroken("codes.nothing-proposed", element="code")
    _say(tx, source, entry, replace(entry, wanted=None))


def undo(tx: Tx, *, kind: str, holder: str, code: str) -> None:
    """Take back what was said last: a code that had no meaning before has none again, another gets its former one.

    A former meaning in a clinical kind is another meaning like any: it waits for a second person. A first meaning there
    goes only by the hand and on the day of whoever said it; later it is a change, which two agree on.
    """
    source, today = _kept(tx, kind, holder), day(tx.now)
    entry = _entry(tx, source, _code(code))
    if entry.wanted is not None:
        _say(tx, source, entry, replace(entry, wanted=None))
        return
    if not entry.rows or entry.rows[-1].until is not None:
        raise RuleBroken("codes.nothing-to-undo", element="code")
    last, before = entry.rows[-1], entry.rows[:-1]
    former = before[-1] if before and before[-1].until == last.since else None
    if former is None and KINDS[kind].clinical and (last.by, last.since) != (tx.actor.person, today):
        raise RuleBroken("codes.undo-own", element="code")
    if former is None:
        _write(tx, source, ended(entry, today))
    elif KINDS[kind].clinical:
        _say(tx, source, entry, replace(entry, wanted=Row(former.ours, today, None, tx.actor.person)))
    else:
        _write(tx, source, since(entry, Row(former.ours, today, None, tx.actor.person)))


def enter(tx: Tx, *, kind: str, holder: str, code: str, text: str) -> str:
    """A code of a list, with its name and no meaning yet."""
    source, code = _kept(tx, kind, holder), _code(code)
    id_, _, found = current(tx, source, code)
    name, entry = text.strip()[:_LONGEST], found.get(code)
    if entry is not None and (not name or entry.text == name):
        return SAME
    _write(tx, source, replace(entry or Entry(code), text=name))
    return CHANGED if entry else NEW


def met(tx: Tx, *, kind: str, holder: str, codes: Iterable[tuple[str, str]], owner: str = "") -> None:
    """Codes (with their names) came in that mean nothing yet: count them, so that the most frequent is mapped first."""
    source, today = Source(kind, holder), day(tx.now)
    changed: dict[str, dict[str, Entry]] = {}
    for code, text in codes:
        code = code.strip()
        if not code or len(code) > _LONGEST:
            continue
        known = changed.setdefault(source.id_for(code), {})
        entry = known.get(code) or _entry(tx, source, code)
        if entry.on(today) is None:
            known[code] = replace(entry, times=entry.times + 1, last=today.isoformat(),
                                  text=entry.text or text.strip()[:_LONGEST])  # fmt: skip
    for entries in changed.values():
        if entries:
            _write(tx, source, *entries.values(), owner=owner, seen=True)


def put(tx: Tx, *, sender: str, code: str, loinc: str) -> str:
    """One code of a sender of laboratory messages means one of ours, or is not kept."""
    if loinc != IGNORED and loinc.strip() and loinc not in targets("values"):
        raise Invalid("lab.unknown-analyte", element="loinc", given=loinc[:40])
    if not loinc.strip():
        typed(loinc=loinc)
    return mean(tx, kind="values", holder=sender, code=code, ours=loinc)


def _kept(tx: Tx, kind: str, holder: str) -> Source:
    """The dictionary, if the actor keeps it."""
    if kind not in KINDS:
        raise Invalid("codes.unknown-kind", element="kind", given=kind[:40])
    if tx.actor.role not in KINDS[kind].keepers:
        raise Forbidden("lab.bench-only" if kind == "values" else "codes.not-your-craft")
    source = Source(kind, holder)
    if not source.is_sender and holder != tx.actor.organization:
        raise Forbidden("codes.own-only")
    if source.is_sender and kind != "values":
        raise Invalid("codes.unknown-kind", element="kind", given=kind[:40])
    return source


def _code(code: str) -> str:
    typed(code=code)
    if len(code.strip()) > _LONGEST:
        raise Invalid("codes.too-long", element="code", most=_LONGEST)
    return code.strip()


def _ours(kind: str, text: str) -> str:
    """Ours by code, else by what is meant exactly."""
    known = targets(kind)
    if text.strip() in known:
        return text.strip()
    found = exactly(list(known.values()), text)
    if found is None:
        raise Invalid("codes.unknown-ours", element="ours", given=text.strip()[:40])
    return found.code


def _entry(tx: Tx, source: Source, code: str) -> Entry:
    return current(tx, source, code)[2].get(code) or Entry(code)


def _say(tx: Tx, source: Source, before: Entry, after: Entry, act: str = "drop") -> None:
    """Write what a code means from now on. What waited for a second person is over; what begins to wait has a clock."""
    if after.wanted == before.wanted:
        _write(tx, source, after)
        return
    if before.wanted is not None:
        code_proposal.settle(tx, source=source, code=before.code, act=act)
    if after.wanted is None:
        _write(tx, source, after)
        return
    by = code_proposal.until(tx)
    stored = _write(tx, source, replace(after, due=instant(by)))
    code_proposal.propose(tx, source=source, code=after.code, text=after.text, wanted=after.wanted, focus=stored, by=by)


def _write(tx: Tx, source: Source, *entries: Entry, owner: str = "", seen: bool = False) -> Stored:
    """The next version of the map in which the codes stand; of several at once each sees the other's."""
    id_, stands, found = current(tx, source, entries[0].code)
    whose = owner_of(stands) or owner or tx.actor.organization
    if whose != tx.actor.organization and not (seen and owner):
        raise Forbidden("codes.own-only")
    stored, _ = tx.update(resource(source, id_, whose, found | {each.code: each for each in entries}))
    if not seen:
        attest(tx, "describe", stored)
    return stored
