"""Given a token of an app, when an interaction is asked, then its scopes are a ceiling on top of the access rule."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest

from doorstep.kernel import scopes as ceiling
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.rest import scopes
from doorstep.rest.app import make_app
from doorstep.rest.routes import ROUTES, Route
from tests.conftest import ADMIN
from tests.rest.client import Answer, Client
from tests.rest.conftest import observation, patient

LETTERS = "cruds"
PATCH = [{"op": "add", "path": "/gender", "value": "male"}]


def client_with(store: Store, granted: str, **more: Any) -> Client:
    """An app's client: the rights of an administrator, so that nothing but the scopes stands in its way."""
    actor = replace(ADMIN, scopes=granted, **more)
    token = secrets.token_hex(16)
    store.sessions.start(token, actor, account="app", kind="bearer", ttl=600)
    return Client(make_app(store, delete_many=True), token)


@pytest.fixture
def filled(store: Store) -> Store:
    """Two residents, one of whom has an observation by a practitioner."""
    everything = Client(make_app(store), store.issue_token("admin", ADMIN, ttl=600))
    assert everything.put("Organization/o", {"resourceType": "Organization", "id": "o", "name": "O"}).status == 201
    assert everything.put("Practitioner/p", {"resourceType": "Practitioner", "id": "p", "name": [{"text": "P"}]}).status == 201
    for id_ in ("one", "two"):
        assert everything.put(f"Patient/{id_}", patient(id=id_, managingOrganization={"reference": "Organization/o"})).status == 201
    for id_, who in (("first", "one"), ("second", "two")):
        found = observation(f"Patient/{who}", id=id_, performer=[{"reference": "Practitioner/p"}])
        assert everything.put(f"Observation/{id_}", found).status == 201
    return store


# -- the matrix: every interaction, with exactly the letters that it needs and with each of them missing

ASKED: dict[str, tuple[str, Any, str, dict[str, str]]] = {
    "read": ("GET", None, "Patient/one", {}),
    "vread": ("GET", None, "Patient/one/_history/1", {}),
    "history-instance": ("GET", None, "Patient/one/_history", {}),
    "history-type": ("GET", None, "Patient/_history", {}),
    "create": ("POST", patient(), "Patient", {}),
    "create if none": ("POST", patient(), "Patient", {"if_none_exist": "identifier=nobody"}),
    "update": ("PUT", patient(id="one"), "Patient/one", {}),
    "update where": ("PUT", patient(id="one"), "Patient?_id=one", {}),
    "patch": ("PATCH", PATCH, "Patient/one", {"content_type": "application/json-patch+json"}),
    "patch where": ("PATCH", PATCH, "Patient?_id=one", {"content_type": "application/json-patch+json"}),
    "delete": ("DELETE", None, "Patient/three", {}),
    "delete where": ("DELETE", None, "Patient?_id=three", {}),
    "search": ("GET", None, "Patient?_id=one", {}),
    "search by form": ("POST", b"_id=one", "Patient/_search", {"content_type": "application/x-www-form-urlencoded"}),
    "everything": ("GET", None, "Patient/one/$everything", {}),
    "meta": ("GET", None, "Patient/one/$meta", {}),
    "validate": ("GET", None, "Patient/one/$validate", {}),
}
NEEDED = {
    "read": "r", "vread": "r", "history-instance": "r", "history-type": "s", "create": "c", "create if none": "cs",
    "update": "u", "update where": "su", "patch": "u", "patch where": "su", "delete": "d", "delete where": "ds",
    "search": "s", "search by form": "s", "everything": "r", "meta": "r", "validate": "r",
}  # fmt: skip


def ask(client: Client, name: str) -> Answer:
    method, body, target, headers = ASKED[name]
    return client(method, target, body, **headers)


