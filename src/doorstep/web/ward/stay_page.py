"""One stay on one page: the record at the left, notes and results in the middle, orders, drugs and consent right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from doorstep.journeys import admission, ordering, ward_ordering
from doorstep.journeys.ordering import Line
from doorstep.kernel.errors import NotFound, Refusal
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.terms.catalogue import Test, orderables, reasons
from doorstep.web import lists, record
from doorstep.web.lists import Names
from doorstep.web.refusals import by_box, words
from doorstep.web.templatetags.words import concept, short_day
from doorstep.web.ward import shown
from doorstep.web.ward.access import language, on_ward
from doorstep.workflows import affiliation, beds, down, home_drugs, informed, recognition, stay, ward_drug, ward_note
from doorstep.workflows.coordination import boxes, state_of
from doorstep.workflows.home_drugs import Choice
from doorstep.workflows.informed import Told
from doorstep.workflows.recognition import Redo

Data = Any
KINDS: Final = tuple((kind, label) for kind, (_, label) in ward_note.KINDS.items()
                     if kind not in ("addendum", "summary"))  # fmt: skip


@on_ward
def show(request: Any, encounter: str) -> HttpResponse:
    """The stay as it stands."""
    return _page(request, encounter, {}, {}, "", 200)


@on_ward
@require_POST
def act(request: Any, encounter: str, act: str) -> HttpResponse:
    """One act in the stay; a refusal shows the page again with what was typed and why."""
    doing = ACTS.get(act)
    if doing is None:
        raise NotFound("web.no-such-act", act=act)
    actor, data = request.person.actor, request.POST
    try:
        doing(request.store, actor, encounter, data)
    except Refusal as refusal:
        if refusal.status == 404:
            raise
        return _page(request, encounter, by_box(refusal, language()), data, act, refusal.status)
    messages.success(request, words(DONE[act], language()))
    return HttpResponseRedirect("/ward/" if act == "cancel" else f"/ward/{encounter}/")


# -- the acts


def _note(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    quotes, text = data.getlist("quote"), data.get("text", "")
    if quotes:
        with store.snapshot(actor) as reads:
            text = "\n".join([text, *(_quoted(reads, each) for each in quotes)])
    store.run(actor, admission.note, encounter=encounter, kind=data.get("kind", "progress"), text=text,
              quotes=tuple(quotes), appends=data.get("appends", ""), signed=data.get("signed") == "yes")  # fmt: skip


def _drug(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    store.run(actor, ward_ordering.order, encounter=encounter, drug=data.get("drug", ""), dose=data.get("dose", ""),
              frequency=data.get("frequency", ""), note=data.get("drug_note", ""), why=data.get("why", ""))  # fmt: skip


def _reconcile(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    rows = range(len(data.getlist("request")))
    choices = [
        Choice(data.getlist("request")[at], data.get(f"choice[{at}]", ""), data.get(f"why[{at}]", ""),
               data.get(f"dose[{at}]", ""), data.get(f"frequency[{at}]", "") or "qd", data.get(f"reason[{at}]", ""))
        for at in rows
    ]  # fmt: skip
    store.run(actor, admission.reconcile, encounter=encounter, choices=choices)


def _consent(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    names = ("form", "signer", "relation", "witness", "answer", "scan", "ticked", "about")
    store.run(actor, informed.record, encounter=encounter, told=Told(**{name: data.get(name, "") for name in names}))


def _order(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    redo = Redo(data["why"], data.get("explained") == "yes") if data.get("why") else None
    lines = [Line(code, priority=data.get("priority", "routine"), redo=redo) for code in data.getlist("tests")]
    store.run(actor, ordering.sign, encounter=encounter, lines=lines)


def _stay(command: Callable[..., Any], **boxes_: str) -> Callable[[Store, Actor, str, Data], None]:
    """A command on the stay's Task; box -> the name of the parameter."""

    def run(store: Store, actor: Actor, encounter: str, data: Data) -> None:
        with store.snapshot(actor) as reads:
            task = stay.task_of(reads, encounter)["id"]
        store.run(actor, command, task=task, **{name: data.get(box, "") for box, name in boxes_.items()})

    return run


