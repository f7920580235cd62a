"""AuditEvent: R4 6.9, as the IHE profile "Basic Audit Log Patterns" writes it.

``GET [base]/AuditEvent?patient=...&date=...&agent=...`` and ``GET [base]/AuditEvent/[id]`` for residents (their own
record) and privacy officers (their own institution's accesses): made from the rows of the audit when they are asked
for, and kept nowhere else. An administrator reads the AuditEvents that other systems have stored here, like any type.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from doorstep.kernel import exact, readers
from doorstep.kernel.audit import Access
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import BadRequest, NotSupported
from doorstep.kernel.readers import Seen, Wanted
from doorstep.rest import read as reading
from doorstep.rest import search as searching
from doorstep.rest.bundles import bundle, page_links
from doorstep.rest.request import Request
from doorstep.rest.response import JSON_HEADER, Response, resource
from doorstep.rest.service import Service
from doorstep.terms import systems

ROLES: Final = frozenset({"resident", "proxy", "auditor"})
PARAMETERS: Final = ("patient", "date", "agent", "action", "_count", "_cursor", "_format", "_sort")
_PROFILE: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
_INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
_AUDIT_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_OBJECT: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
_OBJECT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
_PROFILES: Final = {"C": "PatientCreate", "R": "PatientRead", "U": "PatientUpdate", "D": "PatientDelete",
                    "E": "PatientQuery"}  # fmt: skip
_MOST: Final = 200


def search(service: Service, request: Request) -> Response:
    """Who saw a resident, newest first; for other roles the stored AuditEvents."""
    if request.actor.role not in ROLES:
        return searching.search_type(service, request)
    if request.method == "POST":
        request.take_form(service)
    given = _given(request)
    wanted = _wanted(request, given)
    with service.store.snapshot(request.actor, audited=False) as reads:
        found, cursor = readers.page(reads, wanted, cursor=given.get("_cursor", ""), limit=_count(given))
    _record(service, request, "search-type", wanted.resident)
    entries = [
        b'{"fullUrl":"%s/AuditEvent/%s","resource":%s,"search":{"mode":"match"}}'
        % (request.base.encode(), seen.id.encode(), exact.encode(event(seen)))
        for seen in found
    ]
    links = page_links(request, list(request.pairs), cursor or None)
    return Response(200, [JSON_HEADER], bundle("searchset", total=None, links=links, entries=entries))


def read(service: Service, request: Request) -> Response:
    """One entry; for other roles the stored AuditEvent."""
    if request.actor.role not in ROLES:
        return reading.read(service, request)
    with service.store.snapshot(request.actor, audited=False) as reads:
        seen = readers.by_id(reads, id=request.args[1])
    _record(service, request, "read", seen.resident)
    return resource(event(seen))


def event(seen: Seen) -> dict[str, Any]:
    """A row of the audit as an AuditEvent."""
    action = _action(seen)
    made: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": seen.id,
        "meta": {"profile": [_PROFILE + _PROFILES[action]]},
        "type": {"system": _AUDIT_TYPE, "code": "rest"},
        "subtype": [{"system": _INTERACTION, "code": seen.action}],
        "action": action,
        "recorded": instant(seen.at),
        "outcome": "0" if seen.outcome < 400 else "4" if seen.outcome < 500 else "8",
        "purposeOfEvent": [{"coding": [{"system": systems.ACT_REASON, "code": seen.purpose}]}],
        "agent": [_agent(seen)],
        "source": {"observer": {"display": "Doorstep"}, "type": [{
            "system": "http://terminology.hl7.org/CodeSystem/security-source-type", "code": "4"}]},
        "entity": [_patient(seen), *(_shown(ref) for ref in seen.refs[:_MOST])],
    }  # fmt: skip
    if seen.request:
        made["entity"].append({"what": {"identifier": {"value": seen.request}},
                               "type": {"system": _PROFILE.rpartition("/")[0], "code": "XrequestId"}})  # fmt: skip
    return made


def _agent(seen: Seen) -> dict[str, Any]:
    agent: dict[str, Any] = {
        "type": {"coding": [{"system": _DICOM, "code": "110153", "display": "Source Role ID"}]},
        "role": [{"coding": [{"system": systems.STAFF_ROLE, "code": seen.role}]}],
        "who": {"reference": seen.person} if "/" in seen.person else {"display": seen.person or "unknown"},
        "requestor": True,
    }
    if seen.address:
        agent["network"] = {"address": seen.address, "type": "2"}
    if seen.organization:
        agent["extension"] = [{"url": f"{systems.BASE}/fhir/StructureDefinition/on-behalf-of",
                               "valueReference": {"reference": seen.organization}}]  # fmt: skip
    if seen.reason:
        agent["policy"] = [f"{systems.BASE}/grant/{seen.reason}"]
    return agent


def _patient(seen: Seen) -> dict[str, Any]:
    return {
        "what": {"reference": f"Patient/{seen.resident}"}, "type": {"system": _OBJECT, "code": "1"},
        "role": {"system": _OBJECT_ROLE, "code": "1"},
    }  # fmt: skip


def _shown(ref: str) -> dict[str, Any]:
    return {"what": {"reference": ref}, "type": {"system": _OBJECT, "code": "2"},
            "role": {"system": _OBJECT_ROLE, "code": "4"}}  # fmt: skip


def _action(seen: Seen) -> str:
    known = {"create": "C", "update": "U", "patch": "U", "delete": "D", "read": "R", "vread": "R"}
    return known.get(seen.action, "E")


def _given(request: Request) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, value in request.pairs:
        if name not in PARAMETERS:
            raise NotSupported("rest.unknown-parameter", element=name, name=name)
        if name != "date":
            given[name] = value
    if given.get("_sort", "-date") != "-date":
        raise NotSupported("rest.unknown-parameter", element="_sort", name="_sort")
    return given


def _wanted(request: Request, given: dict[str, str]) -> Wanted:
    own = request.actor.patient or request.actor.person.removeprefix("Patient/")
    patient = given.get("patient", "").removeprefix("Patient/") or (own if request.actor.role == "resident" else "")
    if not patient:
        raise BadRequest("privacy.patient-needed", element="patient")
    agent = given.get("agent", "")
    since, until = 0, Wanted("").until
    for name, value in request.pairs:
        if name == "date":
            low, high = _span(value)
            since, until = max(since, low), min(until, high)
    place = {"organization": agent} if agent.startswith("Organization/") else {"person": agent}
    return Wanted(patient, since, until, action=_interaction(given.get("action", "")), **place)


def _interaction(action: str) -> str:
    known = {"C": "create", "R": "read", "U": "update", "D": "delete", "E": "search-type", "": ""}
    if action not in known:
        raise BadRequest("privacy.bad-action", element="action", value=action)
    return known[action]


def _span(value: str) -> tuple[int, int]:
    """The moments that a date parameter allows: [from, until)."""
    prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
    try:
        if len(text) == 10:
            start = datetime.fromisoformat(text).replace(tzinfo=HOME)
            end = start + timedelta(days=1)
        else:
            start = datetime.fromisoformat(text)
            start = start if start.tzinfo else start.replace(tzinfo=HOME)
            end = start + timedelta(seconds=1)
        low, high = int(start.timestamp() * 1e6), int(end.timestamp() * 1e6)
    except ValueError:
        raise BadRequest("privacy.bad-date", element="date", value=value) from None
    forever = Wanted("").until
    spans = {"eq": (low, high), "ge": (low, forever), "gt": (high, forever), "le": (0, high), "lt": (0, low)}
    if prefix not in spans:
        raise NotSupported("privacy.bad-date", element="date", value=value)
    return spans[prefix]


def _count(given: dict[str, str]) -> int:
    text = given.get("_count", str(readers.PAGE))
    if not text.isdigit() or len(text) > 6:
        raise BadRequest("privacy.bad-count", element="_count", value=text)
    return max(1, min(int(text), _MOST))


def _record(service: Service, request: Request, action: str, resident: str) -> None:
    """Asking who saw a record is an access as well."""
    service.store.audit(Access(request.actor, action, "AuditEvent", resident=resident,
                               query=request.environ.get("QUERY_STRING", "")[:2000]))  # fmt: skip