@pytest.mark.parametrize("name", ASKED)
def test_given_each_set_of_letters_when_asked_then_it_is_answered_exactly_if_none_is_missing(filled: Store, name: str) -> None:
    needed = set(NEEDED[name])
    for letter in LETTERS:
        without = "".join(each for each in LETTERS if each != letter)
        answer = ask(client_with(filled, f"user/Patient.{without}"), name)
        if letter in needed:
            assert (answer.status, answer.key) == (403, scopes.INSUFFICIENT), (name, letter)
            assert answer.headers["www-authenticate"] == (
                f'Bearer realm="fhir", error="insufficient_scope", scope="user/Patient.{letter}"')
        else:
            assert answer.status != 403, (name, letter, answer.body)
    other = ask(client_with(filled, "user/Observation.cruds"), name)
    assert (other.status, other.key) == (403, scopes.INSUFFICIENT)


def test_given_a_control_without_the_check_when_asked_then_the_matrix_would_notice(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scopes, "check", lambda request, code: None)
    assert ask(client_with(filled, "user/Patient.s"), "read").status == 200


def target(route: Route) -> str:
    """An address of a route, about a type for which the app of the next test has no scope."""
    owner = next(iter(sorted(route.types)), "Patient")
    made = route.shape.replace("{type}", owner).replace("{id}", "one").replace("{vid}", "1")
    return f"{made}?_type=Patient" if route.code == "search-system" else made


def test_given_an_app_with_a_foreign_type_when_any_route_is_called_then_it_is_refused(filled: Store) -> None:
    """Whoever adds an interaction says in rest/scopes.py what it needs; until then it needs everything."""
    app = client_with(filled, "openid user/Basic.cruds")
    answers = {f"{route.method} {route.shape} {route.code}": app(
        route.method, target(route), None if route.method in ("GET", "DELETE") else {})
        for route in ROUTES if route.code not in scopes.FREE}
    assert len(answers) > 30
    assert {name: answer.status for name, answer in answers.items()
            if (answer.status, answer.key) != (403, scopes.INSUFFICIENT)} == {}


# -- what comes along


def test_given_a_type_out_of_scope_when_it_would_be_included_then_it_is_not_there(filled: Store) -> None:
    asked = "Observation?_id=first&_include=Observation:patient&_include=Observation:performer"
    wide, narrow = client_with(filled, "user/*.rs").get(asked), client_with(filled, "user/Observation.rs").get(asked)
    assert {entry["resource"]["resourceType"] for entry in wide.entries} == {"Observation", "Patient", "Practitioner"}
    assert {entry["resource"]["resourceType"] for entry in narrow.entries} == {"Observation"}


def test_given_a_type_out_of_scope_when_it_is_passed_through_then_what_lies_behind_is_not_there(filled: Store) -> None:
    asked = "Observation?_id=first&_include=Observation:patient&_include:iterate=Patient:organization"
    through = client_with(filled, "user/Observation.rs user/Organization.rs").get(asked)
    assert {entry["resource"]["resourceType"] for entry in through.entries} == {"Observation"}


def test_given_a_type_out_of_scope_when_it_refers_to_matches_then_it_is_not_there(filled: Store) -> None:
    asked = "Patient?_id=one&_revinclude=Observation:patient"
    assert len(client_with(filled, "user/*.rs").get(asked).entries) == 2
    assert len(client_with(filled, "user/Patient.rs").get(asked).entries) == 1


@pytest.mark.parametrize(("asked", "named"), [
    ("Observation?patient.name=x", "Patient.s"),
    ("Observation?subject:Patient.organization.name=x", "Patient.s"),
    ("Observation?_has:Provenance:target:agent=x", "Provenance.s"),
    ("Observation?_list=x", "List.s"),
    ("?_type=Observation,Patient", "Patient.s"),
    ("Patient/one/Condition", "Patient.r"),
    ("_history", "*.s"),
    ("Observation/$lastn?subject=Patient/one&_id=x", ""),
])  # fmt: skip
def test_given_a_type_out_of_scope_when_criteria_lead_through_it_then_403_names_it(filled: Store, asked: str, named: str) -> None:
    answer = client_with(filled, "user/Observation.rs").get(asked)
    if not named:
        assert answer.status != 403
        return
    assert (answer.status, answer.key) == (403, scopes.INSUFFICIENT)
    assert f'scope="user/{named}"' in answer.headers["www-authenticate"]


