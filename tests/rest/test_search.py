"""Search over HTTP: R4 3.1.1. What each parameter finds is shown in tests/kernel/search."""

from __future__ import annotations

import pytest

from doorstep.kernel.store import Store
from doorstep.rest.app import make_app
from tests.rest.client import HOST, Client
from tests.rest.conftest import observation, patient


def people(client: Client, count: int) -> list[str]:
    return [client.put(f"Patient/p{number}", patient(id=f"p{number}", active=number % 2 == 0)).json["id"] for number in range(count)]


def test_given_matches_when_searched_then_a_searchset_with_their_stored_texts(client: Client) -> None:
    people(client, 3)
    found = client.get("Patient?active=true")
    assert (found.status, found.json["type"], sorted(found.ids)) == (200, "searchset", ["p0", "p2"])
    assert client.get("Patient/p0").body in found.body
    assert found.entries[0]["fullUrl"] == f"http://{HOST}/fhir/Patient/{found.ids[0]}"
    assert found.link("self") == f"http://{HOST}/fhir/Patient?active=true"
    assert "total" not in found.json


def test_given_nothing_when_searched_then_an_empty_searchset(client: Client) -> None:
    found = client.get("Patient?active=true&_total=accurate")
    assert (found.status, found.json["total"], found.entries) == (200, 0, [])


def test_given_a_form_when_searched_then_as_by_address(client: Client) -> None:
    people(client, 2)
    form = "application/x-www-form-urlencoded"
    for target, body in (("Patient/_search", b"active=true"), ("Patient/_search?active=true", b""), ("_search?_type=Patient", b"active=true")):
        found = client.post(target, body, content_type=form)
        assert (found.status, found.ids) == (200, ["p0"])
    assert client.post("Patient/_search", b"name=%E5%BC%A0", content_type=form).ids
    assert client.post("Patient/_search", b"{}", content_type="application/fhir+json").status == 415
    assert client.post("Patient/_search", b"active=true", content_type=form).link("self") == f"http://{HOST}/fhir/Patient?active=true"


def test_given_many_matches_when_paged_then_each_comes_once_even_if_more_are_added(client: Client) -> None:
    people(client, 7)
    first = client.get("Patient?_count=3&_sort=_id")
    client.put("Patient/p00", patient(id="p00"))
    rest = client.pages(str(first.link("next")).removeprefix(f"http://{HOST}"))
    assert first.ids + [id_ for page in rest for id_ in page.ids] == [f"p{number}" for number in range(7)] \
        or sorted(first.ids + [id_ for page in rest for id_ in page.ids]) == sorted({*first.ids, *(id_ for page in rest for id_ in page.ids)})
    assert rest[0].link("first") == first.link("self")


def test_given_the_interface_in_another_process_when_paged_then_the_link_still_holds(store: Store, token: str, client: Client) -> None:
    people(client, 3)
    following = str(client.get("Patient?_count=2").link("next")).removeprefix(f"http://{HOST}")
    assert len(Client(make_app(store), token).get(following).ids) == 1


@pytest.mark.parametrize("cursor", ["x", "", "%00", "a" * 3000, "~~~~", "../../"])
def test_given_a_cursor_that_was_never_given_out_when_asked_then_it_is_refused(shared: Client, cursor: str) -> None:
    assert shared.get(f"Patient?_cursor={cursor}").status == 400


def test_given_an_unknown_parameter_when_searched_then_strict_refuses_and_lenient_tells(client: Client) -> None:
    people(client, 1)
    refused = client.get("Patient?colour=red&active=true")
    assert (refused.status, refused.json["issue"][0]["expression"]) == (400, ["colour"])
    told = client.get("Patient?colour=red&active=true", prefer="handling=lenient")
    assert (told.status, told.ids) == (200, ["p0"])
    assert told.entries[0]["search"]["mode"] == "outcome"
    assert told.entries[0]["resource"]["issue"][0]["severity"] == "warning"
    assert told.link("self") == f"http://{HOST}/fhir/Patient?active=true"
    assert client.get("Patient?active:somehow=true", prefer="handling=lenient").status == 400


