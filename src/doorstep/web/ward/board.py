"""The beds of a ward as cards: who lies there since when, what is due, which bed is free, kept or being cleaned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from doorstep.journeys import admission
from doorstep.kernel import exact
from doorstep.kernel.errors import Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import systems
from doorstep.web import lists
from doorstep.web.lists import Clock, Names
from doorstep.web.refusals import explain, words
from doorstep.web.ward.access import language, on_ward
from doorstep.workflows import beds, referral, stay, ward_drug
from doorstep.workflows.beds import Bed
from doorstep.workflows.coordination import boxes, day, state_of, workflow_of
from doorstep.workflows.identity import Card, card

Resource = dict[str, Any]

CLEANING: Final = "cleaning"
TONES: Final = {beds.FREE: "done", beds.KEPT: "info", beds.OCCUPIED: "warn", CLEANING: "back", beds.OUT: "off"}
LABELS: Final = {beds.FREE: "ward.bed-free", beds.KEPT: "ward.bed-held", beds.OCCUPIED: "ward.bed-occupied",
                 CLEANING: "ward.bed-cleaning", beds.OUT: "ward.bed-out"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class BedCard:
    """One bed. ``encounter`` is the stay of whoever lies in it; ``due`` (message key, number) what waits to be done."""

    bed: Bed
    state: str
    label: str
    tone: str
    encounter: str = ""
    who: Card | None = None
    diagnosis: str = ""
    days: int = 0
    allergic: bool = False
    critical: bool = False
    due: tuple[tuple[str, int], ...] = ()
    clock: Clock | None = None
    kept_for: str = ""

    @property
    def id(self) -> str:
        return Ref.parse(self.bed.reference).id


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody who was referred and is awaited, or is here without a bed."""

    task: str
    who: Card | None
    what: str
    sender: str
    here: bool


@on_ward
def show(request: Any) -> HttpResponse:
    """The board of the institution, or of one of its wards."""
    return _page(request, "", 200)


@on_ward
@require_POST
def cleaned(request: Any, bed: str) -> HttpResponse:
    """A bed that was left is ready."""
    ward = request.POST.get("ward", "")
    try:
        request.store.run(request.person.actor, admission.cleaned, bed=f"Location/{bed}")
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, explain(refusal, language())[0], refusal.status)
    messages.success(request, words("ward.done-cleaned", language()))
    return HttpResponseRedirect("/ward/?" + urlencode({"ward": ward}) if ward else "/ward/")


def _page(request: Any, wrong: str, status: int) -> HttpResponse:
    now, here = request.store.clock.now(), request.person.organization
    ward = request.GET.get("ward", request.POST.get("ward", ""))
    with request.store.snapshot(request.person.actor) as reads:
        every = beds.board(reads, here)
        wards = dict.fromkeys((Ref.parse(bed.ward_reference).id, bed.ward) for bed in every if bed.ward_reference)
        if ward not in {id_ for id_, _ in wards}:
            ward = ""
        chosen = [bed for bed in every if ward in ("", bed.ward_reference.removeprefix("Location/"))]
        cards = _cards(reads, chosen, here, now)
        coming = _coming(reads, here, now)
    counts = Counter(each.state for each in cards)
    context = {
        "cards": cards, "coming": coming, "wards": wards, "ward": ward, "wrong": wrong, "every": len(every),
        "counts": [(LABELS[state], counts[state]) for state in LABELS if counts[state]],
        "may_admit": request.person.role in stay.DOCTORS,
    }  # fmt: skip
    return render(request, "ward/board.html", context, status=status)


def _cards(reads: Reads, every: list[Bed], here: str, now: int) -> list[BedCard]:
    stays = _stays(reads, [bed.holder for bed in every if bed.state == beds.OCCUPIED])
    tasks = _tasks(reads, here)
    given = _given(reads, list(stays), now)
    allergic = _allergic(reads, {who.id for _, who in stays.values() if who})
    found = []
    for bed in every:
        state = _state(reads, bed)
        kept_for = bed.holder.removeprefix("Task/") if state == beds.KEPT else ""
        plain = BedCard(bed, state, LABELS[state], TONES[state], kept_for=kept_for)
        if bed.holder in stays:
            encounter, who = stays[bed.holder]
            own = tasks.get(bed.holder, [])
            clocks = [clock for each in own if workflow_of(each) == "stay" and (clock := lists.clock(each, now))]
            plain = BedCard(
                bed, state, LABELS[state], TONES[state], encounter["id"], who, encounter["reasonCode"][0]["text"],
                stay.days(encounter, now), bool(who and who.id in allergic),
                any(workflow_of(each) == "critical" for each in own), _due(own, given.get(bed.holder, [])),
                clocks[0] if clocks else None,
            )  # fmt: skip
        found.append(plain)
    return found


