"""Bulk Data Access (FHIR bulk export, FHIR Asynchronous Request Pattern): system, Patient and Group level.

``GET|POST [base]/$export``, ``[base]/Patient/$export``, ``[base]/Group/[id]/$export`` with Prefer: respond-async answer
202 and where to look; the manifest lists NDJSON files. Who may is a named right; the purpose is stated (parameter
_purpose or header X-Purpose-Of-Use); above the policy's number of identified records a second person approves. Job and
files belong to the asker, hold what the asker may see when they fetch them, and expire.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from doorstep.kernel import bulk, exact, roles
from doorstep.kernel.access import ADMINISTRATOR, SYSTEM
from doorstep.kernel.audit import Access
from doorstep.kernel.bulk import Asked, Job
from doorstep.kernel.clock import http_date, instant
from doorstep.kernel.definitions import definitions
from doorstep.kernel.due import Due
from doorstep.kernel.errors import BadRequest, BrokenReference, Forbidden, NotFound, RuleBroken, TooCostly
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import access, hooks, query
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service
from doorstep.terms.policies import in_force
from doorstep.workflows import exporting
from doorstep.workflows.coordination import day, moment, state_of

RIGHT: Final = "export"
PURPOSES: Final[Mapping[str, tuple[str, ...]]] = {
    "public-health": ("PUBHLTH", "HOPERAT"), "gateway": ("TREAT", "HOPERAT", "HPAYMT"),
    ADMINISTRATOR: ("HOPERAT", "PUBHLTH", "TREAT", "HPAYMT"),
}  # fmt: skip
"""What each role with the right may export for; research goes only through de-identified data."""
FORMATS: Final = ("application/fhir+ndjson", "application/ndjson", "ndjson")
NDJSON: Final = ("Content-Type", "application/fhir+ndjson")
MEMBERS: Final = 5_000
_AGAIN: Final = "1"


def register(store: Store) -> None:
    """Tell the due runner how an export is made."""
    store.runner.delivery(bulk.RUN, lambda due: _run(store, due))


def system(service: Service, request: Request) -> Response:
    """Everything that the asker may see."""
    return _kick(service, request, Asked(()))


def patients(service: Service, request: Request) -> Response:
    """The records of all residents whom the asker may see."""
    return _kick(service, request, Asked((), people=True))


def group(service: Service, request: Request) -> Response:
    """The records of the residents of one Group."""
    type_name, id_ = request.args
    _check_right(request.actor)
    stored = service.store.read_once(request.actor, type_name, id_)
    references = [member["entity"].get("reference", "") for member in exact.decode(stored.body).get("member", ())
                  if not member.get("inactive")]  # fmt: skip
    members = tuple(sorted(each.removeprefix("Patient/") for each in references if each.startswith("Patient/")))
    if len(members) > MEMBERS:
        raise TooCostly("export.group-too-large", limit=MEMBERS)
    access.record(service, request, "read", type=type_name, refs=(str(stored.ref),), part=stored.part)
    return _kick(service, request, Asked((), people=True, residents=members))


def status(service: Service, request: Request) -> Response:
    """How far a job is: 202 while it is made or waits, 200 with the manifest, 403 when it was refused."""
    job = _own(service.store, request.actor, request.args[0])
    if job.state == bulk.READY:
        return Response(200, [("Content-Type", "application/json"), ("Expires", http_date(job.expires))],
                        json.dumps(_manifest(request, job)).encode())  # fmt: skip
    if job.state == bulk.WAITING and not job.task:
        raise Forbidden("export.nobody-to-ask")
    if job.state == bulk.WAITING:
        with service.store.snapshot(SYSTEM, audited=False) as reads:
            state = state_of(reads.read("Task", job.task.removeprefix("Task/")))
        if state in ("refused", "withdrawn", "lapsed"):
            raise Forbidden("export.not-approved", task=job.task)
        return Response(202, [("X-Progress", f"waiting for approval: {job.task}"), ("Retry-After", "60")])
    return Response(202, [("X-Progress", job.state), ("Retry-After", _AGAIN)])


def cancel(service: Service, request: Request) -> Response:
    """The asker no longer wants the job."""
    job = _own(service.store, request.actor, request.args[0])
    bulk.drop(service.store.engine, job.id)
    return Response(202, [])


def file(service: Service, request: Request) -> Response:
    """One file of a job: NDJSON, as the asker may see it now."""
    id_, type_name, number = request.args
    _check_right(request.actor)
    job = _own(service.store, request.actor, id_)
    place = int(number) if number.isascii() and number.isdigit() and len(number) < 7 else -1
    if job.state != bulk.READY or not 0 <= place < len(job.slices) or job.slices[place].type != type_name:
        raise NotFound("export.no-such-job", id=id_)
    actor = replace(request.actor, purpose=job.actor.purpose, at=service.store.clock.now())
    with service.store.engine.reader(actor) as reader:
        found = bulk.texts(reader, actor, job.asked, job.slices[place])
    service.store.audit(Access(actor, "$export", type_name, query=f"{job.id} {type_name}={len(found)}"))
    return Response(200, [NDJSON], "".join(text + "\n" for text in found).encode())


def _kick(service: Service, request: Request, asked: Asked) -> Response:
    actor = request.actor
    _check_right(actor)
    if "respond-async" not in request.header("Prefer"):
        raise BadRequest("export.asynchronous-only", element="Prefer")
    if request.method == "POST":
        _take_parameters(service, request)
    request.allow("_type", "_since", "_outputFormat", "_purpose")
    purpose = query.take(request.pairs, "_purpose") or request.header("X-Purpose-Of-Use").strip()
    if actor.role == ADMINISTRATOR:
        purpose = purpose or actor.purpose
    if purpose not in PURPOSES.get(actor.role, ()):
        allowed = ", ".join(PURPOSES.get(actor.role, ()))
        raise RuleBroken("export.purpose-missing", element="_purpose", allowed=allowed)
    store = service.store
    bulk.drop_expired(store.engine, store.clock.now())
    url = f"{request.base}/{request.path}" + (f"?{request.environ['QUERY_STRING']}" if request.pairs else "")
    wanted = replace(asked, types=_types(request), since=_since(request), request=url)
    who = replace(actor, purpose=purpose)
    now = store.clock.now()
    keep = sum(in_force(store, key, on=day(now)).microseconds for key in ("export.keep", "export.answer"))
    id_ = bulk.kick(store, who, wanted, expires=now + keep)
    store.audit(Access(who, "$export", query=f"{id_} {' '.join(wanted.types) or '*'} {purpose}"))
    store.runner.wake()
    return Response(202, [("Content-Location", f"{request.base}/$export-status/{id_}")])


def _take_parameters(service: Service, request: Request) -> None:
    """Add what a Parameters resource says to the parameters of the address."""
    if not request.read_body(service):
        return
    value, _ = request.resource(service, "Parameters")
    for place, each in enumerate(value.get("parameter", ())):
        said = next((each[name] for name in ("valueString", "valueInstant", "valueCode") if name in each), None)
        if said is None:
            name = str(each.get("name"))
            raise BadRequest("rest.parameter-type", element=f"Parameters.parameter[{place}]", name=name)
        request.pairs.append((str(each["name"]), str(said)))


def _check_right(actor: Actor) -> None:
    if not roles.may(actor.role, RIGHT):
        raise Forbidden("export.no-right", role=actor.role)


def _types(request: Request) -> tuple[str, ...]:
    formats = query.take(request.pairs, "_outputFormat")
    if formats is not None and formats not in FORMATS:
        raise BadRequest("export.bad-format", element="_outputFormat", format=formats)
    text = ",".join(value for name, value in request.pairs if name == "_type")
    found = tuple(dict.fromkeys(each.strip() for each in text.split(",") if each.strip()))
    for name in found:
        if name not in definitions().number:
            raise BadRequest("rest.unknown-type", element="_type", type=name)
    return found


def _since(request: Request) -> int:
    text = query.take(request.pairs, "_since")
    if text is None:
        return 0
    try:
        if "T" not in text:
            raise ValueError(text)
        return moment(text)
    except (ValueError, OverflowError):
        raise BadRequest("export.bad-since", element="_since", value=text) from None


def _own(store: Store, actor: Actor, id: str) -> Job:
    """A job of this person in this role of this institution; to everybody else it is not there."""
    job = bulk.find(store.engine, id)
    if job is None or job.expires <= store.clock.now() or _who(job.actor) != _who(actor):
        raise NotFound("export.no-such-job", id=id)
    return job


def _who(actor: Actor) -> tuple[str, ...]:
    return actor.account, actor.person, actor.role, actor.organization, actor.scopes, actor.patient


def _manifest(request: Request, job: Job) -> dict[str, Any]:
    return {
        "transactionTime": instant(job.made),
        "request": job.asked.request,
        "requiresAccessToken": True,
        "output": [
            {"type": each.type, "url": f"{request.base}/$export-file/{job.id}/{each.type}/{place}", "count": each.count}
            for place, each in enumerate(job.slices)
        ],
        "error": [],
    }  # fmt: skip


def _run(store: Store, due: Due) -> None:
    """Make an export, or ask the second person for it. May be run again with the same row."""
    job = bulk.find(store.engine, due.payload["job"])
    now = store.clock.now()
    if job is None or job.state == bulk.READY or job.expires <= now:
        return
    if not hooks.stands(store, job.actor, now):
        bulk.drop(store.engine, job.id)
        return
    actor = replace(job.actor, at=now)
    with store.engine.reader(actor) as reader:
        slices = bulk.plan(reader, actor, job.asked)
    identified = sum(each.identified for each in slices)
    names = sorted({each.type for each in slices})
    if identified > in_force(store, "export.approval", on=day(now)).amount and not due.payload.get("approved"):
        if job.state == bulk.ACCEPTED:
            bulk.wait(store.engine, job.id, _ask(store, job, identified, names))
        return
    bulk.ready(store.engine, job.id, slices, expires=now + in_force(store, "export.keep", on=day(now)).microseconds)
    counts = ",".join(f"{name}={sum(each.count for each in slices if each.type == name)}" for name in names)
    store.audit(Access(actor, "$export", refs=tuple(names), query=f"{job.id} {counts} identified={identified}"))


def _ask(store: Store, job: Job, count: int, names: list[str]) -> str:
    """The Task of the second person; "" when the asker is nobody whom the record knows, so that none can be asked."""
    try:
        task = store.run(job.actor, exporting.ask, job=job.id, purpose=job.actor.purpose, count=count,
                         types=", ".join(names))  # fmt: skip
    except BrokenReference:
        return ""
    return str(task.ref)
