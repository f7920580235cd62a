"""Given a message of a laboratory's system, when it comes, then it is a report once, or waits with a sentence; never both."""

import base64
import json
import random
from typing import Any

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.demo.stage import actor
from doorstep.gateways.hl7v2 import er7, inbound, oru, senders
from doorstep.journeys import result_feed
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import BadRequest, Refusal, RuleBroken
from doorstep.kernel.store import Store
from doorstep.terms import tubes
from doorstep.workflows import code_keeping, code_map, feed, labels, order, specimen
from doorstep.workflows.coordination import boxes
from tests.district import DOCTOR, LABORATORY, TECHNICIAN, opened, ordered, stands, task, who
from tests.districts import district, district_on_postgresql, district_on_sqlite, district_url
from tests.spec.test_every_act import put_into
from tests.workflows.test_laboratory import raced, tried

__all__ = ["district", "district_on_postgresql", "district_on_sqlite", "district_url"]

HERE, SECOND = "127.0.0.1", actor("linhua")
VALUES = (("14682-9", "82", "umol/L"), ("22664-7", "5.40", "mmol/L"), ("14933-6", "266", "umol/L"))
POTASSIUM = (("2823-3", "6.80", "mmol/L"), ("2951-2", "140", "mmol/L"), ("2075-0", "101", "mmol/L"))


@pytest.fixture
def line(district: Store) -> Store:
    """A record whose laboratory has a system that may send."""
    senders.allow(district, "LIS|LAB", organization=LABORATORY)
    return district


def number_of(store: Store, id_: str) -> str:
    with store.snapshot(DOCTOR) as reads:
        focus = reads.read("Task", id_)["focus"]["reference"]
        return labels.number_of(reads.read("ServiceRequest", focus.removeprefix("ServiceRequest/")))


def message(
    number: str, values: tuple[tuple[str, str, str], ...] = VALUES, *, control: str = "M1", status: str = "F", head: str = "MSH|^~\\&|LIS|LAB",
    version: str = "2.5.1", charset: str = "UNICODE UTF-8", person: str = "", kind: str = "ORU^R01", system: str = "LN", at: str = "20261101080000",
) -> bytes:  # fmt: skip
    lines = [f"{head}|D|A|{at}||{kind}|{control}|P|{version}||||||{charset}", f"PID|1||{person}||", f"OBR|1|{number}||RFT|||20261101073000"]
    lines += [f"OBX|{n}|NM|{code}^检验^{system}||{value}|{unit}|||||{status}" for n, (code, value, unit) in enumerate(values, 1)]
    codec = "gb18030" if "GB" in charset else "utf-8"
    return ("\r".join(lines) + "\r").encode(codec)


def sent(store: Store, raw: bytes, address: str = HERE) -> inbound.Answer:
    return inbound.receive(store, raw, address=address)


def asked(store: Store, encounter: str = "") -> tuple[str, str]:
    id_ = ordered(store, encounter or opened(store))
    return id_, number_of(store, id_)


def electrolytes(store: Store) -> tuple[str, str]:
    id_ = store.run(DOCTOR, order.place, encounter=opened(store), tests=("LYTE",), laboratory=LABORATORY)[0].id
    return id_, number_of(store, id_)


def reports(store: Store) -> list[dict[str, Any]]:
    with store.snapshot(DOCTOR) as reads:
        placed = reads.search("ServiceRequest", [("patient", f"Patient/{who().id}")])
        numbered = {f"ServiceRequest/{each['id']}" for each in placed if labels.number_of(each)}
        own = reads.search("DiagnosticReport", [("patient", f"Patient/{who().id}"), ("category", "LAB")])
        return [each for each in own if each.get("basedOn", [{}])[0].get("reference") in numbered]


def kept(store: Store, id_: str) -> dict[str, Any]:
    return task(store, id_, TECHNICIAN)


