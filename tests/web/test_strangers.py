"""Given a secret about one resident, when every address of the pages is asked by whom it is not for, then it shows nothing.

The addresses come from the pages' own resolver; one whose arguments have no sample here fails the first test. Each
is asked twice, about what is there and about what never was: nothing planted may come back, the two answers must not
differ, and nothing of the record changes. Strangers work elsewhere in whatever role the page is for, so that its guard
lets them in and the record alone decides.
"""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from django.urls import get_resolver

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor, new_id, part_of_id
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.web.accounts.models import Account
from doorstep.workflows import outside_link, referral
from doorstep.workflows.coordination import item, item_reference
from doorstep.workflows.referral import Sheet
from doorstep.workflows.registry import TABLES
from tests.district import DOCTOR, HOSPITAL, LABORATORY, who
from tests.web import page_rules as rules
from tests.web.conftest import PASSWORD, Door, posting
from tests.web.test_every_page import addresses

WORD: Final = "PLANTEDWORD"
KEEPER: Final = Actor("Device/doorstep", "administrator", DOCTOR.organization, "HOPERAT", "owner")
ELSEWHERE: Final = "bailin"
ROLES: Final = ("doctor", "nurse", "registrar", "technician", "family-team", "institution-admin", "manager", "auditor",
                "security-admin", "specialist", "pharmacist")
ROLE_OF: Final[dict[str, str]] = {
    rules.PEOPLE: "institution-admin", rules.SECURITY: "security-admin", rules.OFFICER: "auditor",
    rules.ASKING_WHY: "auditor", rules.REGISTERING: "registrar", rules.REVIEWING: "registrar", rules.FRONT: "nurse",
    rules.DESKS: "registrar", rules.WEEKS: "institution-admin", rules.CARERS: "family-team",
    rules.OFFICES: "registrar", rules.FIGURES: "manager", rules.LIBRARY: "security-admin", rules.BENCH: "technician",
    rules.CARRYING: "technician", rules.TAKING: "nurse", rules.WARDS: "nurse",
}  # fmt: skip
"""Rule of a page -> as what somebody elsewhere comes to it; a doctor where nothing is said."""
NOT_ASKED: Final = frozenset({"sign-out/", "language/", "me/password/", "me/devices/end/", "me/role/", "me/factors/remove/",
                              "sign-in/again/"})
"""Addresses that end or change the asker's own session: nothing about anybody's record."""


@dataclass(slots=True)
class Target:
    """What is asked about: ids by type, and the Task of each workflow."""

    ids: dict[str, str]
    tasks: dict[str, str]
    token: str
    word: str

    def all(self) -> set[str]:
        return {*self.ids.values(), *self.tasks.values(), self.token, self.word}


# What stands in an address: by the argument's name, or by the address when one name means several things.
TYPES: Final = {"resident": "Patient", "encounter": "Encounter", "composition": "Composition", "report": "DiagnosticReport",
                "media": "Media", "plan": "CarePlan", "appointment": "Appointment", "slot": "Slot", "related": "RelatedPerson",
                "consent_": "Consent", "episode": "EpisodeOfCare", "id_": "DiagnosticReport"}
FIXED: Final = {"clinic": "shiqiao", "client": "nothing", "provider_id": "nothing", "shell": "phone", "screen": "nothing", "bed": "shiqiao-ward-1-1",
                "location": "shiqiao-1", "organization": "shiqiao", "practitioner": "zhangmin", "post": "zhangmin", "key": "nothing",
                "entry": "nothing", "analyser": "nothing", "id": "nothing", "at": "nothing", "system": "nothing", "kind": "DiagnosticReport"}