def _state(reads: Reads, bed: Bed) -> str:
    if bed.state != beds.OUT:
        return bed.state
    location = reads.read("Location", Ref.parse(bed.reference).id)
    return CLEANING if location.get("operationalStatus", {}).get("code") == admission.CLEANING else beds.OUT


def _stays(reads: Reads, holders: list[str]) -> dict[str, tuple[Resource, Card | None]]:
    """ "Encounter/x" -> the stay and whose it is."""
    ids = [Ref.parse(each).id for each in holders if each.startswith("Encounter/")]
    if not ids:
        return {}
    query = [("_id", ",".join(ids)), ("_include", "Encounter:patient"), ("_count", str(len(ids)))]
    page = reads.page("Encounter", query, strict=True)
    people = {f"Patient/{row.id}": card(exact.decode(row.body)) for row in page.includes if row.type_name == "Patient"}
    found = [exact.decode(row.body) for row in page.matches]
    return {f"Encounter/{each['id']}": (each, people.get(each["subject"]["reference"])) for each in found}


def _tasks(reads: Reads, here: str) -> dict[str, list[Resource]]:
    """What is open on our wards, by stay."""
    codes = ",".join(f"{systems.WORKFLOW}|{name}" for name in ("stay", "ward-note", "ward-drug", "critical"))
    found: dict[str, list[Resource]] = {}
    for task in reads.search("Task", [("owner", here), ("code", codes), ("status", lists.OPEN)]):
        found.setdefault(task.get("encounter", {}).get("reference", ""), []).append(task)
    return found


def _given(reads: Reads, stays: list[str], now: int) -> dict[str, list[Resource]]:
    """The doses of today, by stay."""
    found: dict[str, list[Resource]] = {}
    if stays:
        query = [("context", ",".join(stays)), ("effective-time", day(now).isoformat())]
        for dose in reads.search("MedicationAdministration", query):
            found.setdefault(dose["context"]["reference"], []).append(dose)
    return found


def _allergic(reads: Reads, people: set[str]) -> set[str]:
    if not people:
        return set()
    found = reads.search("AllergyIntolerance", [("patient", ",".join(f"Patient/{each}" for each in sorted(people)))])
    return {Ref.parse(each["patient"]["reference"]).id for each in found}


def _due(tasks: list[Resource], given: list[Resource]) -> tuple[tuple[str, int], ...]:
    doses = sum(ward_drug.due_today(task, given) for task in tasks if workflow_of(task) == "ward-drug")
    unsigned = sum(workflow_of(task) == "ward-note" for task in tasks)
    return tuple((label, n) for label, n in (("ward.due-doses", doses), ("ward.due-notes", unsigned)) if n)


def _coming(reads: Reads, here: str, now: int) -> list[Coming]:
    """Referrals that we have accepted and that lie in no bed yet."""
    query = [("owner", here), ("code", f"{systems.WORKFLOW}|{referral.TABLE.name}"), ("status", "accepted,in-progress"),
             ("_include", "Task:patient")]  # fmt: skip
    page = reads.page("Task", query, strict=True)
    people = {f"Patient/{row.id}": card(exact.decode(row.body)) for row in page.includes if row.type_name == "Patient"}
    names = Names(reads)
    staying = {each["reference"] for task in reads.search("Task", [
        ("owner", here), ("code", f"{systems.WORKFLOW}|{stay.TABLE.name}"), ("status", "in-progress"),
    ]) for each in task.get("partOf", ())}  # fmt: skip
    found = []
    for row in page.matches:
        task = exact.decode(row.body)
        if state_of(task) in ("accepted", "arrived") and f"Task/{task['id']}" not in staying:
            impression = boxes(task.get("input", [])).get("impression", "") or lists.item_of(task)
            found.append(Coming(task["id"], people.get(task["for"]["reference"]), impression,
                                names.of(task["requester"]["reference"]), state_of(task) == "arrived"))  # fmt: skip
    return found