def _transfer(store: Store, actor: Actor, encounter: str, data: Data) -> None:
    with store.snapshot(actor) as reads:
        task = stay.task_of(reads, encounter)["id"]
    store.run(actor, admission.transfer, task=task, bed=f"Location/{data['bed']}" if data.get("bed") else "")


def _task(command: Callable[..., Any], *names: str) -> Callable[[Store, Actor, str, Data], None]:
    """A command on the Task that a row of the page names."""

    def run(store: Store, actor: Actor, encounter: str, data: Data) -> None:
        store.run(actor, command, task=data.get("task", ""), **{name: data.get(name, "") for name in names})

    return run


ACTS: Final[dict[str, Callable[[Store, Actor, str, Data], None]]] = {
    "note": _note, "sign": _task(admission.sign), "revise": _task(ward_note.revise, "text"),
    "strike": _task(ward_note.strike, "reason"), "drug": _drug, "give": _task(ward_drug.give, "note"),
    "withhold": _task(ward_drug.withhold, "reason"), "stop": _task(ward_drug.stop, "reason"),
    "reconcile": _reconcile, "consent": _consent, "order": _order, "transfer": _transfer,
    "cancel": _stay(admission.cancel, reason="reason"),
}  # fmt: skip
DONE: Final = {
    "note": "ward.done-note", "sign": "ward.done-sign", "revise": "ward.done-note", "strike": "ward.done-strike",
    "drug": "ward.done-drug", "give": "ward.done-give", "withhold": "ward.done-withhold", "stop": "ward.done-stop",
    "reconcile": "ward.done-reconcile", "consent": "ward.done-consent", "order": "web.done-order",
    "transfer": "ward.done-transfer", "cancel": "ward.done-cancel",
}  # fmt: skip


# -- the page


def _page(request: Any, encounter: str, errors: dict[str, str], given: Any, failed: str, status: int) -> HttpResponse:
    now, here = request.store.clock.now(), request.person.organization
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Encounter", encounter)
        if not stay.is_stay(found):
            raise NotFound("read.not-found", type="Encounter", id=encounter)
        resident = Ref.parse(found["subject"]["reference"]).id
        names = Names(reads)
        ours = found["serviceProvider"]["reference"] == here
        running = ours and found["status"] == "in-progress"
        context = {
            "encounter": found, "ours": ours, "open": running, "errors": errors, "given": given, "failed": failed,
            "asked": shown.asked(errors),
            **_head(reads, found, names, now), **_rail(reads, resident, names),
            "notes": shown.notes(reads, encounter), "results": shown.results(reads, resident, names, here),
            "drugs": shown.drugs(reads, encounter, now), "home": shown.home(reads, resident, encounter, now),
            "told": shown.told(reads, resident, encounter),
            "rows": lists.of_encounter(reads, encounter=f"Encounter/{encounter}", now=now),
            **(_forms(reads, request, found) if running else {}),
        }  # fmt: skip
    context["undecided"] = [each for each in context["home"] if not each["code"]]
    return render(request, "ward/stay.html", context, status=status)


def _head(reads: Reads, found: dict[str, Any], names: Names, now: int) -> dict[str, Any]:
    task = stay.task_of(reads, found["id"])
    about = f"Encounter/{found['id']}"
    outcome = stay.outcome_of(found)
    places = [(_place(reads, each["location"]["reference"]), each.get("period", {})) for each in found["location"]]
    return {
        "row": lists.row(task, None, names, now), "days": stay.days(found, now), "task": task,
        "number": stay.number_of(found),
        "places": places, "bed": places[-1][0] if stay.bed_of(found) else "",
        "diagnosis": found["reasonCode"][0]["text"], "source": found["hospitalization"]["admitSource"],
        "outcome": {"coding": [outcome]} if outcome else None,
        "disposition": found["hospitalization"].get("dischargeDisposition"),
        "blockers": [(key, boxes_of(each), each["id"]) for key, each in stay.blockers(reads, about)],
        "sent_home": [lists.row(each, None, names, now) for each in reads.search("Task", [
            ("encounter", about), ("code", f"{systems.WORKFLOW}|{down.TABLE.name}"), ("_sort", "-authored-on")])],
        "may_resend": bool(outcome) and not down.open_of(reads, about),
        "plan": _plan_of(reads, about),
    }  # fmt: skip