WORKFLOW: Final = {
    "reading/intake/": "intake", "reading/": "study", "referral/": "referral", "p/referral/": "referral", "lab/boxes/": "transport",
    "lab/messages/": "feed", "p/label/": "order", "p/box/": "transport", "follow/": "chronic", "desk/duplicates/": "duplicate",
    "desk/slip/": "queue", "desk/queue/": "queue", "desk/downtime/": "downtime", "desk/voice/enter/": "survey",
    "privacy/": "emergency", "r/": "emergency", "me/readers/": "emergency", "recognition/decision/": "recognition",
    "t/": "order", "inquiry/": "inquiry",
}  # fmt: skip
"""Beginning of an address -> the workflow whose Task stands in it."""
ACTS: Final = {
    "admin/accounts/": ("close",), "recognition/decision/": ("annotate",), "v/": ("sign", "draft", "edit", "look"), "w/": ("acknowledge",),
    "t/": ("accept", "acknowledge"), "admin/recognition/": ("price",), "desk/duplicates/": ("link",), "admin/institutions/": ("rename",),
    "admin/people/": ("certify",), "admin/posts/": ("end",), "admin/places/": ("rename",), "admin/policies/": ("set",),
    "me/consents/": ("give",), "me/items/": ("restrict",), "privacy/": ("confirm",), "me/booked/": ("cancel",),
    "desk/bookings/": ("cancel",), "desk/queue/": ("call",), "reading/intake/": ("propose",), "reading/": ("sign", "claim"),
    "ward/": ("note", "drug"), "follow/": ("miss",), "contracts/": ("end",), "lab/boxes/": ("put", "seal"), "lab/messages/": ("replay",),
    "admin/duty/": ("add",), "admin/systems/": ("stop-system",), "admin/codes/": ("map",), "admin/critical/": ("set",), "referral/": ("accept", "arrive"), "out/": ("accept",), "admin/schedules/": ("open",),
}  # fmt: skip
NAMES: Final = {"w/": ("mine", "sent", "late", "studies"), "privacy/": ("emergency",), "wall/": ("nothing",)}
CODES: Final = {"alliance/": ("referral-sent",), "arrive/": ("DSR-000000000000",), "admin/critical/": ("2823-3",)}
OTHER: Final = {"which": ("tests",), "what": ("note",), "name": NAMES, "code": CODES, "act": ACTS}


def samples(address: str, x: Target) -> Iterator[str]:
    """The address with what it is about in it, once for each thing that may stand there."""
    made = [address]
    for name in re.findall(r"<str:(\w+)>", address):
        made = [each.replace(f"<str:{name}>", value) for each in made for value in _values(address, name, x)]
    for each in made:
        yield "/" + each
    for query in ASKED.get(address, ()):
        for each in made:
            yield "/" + each + query.format(word=x.word, token=x.token, **{**{name.lower(): id_ for name, id_ in x.ids.items()}, **x.tasks})


def _values(address: str, name: str, x: Target) -> tuple[str, ...]:
    if name in TYPES:
        return (x.ids["Encounter" if name == "id_" and "/Encounter/" in address else TYPES[name]],)
    if name == "task":
        return tuple(x.tasks.values()) if address == "t/<str:task>/" else (x.tasks[WORKFLOW[_longest(address, WORKFLOW)]],)
    if name == "token":
        return (x.token,)
    if name in FIXED:
        return (FIXED[name],)
    among = OTHER[name]
    return among if isinstance(among, tuple) else among[_longest(address, among)]


def _longest(address: str, known: Any) -> str:
    found = [each for each in known if address.startswith(each)]
    assert found, f"{address} needs samples of its arguments in tests/web/test_strangers.py"
    return max(found, key=len)


SHOWN: Final = frozenset({
    "look/residents/", "p/label/<str:task>/", "p/plan/<str:plan>/", "p/referral/<str:task>/", "p/referral/<str:task>/slip/",
    "p/report/<str:report>/", "p/study/<str:report>/", "picture/<str:media>/", "picture/<str:media>/original/",
    "picture/<str:media>/trace.svg", "r/<str:resident>/Encounter/<str:id_>/", "reading/<str:task>/", "recognition/decision/<str:task>/",
    "report/<str:report>/", "t/<str:task>/", "t/<str:task>/preview/", "v/<str:encounter>/", "v/<str:encounter>/note/<str:composition>/",
    "desk/voice/enter/<str:task>/", "follow/<str:task>/", "inquiry/<str:task>/file/", "lab/messages/<str:task>/", "referral/<str:task>/", "v/<str:encounter>/<str:act>/",
})  # fmt: skip
"""Pages that must be seen to tell something once the rule is off: else the walk would be blind."""
ASKED: Final[dict[str, tuple[str, ...]]] = {
    "look/residents/": ("?q={word}",), "refer/<str:encounter>/": ("?from=Task/{critical}",), "ward/admit/": ("?resident={patient}", "?referral={referral}"),
    "r/<str:resident>/": ("?lane=laboratory&all=1", "?trend=2823-3"), "desk/bookings/": ("?q={word}",),
    "lab/boxes/scan/": ("?code={word}",), "open/launch/": ("?launch={patient}&iss=x",), "w/<str:name>/": ("?format=xlsx",),
    "picture/<str:media>/": ("?size=256",), "follow/": ("?tile=all",), "privacy/why/": ("?resident={patient}",), "report/<str:report>/": ("?version=1",),
}  # fmt: skip
"""What is asked besides the bare address: searches, and ids in a query."""


