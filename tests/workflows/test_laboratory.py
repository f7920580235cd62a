"""Given an order, when its tube is taken, boxed, carried and received, then each step says who, and the wrong one is refused."""

import json
import threading
from typing import Any

import pytest

from doorstep.demo.stage import actor
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.terms import tubes
from doorstep.terms.policies import policy
from doorstep.workflows import control, correction, labels, messages, order, specimen, transport, turnaround, visit
from doorstep.workflows.coordination import boxes, day
from tests.district import DOCTOR, LABORATORY, STRANGER, TECHNICIAN, opened, ordered, stands, task, who
from tests.spec.test_every_act import put_into

NURSE = actor("wangfang")
SECOND = actor("linhua")
SITE = "Organization/shiqiao"
RESULTS = {"14682-9": "82", "22664-7": "5.40", "14933-6": "266"}
COURIER = SECOND
"""A driver of the laboratory."""


def number_of(store: Store, id_: str) -> str:
    with store.snapshot(DOCTOR) as reads:
        focus = reads.read("Task", id_)["focus"]["reference"]
        return labels.number_of(reads.read("ServiceRequest", focus.removeprefix("ServiceRequest/")))


def collected(store: Store, encounter: str = "") -> tuple[str, str]:
    """(task, number) of an order whose tube was taken."""
    id_ = ordered(store, encounter or opened(store))
    number = number_of(store, id_)
    store.run(NURSE, specimen.collect, task=id_, resident=who().number, code=number)
    return id_, number