@pytest.mark.parametrize(("version", "charset"), [("2.3", "GB 18030-2000"), ("2.4", "UNICODE UTF-8"), ("2.5.1", "GBK"), ("2.5.1", "")])
def test_a_result_becomes_the_report_of_its_order(line: Store, version: str, charset: str) -> None:
    id_, number = asked(line)
    raw = message(number, version=version, charset=charset)
    answer = sent(line, raw)
    assert answer.code == "AA", answer.body
    assert stands(task(line, id_))[0] == "reported"
    (report,) = reports(line)
    with line.snapshot(DOCTOR) as reads:
        urea = [reads.read("Observation", each["reference"].removeprefix("Observation/")) for each in report["result"]][1]
    assert str(urea["valueQuantity"]["value"]) == "5.40"
    known = kept(line, answer.outcome.task if answer.outcome else "")
    with line.snapshot(TECHNICIAN) as reads:
        binary = reads.read("Binary", boxes(known["input"])["message"].removeprefix("Binary/"))
    assert base64.b64decode(binary["data"]) == raw
    assert stands(known)[0] == "done"


def test_a_critical_value_is_held_as_if_somebody_had_typed_it(line: Store) -> None:
    id_, number = electrolytes(line)
    assert sent(line, message(number, POTASSIUM)).code == "AA"
    assert stands(task(line, id_))[0] == "checking"
    assert reports(line) == []
    line.run(SECOND, order.release, task=id_)
    with line.snapshot(DOCTOR) as reads:
        assert len(reads.search("Task", [("part-of", f"Task/{id_}"), ("status", "requested")])) == 1


def test_a_message_that_comes_again_changes_nothing(line: Store) -> None:
    id_, number = asked(line)
    first, again = sent(line, message(number)), sent(line, message(number, at="20261101090000"))
    assert (first.code, again.code) == ("AA", "AA")
    assert again.outcome and first.outcome
    assert (again.outcome.again, again.outcome.task) == (True, first.outcome.task)
    assert len(reports(line)) == 1
    before = task(line, id_)["meta"]["versionId"]
    assert sent(line, message(number, control="M2")).code == "AA", "the same values under another number"
    assert task(line, id_)["meta"]["versionId"] == before


def test_messages_of_a_day_in_any_order_and_number_end_alike(line: Store) -> None:
    encounter = opened(line)
    pairs = [asked(line, encounter) for _ in range(3)]
    stream = [message(number, control=f"M{at}") for at, (_, number) in enumerate(pairs)] * 3
    random.Random(7).shuffle(stream)
    assert {sent(line, raw).code for raw in stream} == {"AA"}
    assert len(reports(line)) == 3
    assert {stands(task(line, id_))[0] for id_, _ in pairs} == {"reported"}


def test_an_unknown_code_waits_is_mapped_and_played_again_into_one_report(line: Store) -> None:
    id_, number = asked(line)
    own = (("CREA", "82", "umol/L"), ("UREA", "5.40", "mmol/L"), ("GFR", "88", "mL/min"), ("UA", "266", "umol/L"))
    raw = message(number, own, system="L")
    answer = sent(line, raw)
    assert answer.code == "AE"
    assert answer.key == "lab.feed-unknown-code"
    assert "CREA" in answer.body.decode()
    assert answer.outcome
    waiting = answer.outcome.task
    for code, loinc in (("CREA", "14682-9"), ("UREA", "22664-7"), ("GFR", code_map.IGNORED), ("UA", "14933-6")):
        with pytest.raises(RuleBroken) as refused:
            line.run(TECHNICIAN, result_feed.replay, task=waiting)
        assert refused.value.params["code"] == code
        line.run(TECHNICIAN, code_keeping.put, sender="LIS|LAB", code=code, loinc=loinc)
    line.run(TECHNICIAN, result_feed.replay, task=waiting)
    assert stands(kept(line, waiting))[0] == "done"
    assert len(reports(line)) == 1
    again = sent(line, raw)
    assert (again.code, len(reports(line))) == ("AA", 1)
    assert stands(task(line, id_))[0] == "reported"
    with line.snapshot(TECHNICIAN) as reads:
        binary = reads.read("Binary", boxes(kept(line, waiting)["input"])["message"].removeprefix("Binary/"))
    assert base64.b64decode(binary["data"]) == raw


