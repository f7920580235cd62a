"""Given the pages of the laboratory, when they are used as at work, then each step is seen and each mistake is named."""

import re
from typing import Any

from doorstep.gateways.hl7v2 import senders
from doorstep.workflows import labels, order
from doorstep.workflows.coordination import boxes
from tests.district import DOCTOR, LABORATORY, TECHNICIAN, opened, ordered, task, who
from tests.web.conftest import Door

RESULTS = {"14682-9": "82", "22664-7": "5.40", "14933-6": "266"}


def number_of(door: Door, id_: str) -> str:
    with door.store.snapshot(DOCTOR) as reads:
        focus = reads.read("Task", id_)["focus"]["reference"]
        return labels.number_of(reads.read("ServiceRequest", focus.removeprefix("ServiceRequest/")))


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_from_the_label_to_the_bench_by_scans(door: Door) -> None:
    encounter = opened(door.store)
    id_ = ordered(door.store, encounter)
    number = number_of(door, id_)
    nurse, bench = door.enter("wangfang", HTTP_ACCEPT_LANGUAGE="en"), door.enter("wanglei", HTTP_ACCEPT_LANGUAGE="en")
    assert number in text(nurse.get("/lab/collect/"))
    label = text(nurse.get(f"/p/labels/{encounter}/"))
    assert number in label
    assert re.search(r'<path d="M10 0h2v', label), "bars begin after the quiet zone with the start of Code 128"
    assert nurse.post(f"/p/label/{id_}/printed/").status_code == 302
    assert "copy" in text(nurse.get(f"/p/label/{id_}/"))
    # a tube before its resident, somebody else, the wrong tube: each is refused in words
    first = nurse.post("/lab/collect/scan/", {"code": number})
    assert (first.status_code, "Scan the resident first" in text(first)) == (422, True)
    assert nurse.post("/lab/collect/scan/", {"code": who(3).number}).status_code == 422
    found = nurse.post("/lab/collect/scan/", {"code": who().number})
    assert found["Location"] == f"/lab/collect/?who={who().id}&said=ok"
    wrong = nurse.post("/lab/collect/scan/", {"code": "P0000000000", "who": who().id})
    assert (wrong.status_code, "This is a purple tube; this item needs a yellow tube." in text(wrong)) == (422, True)
    assert 'data-heard="bad"' in text(wrong)
    assert nurse.post("/lab/collect/scan/", {"code": number, "who": who().id}).status_code == 302
    box = nurse.post("/lab/boxes/pack/", {"laboratory": LABORATORY})["Location"]
    assert nurse.post(f"{box}put/", {"code": number}).status_code == 302
    assert nurse.post(f"{box}seal/").status_code == 302
    hot = nurse.post(f"{box}depart/", {"courier": "Zhou", "temperature": "15"})
    assert (hot.status_code, "outside 2–8" in text(hot)) == (422, True)
    assert nurse.post(f"{box}depart/", {"courier": "Zhou", "temperature": "4"}).status_code == 302
    paper = text(nurse.get(box.replace("/lab/boxes/", "/p/box/")))
    assert number in paper
    assert who().name not in paper, "what travels with the box names nobody"
    assert bench.post(f"{box}arrive/", {"temperature": "5"}).status_code == 302
    missing = text(bench.get(box))
    assert ("1 tubes missing" in missing, "last seen" in missing) == (True, True)
    assert bench.post(f"{box}check/", {"code": number}).status_code == 302
    assert bench.post(f"{box}close/").status_code == 302
    assert "Received" in text(bench.get(f"/t/{id_}/"))
    assert number in text(bench.get("/p/specimens/"))
    again = bench.post("/lab/receive/", {"code": number})
    assert again.status_code == 422


def test_a_corrected_report_stands_on_the_readers_pages_until_it_is_noted(door: Door) -> None:
    id_ = ordered(door.store, opened(door.store))
    door.store.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    doctor, other = door.enter("zhangmin", HTTP_ACCEPT_LANGUAGE="en"), door.enter("liuyang")
    door.store.advance_clock(60_000_000)
    assert "82" in text(doctor.get(f"/t/{id_}/"))
    door.store.advance_clock(60_000_000)
    bench, second = door.enter("wanglei"), door.enter("linhua")
    right = {f"result.{code}": value for code, value in {**RESULTS, "14682-9": "182"}.items()}
    assert bench.post(f"/t/{id_}/correct/", {**right, "note": "diluted twice"}).status_code == 302
    assert second.post(f"/t/{id_}/release/").status_code == 302
    page = text(doctor.get("/w/mine/"))
    assert ("This report was corrected" in page, "diluted twice" in page) == (True, True)
    assert "data-correction" not in text(other.get("/w/mine/"))
    notice = page.split('data-correction="')[1].split('"')[0]
    assert "182" in text(doctor.get(f"/t/{notice}/"))
    assert doctor.post(f"/t/{notice}/know/").status_code == 302
    assert "data-correction" not in text(doctor.get("/w/mine/"))


