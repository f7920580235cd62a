"""Given a secret about one resident, when every route is asked by everybody, then only who has a ground sees it.

Each row of the interaction table has its requests here, and a row without any fails the first test. Every request of
somebody without a ground is made twice: about the planted resident and about one who does not exist. Nothing planted
may come back, and the two answers must not differ: invisible equals absent, also in status, counts and refusals. The
controls switch the rule off in one module at a time; each must be seen here.
"""

from __future__ import annotations

import base64
import importlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor, new_id, part_of_id
from doorstep.kernel.store import Store
from doorstep.rest import bulk, hooks
from doorstep.rest.app import make_app
from doorstep.rest.routes import ROUTES, Route, Rule
from tests.district import DOCTOR, SPECIALIST, STRANGER, who
from tests.rest.client import Answer, Client

WORD, NUMBER, TAG = "PLANTEDWORD", "PLANTEDNUMBER", "PLANTEDTAG"
SECRETS = (WORD, NUMBER, TAG, base64.b64encode(WORD.encode()).decode(), WORD.lower())
GATEWAY = Actor("Device/his", "gateway", STRANGER.organization, "TREAT", "gateway")
OWNER = Actor("Device/doorstep", "administrator", DOCTOR.organization, "HOPERAT", "owner")
ASYNC = {"prefer": "respond-async"}
TYPES = ("Patient", "Encounter", "Observation", "Condition", "Binary", "Communication", "Provenance", "Group", "Basic")


@dataclass(frozen=True, slots=True)
class Target:
    """The ids of what is asked about, and the words that would be searched for."""

    ids: dict[str, str]
    word: str
    number: str
    tag: str

    def __getitem__(self, type_name: str) -> str:
        return self.ids[type_name]

    def at(self, type_name: str) -> str:
        return f"{type_name}/{self.ids[type_name]}"


Ask = tuple[str, str, Any, dict[str, str]]
"""Method, address, body, headers."""


def planted(store: Store) -> Target:
    """A resident of one institution with a record full of planted words."""
    def put(tx: Any, resource: dict[str, Any]) -> str:
        return str(tx.create(resource).id)

    def command(tx: Any) -> dict[str, str]:
        ids = {"Patient": put(tx, {"resourceType": "Patient", "name": [{"family": WORD}], "gender": "female",
                                   "identifier": [{"system": "urn:planted", "value": NUMBER}]})}
        subject = {"reference": f"Patient/{ids['Patient']}"}
        ids["Encounter"] = put(tx, {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"},
                                    "subject": subject, "reasonCode": [{"text": WORD}]})
        visit = {"reference": f"Encounter/{ids['Encounter']}"}
        ids["Observation"] = put(tx, {
            "resourceType": "Observation", "status": "final", "subject": subject, "encounter": visit,
            "identifier": [{"value": NUMBER}], "meta": {"tag": [{"system": "urn:planted", "code": TAG}]},
            "code": {"coding": [{"system": "urn:planted", "code": NUMBER}]}, "valueString": WORD})
        ids["Condition"] = put(tx, {"resourceType": "Condition", "subject": subject, "encounter": visit, "code": {"text": WORD}})
        ids["Binary"] = put(tx, {"resourceType": "Binary", "contentType": "text/plain", "securityContext": subject,
                                 "data": base64.b64encode(WORD.encode()).decode()})
        ids["Communication"] = put(tx, {"resourceType": "Communication", "status": "completed", "subject": subject,
                                        "payload": [{"contentString": WORD}], "identifier": [{"value": NUMBER}]})
        ids["Provenance"] = put(tx, {"resourceType": "Provenance", "recorded": "2026-01-01T00:00:00Z", "target": [subject],
                                     "agent": [{"who": {"display": WORD}}]})
        ids["Group"] = put(tx, {"resourceType": "Group", "type": "person", "actual": True, "name": WORD,
                                "member": [{"entity": subject}]})
        ids["Basic"] = put(tx, {"resourceType": "Basic", "code": {"text": WORD}, "subject": subject})
        return ids

    ids = store.run(OWNER, command)
    store.run(OWNER, lambda tx: tx.patch("Observation", ids["Observation"], [{"op": "add", "path": "/issued", "value": "2026-01-01T00:00:00Z"}]))
    return Target(ids, WORD, NUMBER, TAG)