def test_a_result_without_an_order_is_matched_by_two_people(line: Store) -> None:
    id_, number = asked(line)
    answer = sent(line, message("L-4711"))
    assert (answer.code, answer.key) == ("AE", "lab.feed-no-order")
    assert answer.outcome
    waiting = answer.outcome.task
    assert stands(kept(line, waiting))[0] == "ownerless"
    line.run(TECHNICIAN, feed.propose, task=waiting, number=number)
    with pytest.raises(RuleBroken) as refused:
        line.run(TECHNICIAN, result_feed.confirm, task=waiting)
    assert refused.value.key == "lab.second-person"
    line.run(SECOND, result_feed.confirm, task=waiting)
    assert (stands(kept(line, waiting))[0], stands(task(line, id_))[0]) == ("done", "reported")


def test_every_act_on_a_message_in_every_state_by_its_laboratory_alone(line: Store) -> None:
    _, number = asked(line)
    answer = sent(line, message("L-4711"))
    assert answer.outcome
    waiting = answer.outcome.task
    line.run(TECHNICIAN, feed.propose, task=waiting, number=number)
    acts: dict[str, tuple[Any, dict[str, str]]] = {
        "replay": (result_feed.replay, {}), "propose": (feed.propose, {"number": number}), "confirm": (result_feed.confirm, {}),
        "disagree": (feed.disagree, {}), "discard": (feed.discard, {"reason": "test"}),
    }  # fmt: skip
    wrong = []
    for state in feed.TABLE.states:
        line.run(SYSTEM, put_into, feed.TABLE, waiting, state.code)
        for code, (command, given_) in acts.items():
            right = ("done", "rule") if state.code in feed.TABLE.act(code).source else ("conflict",)
            found = [tried(line, by, command, task=waiting, **given_) for by in (SECOND, DOCTOR)]
            if found[0] not in right or found[1] != "not-found":
                wrong.append((state.code, code, found))
    assert wrong == []


def test_what_was_scanned_nowhere_is_received_by_its_result(line: Store) -> None:
    id_, number = asked(line)
    line.run(actor("wangfang"), specimen.collect, task=id_, resident=who().number, code=number)
    assert sent(line, message(number)).code == "AA"
    with line.snapshot(DOCTOR) as reads:
        acts = [each["activity"]["coding"][0]["code"] for each in reads.search("Provenance", [("target", f"Task/{id_}"), ("_sort", "recorded")])]
    assert acts[-2:] == ["receive", "report"]


def test_a_correction_is_checked_and_another_final_result_is_not_taken_for_one(line: Store) -> None:
    id_, number = asked(line)
    sent(line, message(number))
    other = (("14682-9", "182", "umol/L"), *VALUES[1:])
    assert sent(line, message(number, other, control="M2")).key == "lab.feed-already"
    assert sent(line, message(number, other, control="M3", status="C")).code == "AA"
    assert stands(task(line, id_))[0] == "checking"
    line.run(SECOND, order.release, task=id_)
    assert [each["status"] for each in reports(line)] == ["corrected"]


@pytest.mark.parametrize(("change", "key"), [
    ({"person": f"{who(1).number}"}, "lab.feed-other-person"), ({"values": (("14682-9", "0.9", "mg/dL"), *VALUES[1:])}, "lab.feed-unit"),
    ({"status": "P"}, "lab.feed-not-final"), ({"values": (("14682-9", "<1", "umol/L"), *VALUES[1:])}, "workflows.not-a-number"),
    ({"values": VALUES[:1]}, "workflows.empty-box"), ({"values": ()}, "lab.feed-no-result"),
])  # fmt: skip
def test_what_does_not_fit_is_kept_and_says_why(line: Store, change: dict[str, Any], key: str) -> None:
    id_, number = asked(line)
    answer = sent(line, message(number, **change))
    assert (answer.code, answer.key) == ("AE", key)
    assert answer.outcome
    assert stands(kept(line, answer.outcome.task))[0] == "failed"
    assert stands(task(line, id_))[0] == "ordered"


@pytest.mark.parametrize(("change", "key"), [
    ({"head": "MSH|^~\\&|WHO|ELSE"}, "lab.hl7-sender"), ({"kind": "ADT^A01"}, "lab.hl7-type"), ({"version": "3.0"}, "lab.hl7-version"),
    ({"charset": "KS X 1001"}, "lab.hl7-charset"), ({"control": ""}, "lab.hl7-no-control"), ({"head": "MSH|^|||||LAB"}, "lab.hl7-separators"),
])  # fmt: skip
def test_what_is_not_for_the_record_is_refused_and_not_kept(line: Store, change: dict[str, Any], key: str) -> None:
    answer = sent(line, message("Y", **change))
    assert (answer.code, answer.key) == ("AR", key)
    with line.snapshot(TECHNICIAN) as reads:
        assert reads.search("Binary", []) == []