def boxes_of(task: dict[str, Any]) -> str:
    """What a Task that holds a discharge back is about, in words."""
    value = boxes(task.get("input", [])).get("value", "")
    return (
        f"{lists.item_of(task) or task.get('description', '')} {'' if value in lists.item_of(task) else value}".strip()
    )


def _plan_of(reads: Reads, about: str) -> str:
    tasks = reads.search("Task", [("encounter", about), ("code", f"{systems.WORKFLOW}|{down.TABLE.name}"),
                                  ("_sort", "-authored-on")])  # fmt: skip
    plans = [down.plan_of(each) for each in tasks if state_of(each) != "withdrawn"]
    return plans[0].partition("/")[2] if plans else ""


def _place(reads: Reads, reference: str) -> str:
    return beds.bed_of(reads, reference).place


def _rail(reads: Reads, resident: str, names: Names) -> dict[str, Any]:
    return {
        "banner": record.banner(reads, resident), "problems": record.problems(reads, resident),
        "medicines": record.medicines(reads, resident), "signs": record.vital_signs(reads, resident),
        "visits": record.visits(reads, resident, names, 6),
    }  # fmt: skip


def _forms(reads: Reads, request: Any, found: dict[str, Any]) -> dict[str, Any]:
    person = request.person
    free = [(Ref.parse(bed.reference).id, bed) for bed in beds.free(reads, person.organization)]
    return {
        "kinds": KINDS, "free": free, "doctor": person.role in stay.DOCTORS,
        "frequencies": list(reasons("ward-drug.frequency").items()),
        "withheld": list(reasons("ward-drug.withhold").items()), "stops": list(reasons("ward-drug.stop").items()),
        "strikes": list(reasons("ward-note.strike").items()), "cancels": list(reasons("stay.cancel").items()),
        "choices": list(reasons("home-drugs.choice").items()),
        "forms": list(reasons("informed.form").items()), "relations": list(reasons("informed.relation").items()),
        "witnesses": shown.witnesses(reads, person.organization, person.reference),
        "tests": _orderable(reads, person.organization),
        "why_again": list(reasons("recognition.refuse").items()),
        "overrides": list(reasons(ward_ordering.OVERRIDE).items()),
        "unknowns": list(reasons(ward_ordering.UNKNOWN).items()),
        "earlier": _earlier(reads, found, request.store.clock.now()),
        "keep": home_drugs.KEEP,
    }  # fmt: skip


def _orderable(reads: Reads, organization: str) -> list[Test]:
    """What some centre does for us."""
    kinds = {each.kind for each in orderables().values()}
    served = {kind for kind in kinds if affiliation.partners(reads, member=organization, role=kind)}
    return [each for each in orderables().values() if each.kind in served]


def _earlier(reads: Reads, found: dict[str, Any], now: int) -> list[str]:
    """Names of the tests whose earlier result could stand for a new one."""
    matches = recognition.look_up(reads, found["subject"]["reference"], now=now)
    return [match.test.concept.code for match in matches.values() if match.report]


def _quoted(reads: Reads, reference: str) -> str:
    """A report in one line, as a note repeats it."""
    report = record.report_by_id(reads, Ref.parse(reference).id, Names(reads))
    values = ", ".join(f"{concept(each.code)} {each.value} {each.unit}".strip() for each in report.values)
    return " ".join(part for part in (short_day(report.at), concept(report.code), values, report.conclusion) if part)
