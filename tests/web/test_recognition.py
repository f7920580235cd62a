"""Given an earlier result, when a doctor orders on the visit's page, then using it is one key and doing it again two."""

from tests.district import opened
from tests.web.conftest import Site
from tests.workflows.test_recognition import decided, library, measured


def test_one_button_uses_the_result_and_the_figures_open_their_rows(site: Site) -> None:
    library(site.store)
    report = measured(site.store)
    visit = f"/v/{opened(site.store)}/"
    doctor = site.enter("zhangmin")
    refused = doctor.submit(doctor.get(visit), "/sign/", {"line": "RFT"})
    assert refused.status == 422
    assert "data-accept" in refused.text
    assert "川渝HR" in refused.text
    used = doctor.submit(refused, "/sign/", {"use.RFT": report})
    assert used.status == 200
    made = decided(site.store)
    assert [each["businessStatus"]["coding"][0]["code"] for each in made] == ["recognised"]
    recount = sum(int(entry["valueString"]) for task in made for entry in task["input"] if entry["type"]["coding"][0]["code"] == "fen")
    for reader in (doctor, site.enter("zhouwei")):
        assert f"{recount / 100:.2f}" in reader.get("/recognition/").text
        assert "121.90" in reader.get("/recognition/?kind=recognised").text
    assert "121.90" not in site.enter("hejing").get("/recognition/?kind=recognised").text
    assert site.enter("wanglei").get("/recognition/").status == 403


def test_the_manager_keeps_the_library(site: Site) -> None:
    manager = site.enter("zhouwei")
    page = manager.get("/admin/recognition/")
    boxes = {"organization": "Organization/shiqiao", "item": "CRP", "yuan": "35.5", "since": "2026-01-01"}
    assert "35.50" in manager.post_as(page, "/admin/recognition/add-price/", boxes).text
    assert manager.post_as(page, "/admin/recognition/add-price/", {**boxes, "yuan": "a"}).status == 422
    assert site.enter("zhangmin").get("/admin/recognition/").status == 403


def test_doing_it_again_takes_a_reason_and_a_tick(site: Site) -> None:
    library(site.store)
    measured(site.store)
    visit = f"/v/{opened(site.store)}/"
    doctor = site.enter("zhangmin")
    again: dict[str, str | list[str]] = {"line": "RFT", "why.RFT": "01", "explained.RFT": "yes"}
    assert doctor.submit(doctor.get(visit), "/sign/", again).status == 200
    assert [each["businessStatus"]["coding"][0]["code"] for each in decided(site.store)] == ["refused"]
