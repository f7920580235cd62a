"""A history as rows: one an episode (visit, stay, referral, report without a visit), or one an entry of a lane.

Each stream is asked newest first from a moment on (key set: moment and id, never an offset), the streams are merged,
and the page ends after its rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.terms import systems
from doorstep.web import lists
from doorstep.web.history import lines
from doorstep.web.history.asked import Asked
from doorstep.web.history.lines import Line
from doorstep.web.lists import Names
from doorstep.workflows.coordination import moment

Resource = dict[str, Any]

PAGE: Final = 20
_ROUNDS: Final = 4
_OVER: Final = ("cancelled", "entered-in-error", "revoked", "rejected", "not-done")


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``kind`` a message key; ``address`` where it opens; ``over`` cancelled, shown on demand alone."""

    id: str
    at: str
    kind: str
    title: str
    origin: str
    foreign: bool
    address: str = ""
    detail: str = ""
    lines: tuple[Line, ...] = ()
    more: int = 0
    abnormal: bool = False
    mine: bool = False
    over: bool = False
    state: str = ""
    flag: str = ""
    scope: str = ""

    @property
    def key(self) -> tuple[int, str]:
        return (moment(self.at) if len(self.at) > 10 else 0, self.id)


@dataclass(frozen=True, slots=True)
class History:
    """One page of a history; ``next`` goes on behind its last row, ``cancelled`` of its stretch are not shown."""

    rows: tuple[Row, ...]
    next: str
    cancelled: int


def read(reads: Reads, resident: str, asked: Asked, *, names: Names, now: int, patient: bool = False) -> History:
    """The newest rows of a question."""
    shown: list[Row] = []
    hidden, at, last = 0, asked, ""
    teller = lines.Teller(reads, names, reads.actor.organization, reads.actor.person, patient)
    for _ in range(_ROUNDS):
        found, more = _page(reads, resident, at, teller, now)
        for row in found:
            if row.over and not asked.cancelled:
                hidden += 1
            elif _wanted(row, asked):
                shown.append(row)
            if len(shown) == PAGE:
                more = more or row is not found[-1]
                return History(tuple(shown), _after(asked, row) if more else "", hidden)
        if not more or not found:
            return History(tuple(shown), "", hidden)
        last = _after(asked, found[-1])
        at = _moved(asked, found[-1])
    return History(tuple(shown), last, hidden)