def test_quality_control_stops_the_button_and_says_why(door: Door) -> None:
    bench, second = door.enter("wanglei", HTTP_ACCEPT_LANGUAGE="en"), door.enter("linhua", HTTP_ACCEPT_LANGUAGE="en")
    assert bench.post("/lab/analysers/add/", {"name": "AU5800", "runs": "RFT, XYZ"}).status_code == 422
    assert bench.post("/lab/analysers/add/", {"name": "AU5800", "runs": "RFT, LYTE"}).status_code == 302
    machine = text(bench.get("/lab/")).split("/lab/control/")[1].split("/")[0]
    assert bench.post(f"/lab/control/{machine}/", {"verdict": "out-of-control"}).status_code == 422
    assert bench.post(f"/lab/control/{machine}/", {"verdict": "out-of-control", "note": "1-3s"}).status_code == 302
    id_ = ordered(door.store, opened(door.store))
    door.store.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    stopped = text(second.get(f"/t/{id_}/"))
    assert ("AU5800 is out of control" in stopped, f"/t/{id_}/release/" in stopped) == (True, False)
    assert second.post(f"/t/{id_}/release/").status_code == 422
    door.store.advance_clock(1_000_000)
    assert second.post(f"/lab/control/{machine}/", {"verdict": "in-control"}).status_code == 302
    assert f"/t/{id_}/release/" in text(second.get(f"/t/{id_}/"))


def test_a_pasted_message_fails_is_mapped_and_played_again(door: Door) -> None:
    senders.allow(door.store, "LIS|LAB", organization=LABORATORY)
    id_ = ordered(door.store, opened(door.store))
    bench = door.enter("wanglei", HTTP_ACCEPT_LANGUAGE="en")
    page = text(bench.get("/lab/messages/?sample=1"))
    sample = re.search(r"<textarea[^>]*>(.*?)</textarea>", page, re.DOTALL)
    assert sample
    written = sample[1].replace("&amp;", "&").replace("14682-9^", "CREA^")
    sent = bench.post("/lab/messages/paste/", {"text": written})
    assert sent.status_code == 302
    address = sent["Location"]
    failed = text(bench.get(address))
    assert "is not mapped" in failed
    assert bench.post(f"{address}replay/").status_code == 422
    assert bench.post(f"{address}map/", {"code": "CREA", "loinc": "14682-9"}).status_code == 302
    assert bench.post(f"{address}replay/").status_code == 302
    assert "report" in boxes(task(door.store, id_)["output"])
    again = bench.post("/lab/messages/paste/", {"text": written})
    assert again["Location"] == address, "the same message again is the same case"
    assert "had come before" in text(bench.get(address))
    nothing = bench.post("/lab/messages/paste/", {"text": "MSH|^~\\&|WHO|ELSE|||||ORU^R01|1|P|2.5.1"})
    assert (nothing.status_code, "MSA|AR|1" in text(nothing)) == (422, True)
    assert bench.get("/lab/messages/?state=done").status_code == 200


def test_the_roster_names_whom_the_second_rung_calls(door: Door) -> None:
    head, bench = door.enter("fengkai"), door.enter("wanglei")
    door.prove_factors()
    for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        for starts, ends in (("08:00", "20:00"), ("20:00", "08:00")):
            row = {"day": day, "starts": starts, "ends": ends, "person": "Practitioner/hejianping"}
            assert head.post("/admin/duty/put/", row).status_code == 302
    assert head.post("/admin/duty/put/", {"day": "mon", "starts": "8", "ends": "9", "person": "x"}).status_code == 422
    assert head.post("/admin/duty/put/", {**row, "person": "Practitioner/wanglei"}).status_code == 422
    assert bench.post("/admin/duty/put/", row).status_code == 403
    placed = door.store.run(DOCTOR, order.place, encounter=opened(door.store), tests=("LYTE",), laboratory=LABORATORY, priority="stat")
    results = {"2823-3": "6.80", "2951-2": "140", "2075-0": "101"}
    door.store.run(TECHNICIAN, order.report, task=placed[0].id, results=results)
    door.store.run(TECHNICIAN, order.release, task=placed[0].id)
    door.store.advance_clock(5 * 60_000_000 + 1_000_000)
    door.store.runner.run_due()
    alarmed = {name: "data-alarm=" in text(door.enter(name).get("/w/sent/")) for name in ("hejianping", "liuyang")}
    assert alarmed == {"hejianping": True, "liuyang": False}
    assert head.post("/admin/duty/drop/", row).status_code == 302


def test_the_alliances_own_limits_come_first_from_their_day_on(door: Door) -> None:
    rules, own = door.enter("wugang", HTTP_ACCEPT_LANGUAGE="en"), door.enter("fengkai")
    door.prove_factors()
    assert "Potassium" in text(rules.get("/admin/critical/"))
    given = {"low": "3.0", "high": "6.0", "since": "2000-01-01", "basis": "council 2026-11"}
    assert rules.post("/admin/critical/2823-3/put/", given).status_code == 422
    assert rules.post("/admin/critical/2823-3/put/", {**given, "since": "", "low": "7"}).status_code == 422
    today = {**given, "since": text(rules.get("/admin/critical/2823-3/")).split('name="since" value="')[1][:10]}
    assert rules.post("/admin/critical/2823-3/put/", today).status_code == 302
    assert rules.post("/admin/critical/2823-3/put/", today).status_code == 409
    placed = door.store.run(DOCTOR, order.place, encounter=opened(door.store), tests=("LYTE",), laboratory=LABORATORY)
    door.store.run(TECHNICIAN, order.report, task=placed[0].id, results={"2823-3": "6.1", "2951-2": "140", "2075-0": "101"})
    assert task(door.store, placed[0].id)["businessStatus"]["coding"][0]["code"] == "checking"
    page = text(rules.get("/admin/critical/2823-3/"))
    row = page.split('name="row" value="')[1].split('"')[0]
    assert rules.post("/admin/critical/2823-3/end/", {"row": row}).status_code == 302
    assert rules.get("/admin/critical/nothing/").status_code == 404
    assert own.post("/admin/critical/2823-3/put/", today).status_code == 403
