"""Given a critical value, when it is released, then it stands on the page of whoever ordered until it is answered."""

from dataclasses import replace

from doorstep.kernel.access import SYSTEM
from doorstep.workflows import critical, order
from tests.district import DOCTOR, LABORATORY, TECHNICIAN, opened, who
from tests.web.conftest import Door, Site

HIGH = {"result.2823-3": "6.80", "result.2951-2": "140", "result.2075-0": "101"}


def test_from_the_bench_to_the_alarm_and_the_register(site: Site) -> None:
    placed = site.store.run(DOCTOR, order.place, encounter=opened(site.store), tests=("LYTE",), laboratory=LABORATORY, priority="stat")
    bench, doctor, other = site.enter("wanglei"), site.enter("zhangmin"), site.enter("liuyang")
    address = f"/t/{placed[0].id}/"
    held = bench.submit(bench.get(address), f"{address}report/", {**HIGH, "conclusion": ""})
    assert "6.80" in held.text
    assert "flag-critical" in held.text
    assert "data-alarm=" not in doctor.get("/w/mine/").text
    second = site.enter("linhua")
    assert second.submit(second.get(address), f"{address}release/", {}).status == 200
    alarmed = doctor.get("/w/sent/").text
    assert "6.80 mmol/L" in alarmed
    task = alarmed.split('data-alarm="')[1].split(".")[0]
    assert f'href="/t/{task}/" data-alarm-open' in alarmed
    assert "data-alarm=" not in other.get("/w/sent/").text
    site.store.advance_clock(5 * 60_000_000 + 1_000_000)
    assert "data-alarm=" in other.get("/w/sent/").text
    assert "data-alarm=" not in site.enter("hejianping").get("/w/sent/").text
    site.store.advance_clock(10 * 60_000_000)
    assert "data-alarm=" in site.enter("hejianping").get("/w/sent/").text
    assert "data-alarm=" in site.enter("sunli").get("/w/mine/").text
    assert "data-alarm=" in bench.get("/w/orders/").text
    page = doctor.get(f"/t/{task}/")
    assert doctor.submit(page, f"/t/{task}/acknowledge/", {"reason": "treat"}).status == 422
    assert doctor.submit(page, f"/t/{task}/acknowledge/", {"reason": "treat", "readback": "yes"}).status == 200
    assert [each.get("/w/mine/").text.count("data-alarm=") for each in (doctor, other, bench)] == [0, 0, 0]
    for reader in (doctor, bench):
        register = reader.get("/p/critical/")
        assert register.status == 200
        assert "6.80 mmol/L" in register.text
    assert "6.80 mmol/L" not in site.enter("hejing").get("/p/critical/").text
    assert doctor.get("/p/critical/?from=yesterday").status == 422


def test_a_held_value_is_not_on_the_doctors_page(site: Site) -> None:
    placed = site.store.run(DOCTOR, order.place, encounter=opened(site.store), tests=("LYTE",), laboratory=LABORATORY)
    results = {name.removeprefix("result."): value for name, value in HIGH.items()}
    site.store.run(TECHNICIAN, order.report, task=placed[0].id, results=results)
    assert "6.80" not in site.enter("zhangmin").get(f"/t/{placed[0].id}/").text


def test_for_somebody_who_has_left_the_task_says_whom_to_try(door: Door) -> None:
    def family(tx):
        found = tx.read("Patient", who().id)
        tx.update({**found, "contact": [{"name": {"text": "李芳"}, "telecom": [{"system": "phone", "value": "12600000123"}]}]})

    door.store.run(SYSTEM, family)
    placed = door.store.run(DOCTOR, order.place, encounter=opened(door.store), tests=("LYTE",), laboratory=LABORATORY, priority="stat")
    results = {name.removeprefix("result."): value for name, value in HIGH.items()}
    door.store.run(TECHNICIAN, order.report, task=placed[0].id, results=results)
    door.store.run(replace(TECHNICIAN, person="Practitioner/linhua"), order.release, task=placed[0].id)
    with door.store.snapshot(DOCTOR) as reads:
        (alarm,) = reads.search("Task", [("code", "critical")])
    door.store.run(DOCTOR, critical.acknowledge, task=alarm["id"], action="left", readback="yes")
    with door.store.snapshot(DOCTOR) as reads:
        (found,) = reads.search("Task", [("code", "contact")])
    page = door.enter("zhangmin").get(f"/t/{found['id']}/").content.decode()
    for each in (who().phone, "李芳", "12600000123", "石桥村卫生室", "石桥镇卫生院"):
        assert each in page, each