def absent(real: Target) -> Target:
    """Something of the same form that was never there."""
    return Target({name: new_id(part_of_id(id_) or 0) for name, id_ in real.ids.items()}, "NEVERTHERE0", "NEVERTHERENUM", "NEVERTHE00")


def note(x: Target, **members: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": x.at("Patient")}, **members}


def transaction(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def parameters(name: str, **value: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": name, **value}]}


PATCHES = [{"op": "add", "path": "/language", "value": "zh"}]
TESTS = [{"op": "test", "path": "/valueString", "value": WORD}]
FORM = {"content_type": "application/x-www-form-urlencoded"}
PATCH = {"content_type": "application/json-patch+json"}


def queries(x: Target) -> list[str]:
    """Questions whose answer would tell: by value, chain, _has, include, revinclude, count, sort, text."""
    return [
        "Patient?_total=accurate&_count=0", f"Patient?family={x.word}", f"Patient?name:contains={x.word[:7]}",
        f"Patient?identifier=urn:planted|{x.number}&_summary=count", f"Patient?_id={x['Patient']}",
        f"Patient?_has:Observation:patient:code={x.number}", f"Patient?_has:Observation:patient:_tag={x.tag}",
        f"Patient?_has:Encounter:patient:_id={x['Encounter']}", "Patient?_sort=-family&_count=50",
        f"Observation?code=urn:planted|{x.number}&_summary=count", f"Observation?subject:Patient.family={x.word}",
        f"Observation?patient.identifier=urn:planted|{x.number}", f"Observation?encounter=Encounter/{x['Encounter']}",
        f"Observation?value-string={x.word}", f"Observation?_tag=urn:planted|{x.tag}", f"Observation?patient={x['Patient']}",
        "Observation?_include=Observation:subject&_include=Observation:encounter&_count=50",
        "Observation?_total=accurate&_count=1", "Organization?_revinclude:iterate=Patient:organization&_count=50",
        f"Encounter?_id={x['Encounter']}&_revinclude=Observation:encounter", f"Condition?code:text={x.word}",
        f"Communication?identifier={x.number}", f"Provenance?target={x.at('Patient')}", f"Group?member={x.at('Patient')}",
        f"Basic?subject={x.at('Patient')}", f"Binary?_id={x['Binary']}", f"List?subject.family={x.word}",
        f"Observation?subject:missing=false&patient.name={x.word}&_elements=id", f"Condition?patient._has:Observation:patient:code={x.number}",
    ]  # fmt: skip


def each(pattern: str, *types: str) -> Callable[[Target], list[str]]:
    return lambda x: [pattern.format(at=x.at(name), type=name, id=x[name]) for name in types or TYPES]


def gets(addresses: Callable[[Target], list[str]]) -> Callable[[Target], list[Ask]]:
    return lambda x: [("GET", address, None, {}) for address in addresses(x)]


def posts(addresses: Callable[[Target], list[str]], body: Any, **headers: str) -> Callable[[Target], list[Ask]]:
    return lambda x: [("POST", address, body(x) if callable(body) else body, headers) for address in addresses(x)]


def creates(x: Target) -> list[Ask]:
    exists = [f"identifier={x.number}", f"patient={x['Patient']}", f"_id={x['Communication']}"]
    return [
        ("POST", "Observation", note(x), {}), ("POST", "Observation", note(x, encounter={"reference": x.at("Encounter")}), {}),
        ("POST", "Encounter", {"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}, "subject": {"reference": x.at("Patient")}}, {}),
        ("POST", "Patient", {"resourceType": "Patient", "link": [{"other": {"reference": x.at("Patient")}, "type": "seealso"}]}, {}),
        *(("POST", "Communication", {"resourceType": "Communication", "status": "completed"}, {"if_none_exist": one}) for one in exists),
    ]  # fmt: skip


def bodies(x: Target, type_name: str) -> dict[str, Any]:
    made: dict[str, dict[str, Any]] = {
        "Observation": note(x), "Communication": {"resourceType": "Communication", "status": "completed"},
        "Basic": {"resourceType": "Basic", "code": {"text": "x"}}, "Condition": {"resourceType": "Condition", "subject": {"reference": x.at("Patient")}},
    }  # fmt: skip
    return {**made[type_name], "id": x[type_name]}


CHANGED = ("Observation", "Communication", "Basic", "Condition")


def updates(x: Target) -> list[Ask]:
    return [ask for name in CHANGED for ask in (
        ("PUT", x.at(name), bodies(x, name), {}), ("PUT", x.at(name), bodies(x, name), {"if_match": 'W/"1"'}),
        ("PUT", x.at(name), bodies(x, name), {"if_none_match": "*"}))]  # fmt: skip


def conditional(method: str) -> Callable[[Target], list[Ask]]:
    def made(x: Target) -> list[Ask]:
        found: list[Ask] = []
        for condition in (f"Communication?identifier={x.number}", f"Observation?patient.identifier=urn:planted|{x.number}"):
            body = {k: v for k, v in bodies(x, condition.partition("?")[0]).items() if k != "id"} if method == "PUT" else PATCHES if method == "PATCH" else None
            if method != "PUT" or "Communication" in condition:
                found.append((method, condition, body, PATCH if method == "PATCH" else {}))
        return found

    return made


def bundles(x: Target) -> list[Ask]:
    found = []
    for kind in ("batch", "transaction"):
        for entry in ([{"request": {"method": "GET", "url": address}} for address in (x.at("Observation"), f"Patient?family={x.word}", f"{x.at('Patient')}/$everything")]
                      + [{"request": {"method": "DELETE", "url": x.at("Observation")}},
                         {"resource": note(x), "request": {"method": "POST", "url": "Observation"}},
                         {"resource": {**note(x), "id": x["Observation"]}, "request": {"method": "PUT", "url": x.at("Observation")}},
                         {"resource": {**note(x), "subject": {"reference": f"Patient?identifier=urn:planted|{x.number}"}}, "request": {"method": "POST", "url": "Observation"}},
                         {"resource": {"resourceType": "Communication", "status": "completed"}, "request": {"method": "POST", "url": "Communication", "ifNoneExist": f"identifier={x.number}"}}]):
            found.append(("POST", "", transaction(entry, kind=kind), {}))
    return found


def messages(x: Target) -> list[Ask]:
    header = {"resourceType": "MessageHeader", "id": "a", "eventUri": "urn:planted", "source": {"endpoint": "urn:planted"}}
    return [("POST", "$process-message", {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {**header, "id": f"m{number}"}}, {"resource": resource}]}, {})
            for number, resource in enumerate((note(x), {**note(x), "id": x["Observation"]}))]


def exports(x: Target) -> list[Ask]:
    return [(method, f"{place}?_purpose=TREAT", None, ASYNC) for method in ("GET", "POST") for place in ("$export", "Patient/$export", f"{x.at('Group')}/$export")]


def nothing(x: Target) -> list[Ask]:
    return []


Road = Callable[[Target], list[Ask]]
ROADS: dict[tuple[str, str], Road] = {
    ("GET", "metadata"): gets(lambda x: ["metadata"]), ("GET", "openapi.json"): gets(lambda x: ["openapi.json"]),
    ("GET", ".well-known/smart-configuration"): gets(lambda x: [".well-known/smart-configuration"]),
    ("GET", "{type}/{id}"): lambda x: [*gets(each("{at}"))(x), *gets(each("{at}?_summary=true"))(x), ("GET", x.at("Binary"), None, {"accept": "*/*"}),
                                       ("GET", x.at("Observation"), None, {"if_none_match": 'W/"2"'}),
                                       ("GET", x.at("Observation"), None, {"if_modified_since": "Fri, 01 Jan 2100 00:00:00 GMT"}), ("HEAD", x.at("Patient"), None, {})],
    ("GET", "{type}/{id}/_history/{vid}"): gets(each("{at}/_history/1")),
    ("GET", "{type}/{id}/_history"): gets(each("{at}/_history")),
    ("GET", "{type}/_history"): gets(each("{type}/_history?_count=1000")),
    ("GET", "_history"): gets(lambda x: ["_history?_count=1000"]),
    ("POST", "{type}"): creates, ("PUT", "{type}/{id}"): updates, ("PUT", "{type}"): conditional("PUT"),
    ("PATCH", "{type}/{id}"): lambda x: [("PATCH", x.at(name), body, PATCH) for name in CHANGED for body in (PATCHES, TESTS)],
    ("PATCH", "{type}"): conditional("PATCH"),
    ("DELETE", "{type}/{id}"): lambda x: [("DELETE", x.at(name), None, {}) for name in TYPES],
    ("DELETE", "{type}"): conditional("DELETE"),
    ("GET", "{type}"): gets(queries),
    ("POST", "{type}/_search"): lambda x: [("POST", f"{q.partition('?')[0]}/_search", q.partition("?")[2].encode(), FORM) for q in queries(x)],
    ("GET", ""): gets(lambda x: [f"?_type=Patient,Observation&_id={x['Patient']},{x['Observation']}", "?_type=Patient,Observation,Communication&_count=1000"]),
    ("POST", "_search"): lambda x: [("POST", "_search", f"_type=Observation&_tag=urn:planted|{x.tag}".encode(), FORM)],
    ("GET", "{type}/{id}/{type}"): gets(lambda x: [f"{x.at('Patient')}/Observation", f"{x.at('Patient')}/*", f"{x.at('Encounter')}/Observation"]),
    ("POST", "{type}/{id}/{type}/_search"): lambda x: [("POST", f"{x.at('Patient')}/Observation/_search", b"", FORM)],
    ("POST", ""): bundles, ("POST", "$process-message"): messages,
    ("GET", "{type}/{id}/$everything"): gets(each("{at}/$everything", "Patient", "Encounter")),
    ("POST", "{type}/{id}/$everything"): posts(each("{at}/$everything", "Patient", "Encounter"), None),
    ("GET", "{type}/$everything"): gets(lambda x: ["Patient/$everything"]), ("POST", "{type}/$everything"): posts(lambda x: ["Patient/$everything"], None),
    ("GET", "$export"): exports, ("POST", "$export"): nothing, ("GET", "{type}/$export"): nothing, ("POST", "{type}/$export"): nothing,
    ("GET", "{type}/{id}/$export"): nothing, ("POST", "{type}/{id}/$export"): nothing,
    ("GET", "$export-status/{id}"): gets(lambda x: [f"$export-status/{x['Group']}"]), ("DELETE", "$export-status/{id}"): lambda x: [("DELETE", f"$export-status/{x['Group']}", None, {})],
    ("GET", "$export-file/{id}/{type}/{vid}"): gets(lambda x: [f"$export-file/{x['Group']}/Patient/0"]),
    ("GET", "{type}/{id}/$events"): gets(lambda x: [f"Subscription/{x['Group']}/$events"]),
    ("GET", "{type}/{id}/$status"): gets(lambda x: [f"Subscription/{x['Group']}/$status"]), ("GET", "{type}/$status"): gets(lambda x: ["Subscription/$status", f"Subscription/$status?id={x['Group']}"]),
    ("POST", "{type}/{id}/$events"): posts(lambda x: [f"Subscription/{x['Group']}/$events"], None), ("POST", "{type}/{id}/$status"): posts(lambda x: [f"Subscription/{x['Group']}/$status"], None),
    ("POST", "{type}/$status"): posts(lambda x: ["Subscription/$status"], lambda x: parameters("id", valueId=x["Group"])),
    ("POST", "{type}/$validate"): lambda x: [("POST", "Observation/$validate", note(x), {})],
    ("POST", "{type}/{id}/$validate"): lambda x: [("POST", f"{x.at('Observation')}/$validate", bodies(x, "Observation"), {})],
    ("GET", "{type}/{id}/$validate"): gets(each("{at}/$validate")),
    ("GET", "{type}/$lastn"): gets(lambda x: [f"Observation/$lastn?patient={x['Patient']}", f"Observation/$lastn?code={x.number}&patient={x['Patient']}"]),
    ("POST", "{type}/$lastn"): posts(lambda x: ["Observation/$lastn"], lambda x: parameters("patient", valueString=x["Patient"])),
    ("GET", "{type}/{id}/$meta"): gets(each("{at}/$meta")), ("POST", "{type}/{id}/$meta"): posts(each("{at}/$meta"), None),
    ("GET", "{type}/$meta"): gets(lambda x: ["Observation/$meta"]), ("POST", "{type}/$meta"): posts(lambda x: ["Observation/$meta"], None),
    ("GET", "$meta"): gets(lambda x: ["$meta"]), ("POST", "$meta"): posts(lambda x: ["$meta"], None),
    ("POST", "{type}/{id}/$meta-add"): posts(each("{at}/$meta-add"), parameters("meta", valueMeta={"tag": [{"code": "x"}]})),
    ("POST", "{type}/{id}/$meta-delete"): posts(each("{at}/$meta-delete"), parameters("meta", valueMeta={"tag": [{"code": "x"}]})),
    ("GET", "{type}/$expand"): gets(lambda x: [f"ValueSet/$expand?url={x.number}"]), ("POST", "{type}/$expand"): posts(lambda x: ["ValueSet/$expand"], lambda x: parameters("url", valueUri=x.number)),
    ("GET", "{type}/{id}/$expand"): gets(lambda x: [f"ValueSet/{x['Basic']}/$expand"]),
    ("GET", "{type}/$lookup"): gets(lambda x: [f"CodeSystem/$lookup?system=urn:planted&code={x.number}"]),
    ("POST", "{type}/$lookup"): posts(lambda x: ["CodeSystem/$lookup"], lambda x: parameters("code", valueCode=x.number)),
    ("GET", "{type}/$subsumes"): gets(lambda x: [f"CodeSystem/$subsumes?system=urn:planted&codeA={x.number}&codeB={x.number}"]),
    ("POST", "{type}/$subsumes"): posts(lambda x: ["CodeSystem/$subsumes"], lambda x: parameters("codeA", valueCode=x.number)),
    ("GET", "{type}/$validate-code"): gets(lambda x: [f"CodeSystem/$validate-code?url=urn:planted&code={x.number}"]),
    ("POST", "{type}/$validate-code"): posts(lambda x: ["CodeSystem/$validate-code"], lambda x: parameters("code", valueCode=x.number)),
    ("GET", "{type}/{id}/$validate-code"): gets(lambda x: [f"CodeSystem/{x['Basic']}/$validate-code?code=x"]),
    ("POST", "{type}/{id}/$validate-code"): posts(lambda x: [f"CodeSystem/{x['Basic']}/$validate-code"], lambda x: parameters("code", valueCode="x")),
}  # fmt: skip
"""(method, shape of a route) -> requests that would tell something if they could."""

WITHOUT: dict[str, Actor | None] = {
    "anonymous": None, "stranger": STRANGER, "resident": Actor(f"Patient/{who(3).id}", "resident", "", "PATRQT", "resident"),
    "gateway": GATEWAY,
}  # fmt: skip


def client_of(store: Store, actor: Actor | None) -> Client:
    app = make_app(store, delete_many=True)
    return Client(app, store.issue_token(actor.account, actor, ttl=600)) if actor is not None else Client(app)


_MADE = re.compile(r"d[0-9a-f]{3}-[0-9a-hjkmnp-tv-z]{18}")
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?[+Z][\d:]*|[0-9A-Za-z_-]{40,}")


def shown(answer: Answer, x: Target) -> tuple[Any, ...]:
    """An answer without the names that were asked for and without what is new in every answer."""
    text = answer.body.decode("utf-8", "replace")
    for said in (*x.ids.values(), x.word, x.number, x.tag, x.word[:7]):
        text = text.replace(said, "*")
    told = "etag" in answer.headers, "location" in answer.headers, "last-modified" in answer.headers
    return answer.status, told, _TIMES.sub("*", _MADE.sub("*", text))


def walk(store: Store, real: Target, who_: str, actor: Actor | None) -> list[str]:
    """Everything that somebody without a ground learns: a planted word, or a difference from what is absent."""
    client, ghost, found = client_of(store, actor), absent(real), []
    for (method, shape), road in ROADS.items():
        for (verb, address, body, headers), other in zip(road(real), road(ghost), strict=True):
            got = client(verb, address, body, **headers)
            told = got.body.decode("utf-8", "replace")
            asked = f"{address} {body!r} {headers}"
            found += [f"{who_} {method} {shape}: {verb} {address}: {word}" for word in SECRETS if word in told and word not in asked]
            if shown(got, real) != shown(client(other[0], other[1], other[2], **other[3]), ghost):
                found.append(f"{who_} {method} {shape}: {verb} {address} differs from what is absent: {got.status} {told[:200]}")
    return found


@pytest.fixture
def secret(district: Store) -> tuple[Store, Target]:
    hooks.register(district)
    bulk.register(district)
    return district, planted(district)


def routes() -> set[tuple[str, str]]:
    return {(route.method, route.shape) for route in ROUTES}


def test_every_route_has_its_requests_and_every_request_its_route() -> None:
    assert sorted(routes() - ROADS.keys()) == []
    assert sorted(ROADS.keys() - routes()) == []


def test_every_route_that_is_not_public_needs_a_name(secret: tuple[Store, Target]) -> None:
    store, real = secret
    nobody = client_of(store, None)
    public = {(route.method, route.shape) for route in ROUTES if route.rule is Rule.PUBLIC}
    wrong = [(key, ask[1]) for key, road in ROADS.items() if key not in public for ask in road(real)
             if nobody(ask[0], ask[1], ask[2], **ask[3]).status != 401]
    assert wrong == []


@pytest.mark.parametrize("name", sorted(WITHOUT))
def test_who_has_no_ground_learns_nothing_on_any_road(secret: tuple[Store, Target], name: str) -> None:
    store, real = secret
    assert walk(store, real, name, WITHOUT[name]) == []


@pytest.mark.parametrize("name", ["own", "related", "themselves"])
def test_who_has_a_ground_finds_it_so_that_the_walk_is_not_blind(secret: tuple[Store, Target], name: str) -> None:
    store, real = secret
    store.run(SYSTEM, lambda tx: tx.grant(resident=real["Patient"], org=SPECIALIST.organization, level=2, reason="visit", source="Encounter/x"))
    themselves = Actor(real.at("Patient"), "resident", "", "PATRQT", "themselves")
    client = client_of(store, {"own": DOCTOR, "related": SPECIALIST, "themselves": themselves}[name])
    for address in (real.at("Observation"), f"Observation?_tag=urn:planted|{TAG}", f"Patient?_has:Observation:patient:code={NUMBER}",
                    f"{real.at('Patient')}/$everything", f"{real.at('Observation')}/_history", f"{real.at('Patient')}/Observation"):
        assert WORD in client.get(address).body.decode(), address


def test_whose_ground_has_ended_learns_nothing(secret: tuple[Store, Target]) -> None:
    store, real = secret
    store.run(SYSTEM, lambda tx: tx.grant(resident=real["Patient"], org=STRANGER.organization, level=2, reason="visit", source="Encounter/x"))
    stranger = client_of(store, STRANGER)
    page = stranger.get("Observation?_count=1&_sort=-_lastUpdated")
    assert WORD in page.body.decode()
    following = page.link("next")
    store.run(SYSTEM, lambda tx: tx.end_grants("Encounter/x"))
    assert walk(store, real, "ended", STRANGER) == []
    assert following is None or WORD not in stranger.get(following.partition("/fhir/")[2]).body.decode()


def test_the_paging_token_of_another_shows_nothing_of_what_they_see(secret: tuple[Store, Target]) -> None:
    store, _ = secret
    own, stranger = client_of(store, DOCTOR), client_of(store, STRANGER)
    for query in ("Patient?_count=1", "Observation?_count=1&_include=Observation:subject", "Communication?_count=1"):
        answer = own.get(query)
        while (following := answer.link("next")) is not None:
            target = following.partition("/fhir/")[2]
            assert not any(word in stranger.get(target).body.decode() for word in SECRETS)
            answer = own.get(target)


def fetched(store: Store, actor: Actor) -> str:
    """Everything that polling and export give somebody, as text."""
    client = client_of(store, actor)
    made = client.post("Subscription", {"resourceType": "Subscription", "status": "requested", "reason": "x",
                                        "criteria": "Observation", "channel": {"type": "rest-hook"}})
    job = client.get("$export?_purpose=TREAT", **ASYNC).headers["content-location"].partition("/fhir/")[2]
    while store.runner.run_due():
        pass
    subject = store.run(OWNER, lambda tx: tx.create(
        {"resourceType": "Patient", "name": [{"family": WORD}]})).id
    store.run(OWNER, lambda tx: tx.create(note(Target({"Patient": subject}, "", "", ""), valueString=WORD)))
    newest = store.engine.once("SELECT max(txid) FROM resource")[0][0]
    while store.engine.horizon() <= newest:  # another database of the same server may have a transaction open
        pass
    hooks.tick(store)
    text = client.get(f"Subscription/{made.json['id']}/$events").body.decode()
    for output in client.get(job).json["output"]:
        text += client.get(output["url"].partition("/fhir/")[2]).body.decode()
    return text


def test_neither_events_nor_exports_hold_what_their_asker_may_not_see(secret: tuple[Store, Target]) -> None:
    store, _ = secret
    assert not any(word in fetched(store, GATEWAY) for word in SECRETS)
    assert WORD in fetched(store, Actor("Device/own", "gateway", DOCTOR.organization, "TREAT", "own"))


def all_open(alias: str, actor: Actor) -> tuple[str, list[Any]]:
    return "1=1", []


@pytest.mark.parametrize("module", ["kernel.read", "kernel.search.sql", "kernel.labels", "kernel.bulk"])
def test_the_walk_sees_the_rule_switched_off_on_one_road(secret: tuple[Store, Target], module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, real = secret
    monkeypatch.setattr(store.engine, "_locked", None, raising=False)  # PostgreSQL's second lock would hold it back
    monkeypatch.setattr(importlib.import_module(f"doorstep.{module}"), "scoped", all_open)
    leaks = walk(store, real, "stranger", STRANGER) if module != "kernel.bulk" else [w for w in SECRETS if w in fetched(store, GATEWAY)]
    assert leaks != []


def test_a_route_that_is_new_and_not_listed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    new = Route("GET", "{type}/{id}/$new", lambda service, request: pytest.fail("not called"), "$new")
    monkeypatch.setattr("tests.security.test_every_road.ROUTES", (*ROUTES, new))
    assert routes() - ROADS.keys() == {("GET", "{type}/{id}/$new")}


def test_the_planted_words_are_what_the_walk_looks_for() -> None:
    assert json.dumps([WORD, NUMBER, TAG]).count("PLANTED") == 3