def test_given_summary_and_elements_when_searched_then_matches_are_cut(client: Client) -> None:
    people(client, 2)
    counted = client.get("Patient?_summary=count")
    assert (counted.json["total"], counted.entries) == (2, [])
    assert client.get("Patient?_count=0").json["total"] == 2
    some = client.get("Patient?_elements=active")
    assert some.entries[0]["resource"].keys() == {"resourceType", "id", "meta", "active"}
    assert str(some.link("self")).endswith("_elements=active")
    assert client.get("Patient?_summary=true&_elements=id").key == "rest.summary-and-elements"
    assert client.get("Patient?_summary=x").status == 400
    assert client.get("Patient?_elements=..").status == 400


def test_given_an_include_when_searched_then_it_is_marked(client: Client) -> None:
    people(client, 1)
    client.post("Observation", observation("Patient/p0"))
    found = client.get("Observation?_include=Observation:subject")
    assert [(each["resource"]["resourceType"], each["search"]["mode"]) for each in found.entries] == [
        ("Observation", "match"), ("Patient", "include")]
    back = client.get("Patient?_revinclude=Observation:subject")
    assert [each["search"]["mode"] for each in back.entries] == ["match", "include"]


def test_given_all_types_when_searched_then_they_have_to_be_named(client: Client) -> None:
    people(client, 1)
    client.post("Observation", observation("Patient/p0"))
    assert client.get("?_id=p0").key == "rest.type-needed"
    assert client.get("?_type=Patient,Observation&_total=accurate").json["total"] == 2
    assert client.get("?_type=Planet").status == 400


def test_given_an_absolute_reference_to_ourselves_when_searched_then_it_is_our_own(client: Client) -> None:
    people(client, 1)
    client.post("Observation", observation("Patient/p0"))
    assert len(client.get(f"Observation?subject=http://{HOST}/fhir/Patient/p0").ids) == 1
    assert len(client.get("Observation?subject=http://elsewhere.example/fhir/Patient/p0").ids) == 0


def test_given_a_huge_count_when_searched_then_it_is_bounded(client: Client) -> None:
    people(client, 2)
    assert len(client.get("Patient?_count=1000000000").ids) == 2
    assert client.get("Patient?_count=-1").status == 400
    assert client.get("Patient?_count=many").status == 400


def test_given_a_compartment_when_searched_then_only_what_is_in_it(client: Client) -> None:
    people(client, 2)
    mine = client.post("Observation", observation("Patient/p0")).json["id"]
    client.post("Observation", observation("Patient/p1"))
    assert client.get("Patient/p0/Observation").ids == [mine]
    assert client.get("Patient/p0/Observation?code=8867-4").ids == [mine]
    assert client.get("Patient/p0/Observation?code=1").ids == []
    assert set(client.get("Patient/p0/*").ids) == {mine, "p0"}
    assert client.post("Patient/p0/Observation/_search", b"code=8867-4", content_type="application/x-www-form-urlencoded").ids == [mine]
    assert client.get("Patient/p0/Observation").link("self") == f"http://{HOST}/fhir/Patient/p0/Observation"
    assert client.get("Patient/nobody/Observation").status == 404
    assert client.get("Patient/p0/Organization").status == 400
    assert client.get("Organization/p0/Patient").status in (400, 404)
    assert client.get("Patient/p0/observation").key == "rest.type-letter-case"


def test_given_a_compartment_when_paged_then_the_links_stay_in_it(client: Client) -> None:
    people(client, 1)
    made = {client.post("Observation", observation("Patient/p0")).json["id"] for _ in range(3)}
    pages = client.pages("Patient/p0/Observation?_count=2")
    assert {id_ for page in pages for id_ in page.ids} == made
    assert len(pages) == 2


def test_given_a_cursor_of_somebody_else_when_asked_then_it_is_refused(store: Store, client: Client) -> None:
    from doorstep.kernel.refs import Actor

    people(client, 3)
    following = str(client.get("Patient?_count=2").link("next")).removeprefix(f"http://{HOST}")
    other = Actor("Practitioner/b", "administrator", "Organization/b", account="other")
    assert Client(client.app, store.issue_token("other", other, ttl=60)).get(following).status == 400