def test_a_sender_writes_from_its_own_place_for_its_own_institution_alone(line: Store) -> None:
    encounter = opened(line)
    _, number = asked(line, encounter)
    assert sent(line, message(number), address="10.1.2.3").key == "lab.hl7-sender"
    senders.allow(line, "LIS|LAB", organization=LABORATORY, networks=("10.1.0.0/16",))
    assert sent(line, message(number), address="10.1.2.3").code == "AA"
    senders.allow(line, "HIS|ZX", organization="Organization/zhuxi")
    other = sent(line, message(asked(line, encounter)[1], head="MSH|^~\\&|HIS|ZX"))
    assert (other.code, other.key) == ("AE", "lab.feed-no-order"), "an order that its institution may not see is none"
    assert len(reports(line)) == 1


def test_the_acknowledgement_is_what_another_library_reads(line: Store) -> None:
    _, number = asked(line)
    for raw, wanted in ((message(number), "AA"), (message("L-1", control="M-2"), "AE"), (message(number, kind="ADT^A01"), "AR")):
        answer = sent(line, raw)
        told = hl7.parse(answer.body.decode())
        assert (str(told.segment("MSA")[1]), str(told.segment("MSH")[9])[:3]) == (wanted, "ACK")
        assert ("ERR" in [str(each[0]) for each in told]) == (wanted != "AA")


CAPTURED = (
    "MSH|^~\\&|LIS|LAB|HIS|HOSP|20130401||ORU^R01|3847|P|2.3\rPID|||12345^^^MRN||MOUSE^MICKEY\r"
    "ORC|RE|{number}\rOBR|1||F77|RFT^x\rOBX|1|SN|14682-9^Kreatinin \\T\\ Co^LN||=^82|umol/L|||||F\r"
    "OBX|2|NM|U^U^L^22664-7^Urea^LN||5.40|mmol/L|||||F\rNTE|1||text \\.br\\ more\rOBX|3|NM|14933-6^Urate^LN||266|\u00b5mol/L|||||F\r"
)


def test_the_ways_in_which_systems_write_are_read() -> None:
    number = tubes.fresh("Y")
    read = oru.read(er7.parse(CAPTURED.format(number=number).encode()))
    (values,) = read.groups.values()
    assert list(read.groups) == ["F77"] or list(read.groups) == [number]
    assert [(each.code, each.value) for each in values] == [("14682-9", "82"), ("22664-7", "5.40"), ("14933-6", "266")]
    assert values[0].text == "Kreatinin & Co"
    assert json.loads(read.text())["name"] == "MOUSEMICKEY"


@settings(max_examples=300)
@given(st.binary(max_size=300) | st.builds(lambda a, b, c: (b"MSH|^~\\&|" + a + b"\r" + b)[c:], st.binary(max_size=80), st.binary(max_size=200), st.integers(0, 12)))
def test_whatever_the_bytes_are_the_parser_answers(raw: bytes) -> None:
    try:
        found = er7.parse(raw)
        oru.check_head(found)
        oru.read(found)
    except (BadRequest, RuleBroken):
        return


def test_every_cut_of_a_message_has_an_answer(line: Store) -> None:
    raw = message(asked(line)[1], charset="GB 18030-2000")
    codes = {sent(line, raw[:cut] if cut % 2 else raw[:cut] + raw[cut + 1 :]).code for cut in range(0, len(raw) - 1, 7)}
    assert codes <= {"AA", "AE", "AR"}
    assert len(reports(line)) <= 1


def test_two_connections_with_one_message_make_one_report(line: Store) -> None:
    _, number = asked(line)
    raw, codes = message(number), []
    assert raced(line, [lambda: codes.append(sent(line, raw).code)] * 3) == 3
    assert (codes, len(reports(line))) == (["AA"] * 3, 1)


def test_a_refusal_names_its_element(line: Store) -> None:
    with pytest.raises(Refusal) as refused:
        senders.allow(line, "LIS", organization=LABORATORY)
    assert refused.value.key == "lab.hl7-sender-name"