def planted(store: Store) -> Target:
    """A resident of one institution with something of everything in their record, each text a planted word."""
    def put(tx: Any, type_name: str, **members: Any) -> str:
        return str(tx.create({"resourceType": type_name, **members}).id)

    def command(tx: Any) -> dict[str, str]:
        about = put(tx, "Patient", name=[{"family": WORD, "text": WORD}], gender="female", birthDate="1960-01-01",
                    telecom=[{"system": "phone", "value": "13800000000"}])
        person = {"reference": f"Patient/{about}"}
        text = {"coding": [{"system": systems.TEST, "code": "RFT"}], "text": WORD}
        visit = put(tx, "Encounter", status="in-progress", subject=person, reasonCode=[{"text": WORD}], period={"start": "2026-11-20T01:00:00Z"},
                    serviceProvider={"reference": DOCTOR.organization}, participant=[{"individual": {"reference": DOCTOR.person}}],
                    **{"class": {"system": systems.ACT_CODE, "code": "AMB"}})  # fmt: skip
        within = {"subject": person, "encounter": {"reference": f"Encounter/{visit}"}}
        data = put(tx, "Binary", contentType="application/dicom", securityContext=person, data=base64.b64encode(WORD.encode()).decode())
        value = put(tx, "Observation", status="final", code=text, valueString=WORD, effectiveDateTime="2026-11-20T01:00:00Z", **within)
        request = put(tx, "ServiceRequest", status="active", intent="order", code=text, note=[{"text": WORD}], authoredOn="2026-11-20T01:00:00Z",
                      requester={"reference": DOCTOR.person}, performer=[{"reference": LABORATORY}], reasonCode=[{"text": WORD}], **within)
        ids = {
            "Patient": about, "Encounter": visit, "Binary": data, "Observation": value, "ServiceRequest": request,
            "Media": put(tx, "Media", status="completed", subject=person, note=[{"text": WORD}], basedOn=[{"reference": f"ServiceRequest/{request}"}],
                         content={"url": f"Binary/{data}", "contentType": "application/dicom", "title": WORD}),
            "DiagnosticReport": put(tx, "DiagnosticReport", status="final", code=text, conclusion=WORD, effectiveDateTime="2026-11-20T01:00:00Z",
                                    issued="2026-11-20T01:00:00Z", performer=[{"reference": LABORATORY}], result=[{"reference": f"Observation/{value}"}],
                                    basedOn=[{"reference": f"ServiceRequest/{request}"}], **within),
            "Composition": put(tx, "Composition", status="final", type={"text": WORD}, title=WORD, date="2026-11-20T01:00:00Z", author=[{"reference": DOCTOR.person}],
                               custodian={"reference": DOCTOR.organization}, section=[{"title": WORD, "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{WORD}</div>'}}], **within),
            "CarePlan": put(tx, "CarePlan", status="active", intent="plan", title=WORD, description=WORD, created="2026-11-20", author={"reference": HOSPITAL},
                            note=[{"text": WORD}], **within),
            "Appointment": put(tx, "Appointment", status="booked", description=WORD, start="2026-11-23T01:00:00Z", end="2026-11-23T01:10:00Z",
                               participant=[{"actor": person, "status": "accepted"}]),
            "RelatedPerson": put(tx, "RelatedPerson", patient=person, name=[{"text": WORD}]),
            "Consent": put(tx, "Consent", status="active", patient=person, scope={"text": WORD}, category=[{"text": WORD}], policyRule={"text": WORD}),
            "EpisodeOfCare": put(tx, "EpisodeOfCare", status="active", patient=person, managingOrganization={"reference": DOCTOR.organization}),
            "Condition": put(tx, "Condition", code={"text": WORD}, **within),
            "DocumentReference": put(tx, "DocumentReference", status="current", subject=person, description=WORD,
                                     content=[{"attachment": {"contentType": "image/png", "url": f"Binary/{data}", "size": len(WORD), "title": WORD}}]),
        }  # fmt: skip
        return {**ids, "Slot": "nothing"}

    ids = store.run(KEEPER, command)
    tasks = store.run(KEEPER, _tasks, ids)
    return Target(ids, tasks, _link(store, ids), WORD)


def _tasks(tx: Any, ids: dict[str, str]) -> dict[str, str]:
    """A Task of each workflow in its first open state, between institutions that are not the stranger's."""
    found = {}
    for name, table in TABLES.items():
        state = next((each for each in table.states if each.open), table.states[0])
        found[name] = str(tx.create({
            "resourceType": "Task", "intent": "order", "status": state.task or "requested", "priority": "stat", "description": WORD,
            "code": {"coding": [{"system": systems.WORKFLOW, "code": name}], "text": WORD}, "authoredOn": "2026-11-20T01:00:00Z",
            "businessStatus": {"coding": [{"system": systems.state_system(name), "code": state.code}]},
            "for": {"reference": f"Patient/{ids['Patient']}"}, "encounter": {"reference": f"Encounter/{ids['Encounter']}"},
            "focus": {"reference": f"ServiceRequest/{ids['ServiceRequest']}"}, "requester": {"reference": DOCTOR.organization},
            "restriction": {"recipient": [{"reference": HOSPITAL}], "period": {"end": "2026-11-30T01:00:00Z"}},
            "owner": {"reference": HOSPITAL}, "note": [{"text": WORD}], "lastModified": "2026-11-20T01:00:00Z",
            "input": [item("note", WORD), item("report", f"DiagnosticReport/{ids['DiagnosticReport']}")],
            "output": [item_reference("original", f"DocumentReference/{ids['DocumentReference']}")],
        }).id)  # fmt: skip
    return found


def _link(store: Store, ids: dict[str, str]) -> str:
    """A link that holds, for an institution without the system, to a referral of the planted visit."""
    sheet = Sheet(WORD, WORD, consent=True)
    task = store.run(DOCTOR, referral.send, encounter=ids["Encounter"], receiver="Organization/university", specialty="nephrology", sheet=sheet)
    return store.run(DOCTOR, outside_link.give, referral=task.id, secret=store.secret)[1]


def ghost(x: Target) -> Target:
    """The same, that was never there."""
    def other(id_: str) -> str:
        return new_id(part_of_id(id_) or 0) if id_ != "nothing" else id_

    token = x.token[:-1] + ("a" if x.token[-1] != "a" else "b")
    return Target({k: other(v) for k, v in x.ids.items()}, {k: other(v) for k, v in x.tasks.items()}, token, "NEVERTHERE0")


def nearly(x: Target) -> Target:
    """The planted things, and an address that was guessed: one letter of the link is wrong."""
    return Target(x.ids, x.tasks, x.token[:-2] + ("aa" if x.token[-2:] != "aa" else "bb"), x.word)


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """Who sees what on a page is the record's rule, which has its own walk on each engine."""
    return district_on_one_engine


@dataclass(frozen=True, slots=True)
class World:
    """The pages, what is planted, and who comes to them."""

    store: Store
    real: Target
    people: dict[str, Any]


@pytest.fixture
def world(door: Door) -> World:
    """Strangers of each role elsewhere, another resident, nobody."""
    store = door.store
    real = planted(store)

    def command(tx: Any) -> None:
        for role in ROLES:
            tx.update({"resourceType": "Practitioner", "id": f"x-{role}", "active": True, "name": [{"text": role}]})
            tx.update(posting(f"x-{role}", ELSEWHERE, role))

    store.run(SYSTEM, command)
    one = Account.objects.make("resident", PASSWORD, f"Patient/{who(3).id}")
    for role in ROLES:
        Account.objects.create(username=f"x-{role}", person=f"Practitioner/x-{role}", password=one.password)
    people = {role: door.enter(f"x-{role}", raise_request_exception=False) for role in ROLES}
    door.prove_factors()
    return World(store, real, {**people, "resident": door.enter("resident", raise_request_exception=False), "nobody": door.client(raise_request_exception=False)})


def asked(world: World, address: str) -> Iterator[tuple[str, str, Any]]:
    """(who, method, client): nobody and another resident ask everything, somebody elsewhere what their role is let in to."""
    rule = rules.RULES[address]
    for name in ("nobody", "resident", ROLE_OF.get(rule, "doctor")):
        if (name != "nobody" or rule == rules.OPEN) and (name != "resident" or rule in (rules.OPEN, rules.RESIDENTS, rules.SOMEBODY, rules.SOMEONE)):
            yield name, "get", world.people[name]
            if "<" in address and address not in ("t/<str:task>/", "t/<str:task>/preview/"):
                yield name, "post", world.people[name]


def pages() -> list[str]:
    return [address for address, _ in addresses(get_resolver().url_patterns) if address not in NOT_ASKED]


_MADE: Final = re.compile(r"d[0-9a-f]{3}-[0-9a-hjkmnp-tv-z]{18}|[0-9A-Za-z_-]{40,}|\d{4}-\d\d-\d\dT[\d:.]+Z?")
_GUESSES: Final = 429
"""Whoever guesses at links waits: no word about the link that was asked for."""


def said(answer: Any, x: Target, path: str) -> tuple[int, str]:
    """An answer without the names that were asked for and what is new in every answer."""
    text = (answer.content.decode("utf-8", "replace") + answer.get("Location", "")).replace(path, "*")
    for each in x.all():
        text = text.replace(each, "*")
    return answer.status_code, _MADE.sub("*", text)


def walk(world: World, only: frozenset[str] = frozenset()) -> set[tuple[str, str]]:
    """(address, what was wrong): a planted word that was shown, a difference from what is absent, an accident."""
    real, absent, found = nearly(world.real), ghost(world.real), set()
    nothing = {name: said(client.get("/nothing/"), absent, "/nothing/") for name, client in world.people.items()}
    for address in sorted(only) or pages():
        for path, other in zip(samples(address, real), samples(address, absent), strict=True):
            for name, method, client in asked(world, address):
                answer = getattr(client, method)(path)
                got = said(answer, real, path)
                if answer.status_code >= 500:
                    found.add((address, f"{name} {method} {path}: {answer.status_code}"))
                elif WORD in answer.content.decode("utf-8", "replace").replace(path, ""):
                    found.add((address, f"{name} {method} {path} shows it"))
                elif path != other and got != nothing[name]:
                    beside = getattr(client, method)(other)
                    if _GUESSES not in (answer.status_code, beside.status_code) and got != said(beside, absent, other):
                        found.add((address, f"{name} {method} {path}: {answer.status_code}, absent {beside.status_code}"))
    return found


def fingerprint(store: Store) -> list[tuple[Any, ...]]:
    return store.engine.once("SELECT type, count(*), sum(version) FROM resource GROUP BY type ORDER BY type")


def test_every_address_has_samples_of_its_arguments() -> None:
    x = Target({}, {}, "", "")
    x.ids, x.tasks = dict.fromkeys({*TYPES.values(), "Encounter"}, "x"), dict.fromkeys(TABLES, "x")
    assert [address for address in pages() if not any("<" not in path for path in samples(address, x))] == []


def test_whoever_has_no_ground_learns_nothing_from_any_page(world: World) -> None:
    before = fingerprint(world.store)
    assert sorted(walk(world)) == []
    assert fingerprint(world.store) == before, "something was written"


def test_the_walk_sees_the_rule_switched_off(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert WORD in world.people["nobody"].get(f"/out/{world.real.token}/").content.decode(), "a link that holds shows its packet"
    for module in ("kernel.read", "kernel.search.sql", "kernel.labels"):
        monkeypatch.setattr(importlib.import_module(f"doorstep.{module}"), "scoped", lambda alias, actor: ("1=1", []))
    assert SHOWN - {address for address, _ in walk(world, SHOWN)} == set()