def _page(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> tuple[list[Row], bool]:
    """The next rows of all streams together, and whether there are more."""
    streams = _LANES[asked.lane]
    found: list[Row] = []
    full = False
    for stream in streams:
        rows = list(stream(reads, resident, asked, teller, now))
        full = full or len(rows) > PAGE
        found += [row for row in rows if _behind(row, asked)]
    found.sort(key=lambda row: row.key, reverse=True)
    return found[:PAGE], full or len(found) > PAGE


def _wanted(row: Row, asked: Asked) -> bool:
    return (
        not (asked.own and row.foreign) and not (asked.abnormal and not row.abnormal) and (row.mine or not asked.mine)
    )


def _behind(row: Row, asked: Asked) -> bool:
    return not asked.before or row.key < (moment(asked.before) if len(asked.before) > 10 else 0, asked.after_id)


def _moved(asked: Asked, row: Row) -> Asked:
    return replace(asked, before=row.at, after_id=row.id)


def _after(asked: Asked, row: Row) -> str:
    return asked.address(before=row.at, after_id=row.id)


# -- the streams


def _query(resident: str, asked: Asked, now: int, parameter: str) -> list[tuple[str, str]]:
    """Newest first from the page before on, within the span."""
    query = [("patient", f"Patient/{resident}"), ("_sort", f"-{parameter}"), ("_count", str(PAGE + 1))]
    since = asked.since(now)
    if since is not None:
        query.append((parameter, f"ge{since.isoformat()}"))
    if asked.before:
        query.append((parameter, f"le{asked.before}"))
    return query


def _asking(reads: Reads, type_name: str, query: list[tuple[str, str]]) -> tuple[list[Resource], list[Resource]]:
    page = reads.page(type_name, query, strict=True)
    return [exact.decode(row.body) for row in page.matches], [exact.decode(row.body) for row in page.includes]


def _encounters(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    """Visits, stays and follow-ups with what came of them."""
    query = _query(resident, asked, now, "date")
    query += [("_revinclude", f"{name}:encounter") for name in ("Condition", "DiagnosticReport", "MedicationRequest")]
    query.append(("_include:iterate", "DiagnosticReport:result"))
    found, along = _asking(reads, "Encounter", query)
    teller.know(along)
    came: dict[str, list[Resource]] = {}
    for each in along:
        if each["resourceType"] != "Observation":
            came.setdefault(each.get("encounter", {}).get("reference", ""), []).append(each)
    for encounter in found:
        yield _visit(encounter, came.get(f"Encounter/{encounter['id']}", []), teller)


def _plain_encounters(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    for encounter in _asking(reads, "Encounter", _query(resident, asked, now, "date"))[0]:
        yield _visit(encounter, [], teller)


def _visit(encounter: Resource, came: list[Resource], teller: lines.Teller) -> Row:
    told = teller.lines(came)
    place = encounter.get("serviceProvider", {}).get("reference", "")
    inpatient = encounter.get("class", {}).get("code") == "IMP"
    ours = place == teller.ours
    title = encounter.get("reasonCode", [{}])[0].get("text", "")
    mine = any(each.get("individual", {}).get("reference") == teller.me for each in encounter.get("participant", ()))
    address = (f"/ward/{encounter['id']}/" if inpatient else f"/v/{encounter['id']}/") if ours else ""
    return Row(
        encounter["id"], encounter.get("period", {}).get("start", ""), lines.kind_of_visit(encounter), title,
        teller.place(place), not ours, "" if teller.patient else address, f"Encounter/{encounter['id']}",
        told[: lines.MOST], max(0, len(told) - lines.MOST), any(line.flag for line in told), mine,
        encounter["status"] in _OVER, lines.state_of_visit(encounter),
    )  # fmt: skip


def _referrals(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    codes = ",".join(f"{systems.WORKFLOW}|{name}" for name in ("referral", "down"))
    yield from _tasks(reads, resident, asked, teller, now, codes)


def _follow_ups(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    codes = ",".join(f"{systems.WORKFLOW}|{name}" for name in ("plan", "chronic", "down"))
    yield from _tasks(reads, resident, asked, teller, now, codes)


def _tasks(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int, codes: str) -> Iterator[Row]:
    found, _ = _asking(reads, "Task", [*_query(resident, asked, now, "authored-on"), ("code", codes)])
    for task in found:
        row = lists.row(task, None, teller.names, now)
        here = task["requester"]["reference"] == teller.ours
        yield Row(
            task["id"], task["authoredOn"], row.workflow.label, row.item, f"{row.asking} → {row.asked}", not here,
            "" if teller.patient else f"/t/{task['id']}/", "", (), 0, False, False,
            task["status"] in ("cancelled", "entered-in-error"), row.state.label,
        )  # fmt: skip


def _reports_alone(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    """Reports that belong to no visit."""
    query = [*_query(resident, asked, now, "date"), ("encounter:missing", "true"),
             ("_include", "DiagnosticReport:result")]  # fmt: skip
    yield from _of_reports(reads, query, teller)


def _laboratory(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    for row, report in _with_reports(reads, resident, asked, teller, now):
        if not lines.is_picture(report):
            yield row


def _imaging(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    for row, report in _with_reports(reads, resident, asked, teller, now):
        if lines.is_picture(report):
            yield row


def _with_reports(
    reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int
) -> Iterator[tuple[Row, Resource]]:
    query = [*_query(resident, asked, now, "date"), ("_include", "DiagnosticReport:result")]
    found, along = _asking(reads, "DiagnosticReport", query)
    teller.know(along)
    for report in found:
        yield _report(report, teller), report


def _of_reports(reads: Reads, query: list[tuple[str, str]], teller: lines.Teller) -> Iterator[Row]:
    found, along = _asking(reads, "DiagnosticReport", query)
    teller.know(along)
    for report in found:
        yield _report(report, teller)


def _report(report: Resource, teller: lines.Teller) -> Row:
    line = teller.report(report)
    return Row(
        report["id"], str(report.get("effectiveDateTime") or report.get("issued", "")), line.lane, line.text,
        line.origin, line.foreign, "", f"DiagnosticReport/{report['id']}", teller.values(report), 0, bool(line.flag),
        False, report["status"] in _OVER, "", line.flag or line.note, teller.scope(report),
    )  # fmt: skip


def _drugs(reads: Reads, resident: str, asked: Asked, teller: lines.Teller, now: int) -> Iterator[Row]:
    for request in _asking(reads, "MedicationRequest", _query(resident, asked, now, "authoredon"))[0]:
        line = teller.drug(request)
        yield Row(
            request["id"], request.get("authoredOn", ""), line.lane, line.text, line.origin, line.foreign,
            over=request["status"] in _OVER, mine=request.get("requester", {}).get("reference") == teller.me,
        )  # fmt: skip


Stream = Callable[[Reads, str, Asked, lines.Teller, int], Iterator[Row]]
_LANES: Final[dict[str, tuple[Stream, ...]]] = {
    "": (_encounters, _referrals, _reports_alone), "visits": (_plain_encounters,), "laboratory": (_laboratory,),
    "imaging": (_imaging,), "drugs": (_drugs,), "referral": (_referrals,), "follow-up": (_follow_ups,),
}  # fmt: skip
