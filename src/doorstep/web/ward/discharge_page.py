"""Leaving the ward: summary, outcome and the plan for home on one page, filled in from what the stay knows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from doorstep.journeys import discharge
from doorstep.journeys.discharge import Homeward
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.web import record
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.templatetags.words import concept, short_day
from doorstep.web.ward import shown
from doorstep.web.ward.access import language, on_ward
from doorstep.web.ward.stay_page import boxes_of
from doorstep.workflows import affiliation, bookable, clinics, followup, stay
from doorstep.workflows.bookable import MEMBER, Place
from doorstep.workflows.coordination import day
from doorstep.workflows.followup import Extras, PlanDrug, PlanItem
from doorstep.workflows.stay import Closing

DRUG_ROWS: Final = 10
ITEM_ROWS: Final = 4
SLOTS: Final = 8
_KINDS: Final = (
    (followup.VISIT, "down.kind-visit"),
    (followup.TEST, "down.kind-test"),
    (followup.OTHER, "down.kind-other"),
)
_CHANGES: Final = ((followup.CONTINUE, "down.change-continue"), (followup.BEGIN, "down.change-new"),
                   (followup.END, "down.change-stop"))  # fmt: skip


@on_ward
def page(request: Any, encounter: str) -> HttpResponse:
    """The discharge; sent, it ends the stay and sends the plan home."""
    return _answer(request, encounter, again=False)


@on_ward
def again(request: Any, encounter: str) -> HttpResponse:
    """The plan alone, to another township, when the first could not."""
    return _answer(request, encounter, again=True)


def _answer(request: Any, encounter: str, *, again: bool) -> HttpResponse:
    if request.person.role not in stay.DOCTORS:
        raise Forbidden("ward.doctors-only")
    if request.method != "POST":
        return _page(request, encounter, {}, {}, 200, again=again)
    try:
        _send(request, encounter, again=again)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, encounter, by_box(refusal, language()), request.POST, refusal.status, again=again)
    messages.success(request, words("ward.done-discharge" if not again else "down.done-send", language()))
    return HttpResponseRedirect(f"/ward/{encounter}/")


def _send(request: Any, encounter: str, *, again: bool) -> None:
    data, store, actor = request.POST, request.store, request.person.actor
    homeward = _homeward(data) if data.get("receiver") else None
    if again:
        if homeward is None:
            raise Invalid("down.choose-receiver", element="receiver")
        store.run(actor, discharge.send_again, encounter=encounter, homeward=homeward)
        return
    with store.snapshot(actor) as reads:
        task = stay.task_of(reads, encounter)["id"]
    names = ("outcome", "disposition", "diagnosis", "course", "advice", "results", "diagnosis_code")
    closing = Closing(**{name: data.get(name, "") for name in names})
    store.run(actor, discharge.discharge, task=task, closing=closing, homeward=homeward)


def _homeward(data: Any) -> Homeward:
    items = []
    for at in range(ITEM_ROWS):
        text, by = data.get(f"items[{at}].text", "").strip(), data.get(f"items[{at}].by", "").strip()
        if text:
            items.append(PlanItem(text, _day(by, f"items[{at}].by"), data.get(f"items[{at}].kind", "")))
    drugs = [
        PlanDrug(data.get(f"drugs[{at}].text", ""), data.get(f"drugs[{at}].dose", ""),
                 data.get(f"drugs[{at}].change", ""), data.get(f"drugs[{at}].why", ""))
        for at in range(DRUG_ROWS) if data.get(f"drugs[{at}].text", "").strip()
    ]  # fmt: skip
    extras = Extras(tuple(drugs), tuple(data.get("flags", "").splitlines()), data.get("phone", ""))
    return Homeward(data["receiver"], tuple(items), extras, data.get("slot", ""))


def _day(text: str, element: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("web.plan-day", element=element) from None


# -- the page


def _page(
    request: Any, encounter: str, errors: dict[str, str], given: Any, status: int, *, again: bool
) -> HttpResponse:
    now, here = request.store.clock.now(), request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        if not stay.is_stay(found) or found["serviceProvider"]["reference"] != here:
            raise NotFound("read.not-found", type="Encounter", id=encounter)
        names, resident = Names(reads), Ref.parse(found["subject"]["reference"]).id
        task = stay.task_of(reads, encounter)
        sender = discharge.sender_of(reads, task)
        receivers = _receivers(reads, here, names)
        home = given.get("receiver") or sender or _home_of(reads, resident, receivers)
        context = {
            "encounter": found, "banner": record.banner(reads, resident), "errors": errors, "given": given,
            "failed": bool(errors), "again": again, "days": stay.days(found, now), "receivers": receivers,
            "receiver": home, "must_reply": bool(sender), "kinds": _KINDS, "changes": _CHANGES,
            "outcomes": list(reasons("stay.outcome").items()),
            "dispositions": list(reasons("stay.disposition").items()),
            "blockers": [(key, boxes_of(each), each["id"])
                         for key, each in stay.blockers(reads, f"Encounter/{encounter}")],
            "slots": _slots(reads, home, now), "shown": _closing(reads, found, resident, names, bool(sender)),
            "drugs": _drugs(reads, resident, encounter, now, given), "items": _items(reads, found, now, given),
            "flags": given.get("flags", words("down.flags-default", language())),
            "phone": given.get("phone", "") or request.store.setting("help.phone", ""),
        }  # fmt: skip
    return render(request, "ward/discharge.html", context, status=status)


def _receivers(reads: Reads, here: str, names: Names) -> list[tuple[str, str]]:
    """The institutions whose patients we take: those who may take them back."""
    query = [("participating-organization", here), ("role", f"{affiliation.SYSTEM}|{affiliation.REFERRAL}")]
    today = day(reads.actor.at) if reads.actor.at else date.today()
    found = {row["organization"]["reference"] for row in reads.search("OrganizationAffiliation", query)
             if affiliation.in_force(row, today, today)}  # fmt: skip
    return sorted(((each, names.of(each)) for each in found if each != here), key=lambda pair: pair[1])


def _home_of(reads: Reads, resident: str, receivers: list[tuple[str, str]]) -> str:
    home = reads.read("Patient", resident).get("managingOrganization", {}).get("reference", "")
    return str(home) if home in dict(receivers) else ""


def _closing(reads: Reads, found: dict[str, Any], resident: str, names: Names, referred: bool) -> dict[str, str]:
    """What the boxes of the summary begin with."""
    said = [note.text for note in shown.notes(reads, found["id"]) if note.signed and note.kind != "summary"]
    lines = []
    for report in _reports(reads, found, resident, names):
        values = ", ".join(f"{concept(each.code)} {each.value} {each.unit}".strip() for each in report.values)
        lines.append(" ".join(part for part in (short_day(report.at), concept(report.code), values, report.conclusion)
                              if part))  # fmt: skip
    return {
        "outcome": "improved", "disposition": "primary" if referred else "home",
        "diagnosis": found["reasonCode"][0]["text"], "results": "\n".join(lines),
        "course": "\n".join(reversed(said[:3])), "advice": words("down.advice-default", language()),
    }  # fmt: skip


def _drugs(reads: Reads, resident: str, encounter: str, now: int, given: Any) -> list[dict[str, str]]:
    """The rows of the drug table: as typed, else what the ward gives now and what it stopped of the drugs from home."""
    if given:
        return [{name: given.get(f"drugs[{at}].{name}", "") for name in ("text", "dose", "change", "why")}
                for at in range(DRUG_ROWS)]  # fmt: skip
    rows = [
        {"text": each.name, "dose": each.dose if each.from_home else f"{each.dose} {each.often}".strip(),
         "change": followup.CONTINUE if each.from_home else followup.BEGIN,
         "why": "" if each.from_home else words("down.begun-here", language())}
        for each in shown.drugs(reads, encounter, now)
    ]  # fmt: skip
    rows += [{"text": each["name"], "dose": "", "change": followup.END, "why": each["why"]}
             for each in shown.home(reads, resident, encounter, now) if each["code"] == "stop"]  # fmt: skip
    empty = {"text": "", "dose": "", "change": followup.BEGIN, "why": ""}
    return (rows + [dict(empty) for _ in range(2)])[:DRUG_ROWS]


def _reports(reads: Reads, found: dict[str, Any], resident: str, names: Names) -> list[record.Report]:
    """The reports since the admission, newest first."""
    return [each for each in record.reports(reads, resident, names, 4) if each.at >= found["period"]["start"][:10]]


def _items(reads: Reads, found: dict[str, Any], now: int, given: Any) -> list[dict[str, str]]:
    """The rows of what is to be done: the first visit in its time, and the abnormal test of the stay again."""
    if given:
        return [{name: given.get(f"items[{at}].{name}", "") for name in ("text", "by", "kind")}
                for at in range(ITEM_ROWS)]  # fmt: skip
    today = day(now)
    first = today + timedelta(days=policy("down.first", on=today, reads=reads).amount)
    rows = [{"text": words("down.first-visit", language()), "by": first.isoformat(), "kind": followup.VISIT}]
    resident = Ref.parse(found["subject"]["reference"]).id
    off = next((each for each in _reports(reads, found, resident, Names(reads)) if each.abnormal), None)
    if off is not None:
        text = words("down.test-again", language(), test=concept(off.code))
        by = today + timedelta(days=policy("down.test-again", on=today, reads=reads).amount)
        rows.append({"text": text, "by": by.isoformat(), "kind": followup.TEST})
    empty = {"text": "", "by": "", "kind": followup.OTHER}
    return (rows + [dict(empty) for _ in range(ITEM_ROWS)])[:ITEM_ROWS]


def _slots(reads: Reads, receiver: str, now: int) -> list[tuple[str, str, str]]:
    """(Slot, when, clinic) of the first places that we may book at the township."""
    found = []
    released = bookable.releases(reads, now)
    for service in clinics.clinics(reads, receiver) if receiver else []:
        for schedule in clinics.schedules(reads, f"HealthcareService/{service['id']}"):
            for slot in clinics.ahead(reads, schedule["id"], now=now)[: SLOTS * 2]:
                if Place(slot, 0, schedule, service).free_to(MEMBER, now, released):
                    found.append((str(slot["id"]), str(slot["start"]), str(service["name"])))
    return sorted(found, key=lambda each: each[1])[:SLOTS]
