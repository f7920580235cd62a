"""Given a bulk export that waits, when the privacy officer opens their desk, then they see for what and how many, and decide."""

from doorstep.kernel.refs import Actor
from doorstep.workflows import exporting
from tests.district import task
from tests.web.conftest import Door

ASKER = Actor("Practitioner/liuyang", "public-health", "Organization/shiqiao", "PUBHLTH", "liuyang")


def waiting(door: Door) -> str:
    return door.store.run(ASKER, exporting.ask, job="d000-000000000000000000", purpose="PUBHLTH", count=731, types="Patient").id


def officer(door: Door):
    door.post_to(("zhangmin", "shiqiao", "auditor"))
    with door.store.snapshot(ASKER) as reads:
        post = next(role["id"] for role in reads.search("PractitionerRole", [("practitioner", "Practitioner/zhangmin")])
                    if role["code"][0]["coding"][0]["code"] == "auditor")
    client = door.enter("zhangmin")
    door.prove_factors()
    assert client.post("/me/role/", {"role": post}).status_code == 302
    return client


def test_the_officer_sees_it_and_approves(door: Door) -> None:
    id_, client = waiting(door), officer(door)
    assert id_ in client.get("/privacy/export/").content.decode()
    page = client.get(f"/privacy/export/{id_}/").content.decode()
    assert "731" in page
    assert "PUBHLTH" in page
    assert client.post(f"/privacy/export/{id_}/approve/").status_code == 302
    assert task(door.store, id_, ASKER)["status"] == "completed"


def test_a_refusal_needs_a_reason(door: Door) -> None:
    id_, client = waiting(door), officer(door)
    assert client.post(f"/privacy/export/{id_}/refuse/", {"note": ""}).status_code == 422
    assert client.post(f"/privacy/export/{id_}/refuse/", {"note": "x"}).status_code == 302
    assert task(door.store, id_, ASKER)["status"] == "rejected"