def refused(store: Store, by: Actor, command: Any, **given: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        store.run(by, command, **given)
    return found.value


def specimen_of(store: Store, id_: str) -> dict[str, Any]:
    with store.snapshot(TECHNICIAN) as reads:
        known = boxes(reads.read("Task", id_)["output"])["specimen"]
        return reads.read("Specimen", known.removeprefix("Specimen/"))


def test_a_number_is_whole_or_it_is_none() -> None:
    number = tubes.fresh("Y")
    assert tubes.whole(f" {number.lower()} ") == number
    wrong_digit = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert [tubes.whole(each) for each in (number[:-1], number[1:], wrong_digit, number + "0", "", "Y二三四五六七八九十一")] == [""] * 6
    assert (tubes.letter_for("serum"), tubes.letter_for("blood")) == ("Y", "P")


def test_the_label_waits_until_it_came_out_and_a_copy_is_counted(district: Store) -> None:
    id_ = ordered(district, opened(district))
    before = task(district, id_)["restriction"]["period"]
    assert specimen.copies_of(task(district, id_)) == 0
    for copies in (1, 2):
        district.run(NURSE, specimen.printed, task=id_)
        found = task(district, id_)
        assert (specimen.copies_of(found), found["restriction"]["period"]) == (copies, before)


def test_two_scans_take_a_specimen_with_person_and_time(district: Store) -> None:
    id_, number = collected(district)
    assert stands(task(district, id_)) == ("collected", "accepted", SITE, True)
    made = specimen_of(district, id_)
    assert (made["accessionIdentifier"]["value"], made["collection"]["collector"]["reference"]) == (number, NURSE.person)
    assert made["container"][0]["type"]["coding"][0]["code"] == "Y"


@pytest.mark.parametrize(("scanned", "code", "key"), [
    (1, "", "lab.other-resident"), (0, "fragment", "lab.not-a-code"), (0, "other", "lab.other-tube"), (0, "purple", "lab.wrong-tube"),
])
def test_the_wrong_person_or_tube_is_refused_in_words(district: Store, scanned: int, code: str, key: str) -> None:
    encounter = opened(district)
    id_ = ordered(district, encounter)
    number = number_of(district, id_)
    other = number_of(district, ordered(district, encounter))
    codes = {"": number, "fragment": number[3:], "other": other, "purple": tubes.fresh("P")}
    found = refused(district, NURSE, specimen.collect, task=id_, resident=who(scanned).number, code=codes[code])
    assert found.key == key
    if key == "lab.wrong-tube":
        assert (found.params["tube"], found.params["needs"]) == ("P", "Y")
    assert stands(task(district, id_))[0] == "ordered"


def test_a_tube_that_came_with_its_own_number_is_bound_to_the_order(district: Store) -> None:
    id_ = ordered(district, opened(district))
    printed, own = number_of(district, id_), tubes.fresh("Y")
    district.run(NURSE, specimen.collect, task=id_, resident=who().number, code=own)
    assert number_of(district, id_) == own
    assert refused(district, TECHNICIAN, specimen.receive_code, code=printed).key == "lab.spent-tube"
    district.run(TECHNICIAN, specimen.receive_code, code=own)
    assert stands(task(district, id_)) == ("received", "in-progress", LABORATORY, True)


def test_the_way_through_a_box_and_the_legs_of_it(district: Store) -> None:
    id_, number = collected(district)
    box = district.run(NURSE, transport.pack, laboratory=LABORATORY).id
    district.run(NURSE, transport.put, task=box, code=number)
    assert refused(district, NURSE, transport.put, task=box, code=number).key == "lab.in-a-box"
    district.advance_clock(60 * 60_000_000)
    district.run(NURSE, transport.seal, task=box)
    assert refused(district, COURIER, transport.depart, task=box, courier="x", temperature="12").key == "lab.temperature-note"
    district.run(COURIER, transport.depart, task=box, courier="周师傅", temperature="4.5")
    assert stands(task(district, id_)) == ("sent", "accepted", LABORATORY, True)
    district.advance_clock(30 * 60_000_000)
    district.run(TECHNICIAN, transport.arrive, task=box, temperature="5.0")
    assert refused(district, TECHNICIAN, transport.close, task=box).key == "lab.box-not-whole"
    district.run(TECHNICIAN, transport.check, task=box, code=number)
    district.run(TECHNICIAN, transport.close, task=box)
    district.run(TECHNICIAN, specimen.claim, task=id_)
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    district.run(DOCTOR, order.acknowledge, task=id_)
    with district.snapshot(DOCTOR) as reads:
        legs = turnaround.of_provenances(reads.search("Provenance", [("target", f"Task/{id_}"), ("_sort", "recorded")]))
        report = reads.read("DiagnosticReport", boxes(reads.read("Task", id_)["output"])["report"].removeprefix("DiagnosticReport/"))
    assert [(leg.code, leg.minutes) for leg in legs] == [
        ("ordered", None), ("collected", 0), ("sent", 60), ("received", 30), ("reported", 0), ("read", 0)]  # fmt: skip
    made = specimen_of(district, id_)
    assert report["specimen"][0]["reference"] == f"Specimen/{made['id']}"
    assert report["effectiveDateTime"] == made["collection"]["collectedDateTime"] < made["receivedTime"]


def test_a_missing_tube_is_named_at_both_ends_with_where_it_was_last_seen(district: Store) -> None:
    encounter = opened(district)
    tubes_ = [collected(district, encounter) for _ in range(2)]
    box = district.run(NURSE, transport.pack, laboratory=LABORATORY).id
    for _, number in tubes_:
        district.run(NURSE, transport.put, task=box, code=number)
    district.run(NURSE, transport.seal, task=box)
    district.run(NURSE, transport.depart, task=box, courier="x", temperature="4")
    district.run(TECHNICIAN, transport.arrive, task=box, temperature="4")
    district.run(TECHNICIAN, transport.check, task=box, code=tubes_[0][1])
    for reader in (NURSE, TECHNICIAN):
        seen = transport.one(district, reader, task=box)
        assert seen.missing == (tubes_[1][1],)
        assert transport.last_seen(district, seen)[::2] == ("lab.box-seal", SITE), "who carries a box sees no tube"
    district.run(TECHNICIAN, transport.shorten, task=box)
    assert stands(task(district, tubes_[1][0])) == ("missing", "on-hold", SITE, True)
    assert transport.one(district, NURSE, task=box).state.code == "short"
    # found again at the laboratory's door, or taken anew: either goes on
    district.run(TECHNICIAN, specimen.receive_code, code=tubes_[1][1])
    assert stands(task(district, tubes_[1][0]))[0] == "received"


def test_a_box_is_nobodys_but_its_two_ends(district: Store) -> None:
    _, number = collected(district)
    box = district.run(NURSE, transport.pack, laboratory=LABORATORY).id
    district.run(NURSE, transport.put, task=box, code=number)
    assert isinstance(refused(district, STRANGER, transport.seal, task=box), NotFound)
    with pytest.raises(NotFound):
        transport.one(district, STRANGER, task=box)
    with pytest.raises(Forbidden):
        transport.under_way(district, actor("xujing"))
    assert transport.under_way(district, STRANGER) == []
    with district.snapshot(SYSTEM) as reads:
        text = str(reads.read("Task", box))
    assert who().id not in text, "whoever carries it must not learn who is in it"
    with district.snapshot(NURSE) as reads, pytest.raises(NotFound):
        reads.read("Task", box)


def test_every_act_on_a_box_in_every_state_by_each_end(district: Store) -> None:
    _, number = collected(district)
    acts = {
        "put": (transport.put, {"code": number}), "take-out": (transport.take_out, {"code": number}), "seal": (transport.seal, {}),
        "depart": (transport.depart, {"courier": "x", "temperature": "4"}), "arrive": (transport.arrive, {"temperature": "4"}),
        "check": (transport.check, {"code": number}), "close": (transport.close, {}), "shorten": (transport.shorten, {}),
        "abandon": (transport.abandon, {"note": "x"}),
    }  # fmt: skip
    way = ("put", "seal", "depart", "arrive", "check", "close")
    box, wrong = district.run(NURSE, transport.pack, laboratory=LABORATORY).id, []
    for step in (*way, ""):
        state = transport.one(district, NURSE, task=box).state.code
        for act in transport.TABLE.acts:
            if act.code not in acts:
                continue
            command, given = acts[act.code]
            for party, by in (("site", NURSE), ("laboratory", TECHNICIAN)):
                right = party == act.who or act.code in transport.CARRYING
                found = tried(district, by, command, task=box, **given)
                expected = ("done", "rule") if right and state in act.source else ("conflict",) if right else ("forbidden",)
                if found not in expected:
                    wrong.append((state, act.code, party, found))
        if step:
            by = TECHNICIAN if transport.TABLE.act(step).who == "laboratory" else NURSE
            district.run(by, acts[step][0], task=box, **acts[step][1])
    assert wrong == []


class Undone(Exception):
    """Ends a transaction after the command."""


def tried(store: Store, by: Actor, command: Any, **given: Any) -> str:
    try:
        with store.transaction(by) as tx:
            command(tx, **given)
            raise Undone
    except Undone:
        return "done"
    except Forbidden:
        return "forbidden"
    except Conflict as found:
        return "rule" if found.key.startswith("lab.") else "conflict"
    except NotFound:
        return "not-found"
    except (RuleBroken, Invalid):
        return "rule"


def test_a_rejected_specimen_goes_back_to_be_taken_under_a_new_number(district: Store) -> None:
    encounter = opened(district)
    id_, number = collected(district, encounter)
    district.run(TECHNICIAN, specimen.receive_code, code=number)
    before = specimen_of(district, id_)
    district.run(DOCTOR, visit.finish, encounter=encounter)
    assert refused(district, TECHNICIAN, order.reject, task=id_, reason="").elements == ("reason",)
    district.run(TECHNICIAN, order.reject, task=id_, reason="haemolysed")
    assert stands(task(district, id_)) == ("rejected", "on-hold", SITE, True)
    again = number_of(district, id_)
    assert again != number
    with district.snapshot(TECHNICIAN) as reads:
        assert reads.read("Specimen", before["id"])["status"] == "unsatisfactory"
    with district.snapshot(SYSTEM) as reads:
        told = reads.search("Communication", [("subject", f"Patient/{who().id}")])
    assert [messages.text_of(each, "zh")[:3] for each in told] == ["石桥镇"], "who has gone home is told"
    assert texts(district) == ["sms.come-again"]
    assert refused(district, NURSE, specimen.collect, task=id_, resident=who().number, code=number).key == "lab.spent-tube"
    district.run(NURSE, specimen.collect, task=id_, resident=who().number, code=again)
    assert stands(task(district, id_))[0] == "collected"


def texts(store: Store) -> list[str]:
    """The text messages that wait to be sent."""
    rows = store.engine.once("SELECT payload FROM due WHERE lane = 'outbox' AND kind = ?", [messages.SMS])
    return [json.loads(payload)["key"] for (payload,) in rows]


def test_who_is_still_here_is_not_written_to(district: Store) -> None:
    id_, number = collected(district)
    district.run(TECHNICIAN, specimen.receive_code, code=number)
    district.run(TECHNICIAN, order.reject, task=id_, reason="clotted")
    with district.snapshot(SYSTEM) as reads:
        assert reads.search("Communication", [("subject", f"Patient/{who().id}")]) == []


def test_an_analyser_out_of_control_stops_the_release_until_it_is_right(district: Store) -> None:
    machine = district.run(TECHNICIAN, control.add, name="AU5800", runs=("RFT", "LYTE")).id
    assert refused(district, TECHNICIAN, control.judge, analyser=machine, verdict=control.OUT).elements == ("note",)
    district.run(TECHNICIAN, control.judge, analyser=machine, verdict=control.OUT, note="1-3s")
    id_ = ordered(district, opened(district))
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    assert stands(task(district, id_))[0] == "checking", "what was measured is kept, and not released"
    found = refused(district, SECOND, order.release, task=id_)
    assert (found.key, found.params["analyser"], found.params["note"]) == ("lab.qc-out", "AU5800", "1-3s")
    assert isinstance(refused(district, DOCTOR, control.judge, analyser=machine, verdict=control.IN), Forbidden)
    district.advance_clock(1_000_000)
    district.run(SECOND, control.judge, analyser=machine, verdict=control.IN)
    district.run(SECOND, order.release, task=id_)
    assert stands(task(district, id_))[0] == "reported"
    with district.snapshot(TECHNICIAN) as reads:
        (shown,) = control.analysers(reads, laboratory=LABORATORY)
    assert (shown.verdict, shown.by) == (control.IN, SECOND.person)


def test_whoever_read_the_old_report_is_told_until_they_say_so(district: Store) -> None:
    encounter = opened(district)
    id_ = ordered(district, encounter)
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    report = boxes(task(district, id_)["output"])["report"]
    district.advance_clock(60_000_000)
    with district.snapshot(DOCTOR) as reads:
        reads.read("DiagnosticReport", report.removeprefix("DiagnosticReport/"))
    district.run(DOCTOR, order.acknowledge, task=id_)
    district.advance_clock(60_000_000)
    district.run(TECHNICIAN, order.correct, task=id_, results={**RESULTS, "14682-9": "182"}, note="稀释倍数录错")
    assert stands(task(district, id_))[0] == "checking", "also what was read already can be put right"
    district.run(SECOND, order.release, task=id_)
    with district.snapshot(DOCTOR) as reads:
        (told,) = reads.search("Task", [("focus", report), ("status", "requested")])
    assert (correction.reader_of(told), stands(told)[2]) == (DOCTOR.person, SITE), "the nurse never read it: control"
    assert refused(district, NURSE, correction.know, task=told["id"]).key == "lab.told-to-another"
    for state, right in (("told", "done"), ("known", "conflict")):
        district.run(SYSTEM, put_into, correction.TABLE, told["id"], state)
        found = [tried(district, by, correction.know, task=told["id"]) for by in (DOCTOR, TECHNICIAN, STRANGER)]
        assert found == [right, "forbidden", "not-found"], state
    district.run(SYSTEM, put_into, correction.TABLE, told["id"], "told")
    district.run(DOCTOR, correction.know, task=told["id"])
    assert stands(task(district, told["id"]))[0] == "known"


def test_of_two_benches_one_takes_a_tube_on_and_of_two_boxes_one_has_it(district: Store) -> None:
    id_, number = collected(district)
    boxes_ = [district.run(NURSE, transport.pack, laboratory=LABORATORY).id for _ in range(2)]
    assert raced(district, [lambda box=box: district.run(NURSE, transport.put, task=box, code=number) for box in boxes_]) == 1
    district.run(TECHNICIAN, specimen.receive_code, code=number)
    assert raced(district, [lambda by=by: district.run(by, specimen.claim, task=id_) for by in (TECHNICIAN, SECOND)]) == 1


def raced(store: Store, commands: list[Any]) -> int:
    """How many of some commands at once were done."""
    gate, done = threading.Barrier(len(commands)), []

    def one(command: Any) -> None:
        gate.wait()
        try:
            command()
        except Conflict:
            return
        done.append(command)

    threads = [threading.Thread(target=one, args=(command,)) for command in commands]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return len(done)


def test_a_box_that_nobody_moves_becomes_urgent(district: Store) -> None:
    _, number = collected(district)
    box = district.run(NURSE, transport.pack, laboratory=LABORATORY).id
    district.run(NURSE, transport.put, task=box, code=number)
    district.run(NURSE, transport.seal, task=box)
    wait = policy("transport.pickup", on=day(district.clock.now())).microseconds
    district.advance_clock(wait + 1_000_000)
    district.runner.run_due()
    with district.snapshot(SYSTEM) as reads:
        found = reads.read("Task", box)
    assert (stands(found)[0], found["priority"]) == ("sealed", "urgent")


def test_a_correction_after_it_was_read_alarms_when_the_value_is_critical(district: Store) -> None:
    encounter, usual = opened(district), {"2823-3": "4.10", "2951-2": "140", "2075-0": "101"}
    id_ = district.run(DOCTOR, order.place, encounter=encounter, tests=("LYTE",), laboratory=LABORATORY)[0].id
    district.run(TECHNICIAN, order.report, task=id_, results=usual)
    district.run(DOCTOR, order.acknowledge, task=id_)
    district.run(TECHNICIAN, order.correct, task=id_, results={**usual, "2823-3": "6.80"}, note="标本错位")
    district.run(SECOND, order.release, task=id_)
    with district.snapshot(DOCTOR) as reads:
        raised = reads.search("Task", [("part-of", f"Task/{id_}"), ("code", "critical"), ("status", "requested")])
    assert [boxes(each["input"])["value"] for each in raised] == ["6.80 mmol/L"]


def test_a_laboratory_that_takes_its_own_specimens_needs_no_box(district: Store) -> None:
    id_ = ordered(district, opened(district))
    district.run(TECHNICIAN, order.report, task=id_, results=RESULTS)
    assert stands(task(district, id_))[0] == "reported"