def test_given_a_system_search_by_form_when_a_type_is_out_of_scope_then_403(filled: Store) -> None:
    answer = client_with(filled, "user/Observation.rs").post(
        "_search?_type=Observation", b"_id=one&_type=Patient", content_type="application/x-www-form-urlencoded")
    assert answer.status in (400, 403)


def test_given_a_record_when_everything_is_asked_then_only_types_in_scope_are_in_it(filled: Store) -> None:
    def types(granted: str) -> set[str]:
        return {entry["resource"]["resourceType"] for entry in client_with(filled, granted).get("Patient/one/$everything").entries}

    assert types("user/*.rs") >= {"Patient", "Observation"}
    assert types("user/Patient.r") == {"Patient"}
    assert client_with(filled, "user/Patient.r").get("Patient/one/$everything?_type=Observation").status == 403


# -- bundles


def entry(method: str, url: str, **more: Any) -> dict[str, Any]:
    return {"request": {"method": method, "url": url}, **more}


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def test_given_a_transaction_when_one_entry_is_out_of_scope_then_nothing_of_it_is_done(filled: Store) -> None:
    app = client_with(filled, "user/Observation.cruds")
    answer = app.post("", bundle(
        "transaction", entry("POST", "Observation", resource=observation("Patient/one")), entry("POST", "Patient", resource=patient())))
    assert (answer.status, answer.key) == (403, scopes.INSUFFICIENT)
    assert "Bundle.entry[1]" in str(answer.json)
    assert len(app.get("Observation").entries) == 2


def test_given_a_transaction_when_an_entry_only_asks_out_of_scope_then_it_is_refused_whole(filled: Store) -> None:
    app = client_with(filled, "user/Observation.cruds")
    found = bundle("transaction", entry("POST", "Observation", resource=observation("Patient/one")), entry("GET", "Patient/one"))
    assert app.post("", found).status == 403


def test_given_a_batch_when_one_entry_is_out_of_scope_then_the_others_stand(filled: Store) -> None:
    answer = client_with(filled, "user/Observation.rs").post("", bundle("batch", entry("GET", "Patient/one"), entry("GET", "Observation/first")))
    assert [part["response"]["status"][:3] for part in answer.entries] == ["403", "200"]


# -- the patient context, and texts of scopes


def test_given_a_patient_context_when_asked_then_other_residents_are_not_there(filled: Store) -> None:
    app = client_with(filled, "patient/*.rs", patient="one")
    assert app.get("Patient").ids == ["one"]
    assert app.get("Observation").ids == ["first"]
    assert app.get("Observation/second").status == 404
    assert app.get("Patient/two/$everything").status == 404
    assert app.get("Practitioner/p").status == 200
    assert app.get("Patient?_id=one&_revinclude=Observation:patient").json["entry"][1]["resource"]["id"] == "first"
    refused = client_with(filled, "patient/Patient.r", patient="one").get("Observation/first")
    assert 'scope="patient/Observation.r"' in refused.headers["www-authenticate"]


def test_given_only_an_identity_when_asked_for_anything_then_403(filled: Store) -> None:
    assert client_with(filled, "openid fhirUser").get("Patient/one").status == 403


@pytest.mark.parametrize(("text", "letters"), [
    ("user/Patient.read", "rs"), ("user/Patient.write", "cud"), ("user/Patient.*", "cruds"), ("user/*.rs", "rs"),
    ("user/Patient.rs user/Patient.c", "crs"), ("user/Patient.sr", ""), ("Patient.rs", ""), ("user/patient.rs", ""),
])  # fmt: skip
def test_given_a_scope_as_text_when_read_then_it_gives_these_letters(text: str, letters: str) -> None:
    assert "".join(letter for letter in LETTERS if ceiling.may(text, "Patient", letter)) == "".join(
        letter for letter in LETTERS if letter in letters)


def test_given_the_record_itself_when_it_acts_then_there_is_no_ceiling() -> None:
    assert isinstance(SYSTEM, Actor)
    assert ceiling.may(SYSTEM.scopes, "Patient", "d")
