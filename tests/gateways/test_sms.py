"""Given a text message to a resident, when it is delivered, then the record says so; what cannot be delivered becomes work."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from doorstep.gateways import sms
from doorstep.gateways.sms.carriers import logged
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Unavailable
from doorstep.kernel.store import Store
from doorstep.locale_text import CHINESE, ENGLISH, text
from doorstep.workflows import booking, messages, stopping, undelivered
from tests.district import DOCTOR, STRANGER, opened, who
from tests.rights.people import HOME, put_people
from tests.spec.test_every_act import begun, tried
from tests.workflows.clinic import NURSE, booked, opened_clinic, slots, tomorrow

RESIDENT = f"Patient/{who().id}"
HERE = "Organization/shiqiao"
HOUR = 3_600_000_000


class Carrier:
    """Takes, refuses or does not answer, as told; keeps what it took."""

    def __init__(self, *answers: type[Exception] | None) -> None:
        self.answers = list(answers)
        self.taken: list[tuple[str, str, str]] = []

    def send(self, *, phone: str, text: str, key: str) -> None:
        answer = self.answers.pop(0) if self.answers else None
        if answer is not None:
            raise answer("no")
        self.taken.append((phone, text, key))


def carried(store: Store, carrier: Any) -> Any:
    """Everything that is due, with the waiting times between tries."""
    sms.register(store, carrier)
    for _ in range(10):
        while store.runner.run_due():
            pass
        store.advance_clock(HOUR)
    return carrier


def say(store: Store, key: str = "sms.plan", **params: str) -> bool:
    return store.run(DOCTOR, messages.text, resident=RESIDENT, key=key, params=params or {"institution": "石桥"})


def told(store: Store) -> list[tuple[str, str]]:
    """(status, why) of the messages that the institution itself sees."""
    with store.snapshot(DOCTOR) as reads:
        found = reads.search("Communication", [("subject", RESIDENT), ("medium", "SMSWRIT")])
    return [(each["status"], each.get("statusReason", {}).get("coding", [{}])[0].get("code", "")) for each in found]


def tasks(store: Store) -> list[dict[str, Any]]:
    with store.snapshot(DOCTOR) as reads:
        return reads.search("Task", [("code", "undelivered")])


def test_a_message_is_carried_once_and_written_as_the_institutions_own(district: Store) -> None:
    opened(district)
    assert say(district)
    carrier = carried(district, Carrier())
    assert [(phone, "石桥" in said) for phone, said, _ in carrier.taken] == [(who().phone, True)]
    assert told(district) == [("completed", "")]
    assert tasks(district) == []


def test_a_carrier_that_is_down_is_tried_again_and_the_sixth_time_somebody_calls(district: Store) -> None:
    opened(district)
    say(district)
    carrier = carried(district, Carrier(sms.Down, sms.Down))
    assert (len(carrier.taken), told(district)) == (1, [("completed", "")])
    say(district)
    dead = carried(district, Carrier(*[sms.Down] * 9))
    assert len(dead.answers) == 3
    assert sorted(told(district)) == [("completed", ""), ("not-done", "sms.unreachable")]
    found = tasks(district)
    assert [each["owner"]["reference"] for each in found] == [HERE]
    district.run(DOCTOR, undelivered.tell, task=found[0]["id"], recipient="本人")


def test_a_number_that_is_none_is_not_tried_again(district: Store) -> None:
    opened(district)
    say(district)
    carried(district, Carrier(sms.Refused))
    assert told(district) == [("not-done", "sms.refused")]
    found = tasks(district)[0]["id"]
    commands = {"tell": lambda tx, task: undelivered.tell(tx, task=task, recipient="x"),
                "drop": lambda tx, task: undelivered.drop(tx, task=task, note="x")}
    for command in commands.values():
        assert [tried(district, actor, command, found) for actor in (DOCTOR, STRANGER)] == ["done", "not-found"]
    district.run(DOCTOR, undelivered.drop, task=found, note="x")
    for command in commands.values():
        assert tried(district, DOCTOR, command, found) == "wrong-state"


def test_who_is_not_to_be_told_is_not(district: Store) -> None:
    put_people(district)
    opened(district)
    waiting = say(district)
    district.run(HOME, messages.flag, resident=RESIDENT, code=messages.QUIET)
    assert (waiting, say(district)) == (True, False)
    assert (carried(district, Carrier()).taken, told(district)) == ([], [])


def test_ten_a_day_are_enough(district: Store) -> None:
    opened(district)
    for _ in range(12):
        say(district)
    sms.register(district, carrier := Carrier())
    while district.runner.run_due():
        pass
    assert len(carrier.taken) == 10


def test_no_text_has_a_place_for_anything_of_somebodys_health() -> None:
    allowed = {"institution", "day", "hour", "phone", "code", "link"}
    for key, places in messages.TEXTS.items():
        for language in (CHINESE, ENGLISH):
            said = text(key, {place: f"<{place}>" for place in places}, language)
            assert set(re.findall(r"<(\w+)>", said)) == places <= allowed, key
    with pytest.raises(ValueError):
        messages.text(None, resident="Patient/x", key="sms.plan", params={"diagnosis": "x"})  # type: ignore[arg-type]


def test_what_is_for_the_telephone_alone_is_not_kept_in_the_record(district: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOORSTEP_PUBLIC_URL", "https://health.example/")
    opened(district)
    say(district, "sms.survey", link="/voice/secret-token/")
    carrier = carried(district, Carrier())
    with district.snapshot(SYSTEM) as reads:
        kept = json.dumps(reads.search("Communication", [("subject", RESIDENT)]), ensure_ascii=False)
    assert "https://health.example/voice/secret-token/" in carrier.taken[0][1] and "secret-token" not in kept


def test_booking_confirms_reminds_and_says_when_a_clinic_is_stopped(district: Store) -> None:
    _, schedule = opened_clinic(district)
    where = slots(district, schedule)
    booked(district, where[0])
    second = booked(district, where[1], 1)
    sms.register(district, carrier := Carrier())
    while district.runner.run_due():
        pass
    assert [phone for phone, _, _ in carrier.taken] == [who().phone, who(1).phone]
    assert all("石桥镇卫生院" in said and "08:" in said for _, said, _ in carrier.taken)
    on = tomorrow(district).isoformat()
    district.run(NURSE, booking.call_off, appointment=second, reason="plans")
    district.run(NURSE, stopping.stop, schedule=schedule, begins=f"{on}T07:00", ends=f"{on}T20:00", reason="培训", how="offer")
    carrier.taken.clear()
    while district.runner.run_due():
        pass
    assert [("取消" in said, "停诊" in said) for _, said, _ in carrier.taken] == [(True, False), (False, True)]


def test_a_reminder_comes_the_day_before_and_only_while_it_is_booked(district: Store) -> None:
    from datetime import timedelta

    _, schedule = opened_clinic(district)
    where = slots(district, schedule, tomorrow(district) + timedelta(days=2))
    booked(district, where[0])
    off = booked(district, where[1], 1)
    district.run(NURSE, booking.call_off, appointment=off, reason="plans")
    sms.register(district, carrier := Carrier())
    while district.runner.run_due():
        pass
    carrier.taken.clear()
    district.advance_clock(60 * HOUR)
    while district.runner.run_due():
        pass
    assert [(phone, "提醒" in said) for phone, said, _ in carrier.taken] == [(who().phone, True)]


# -- carriers


class _Answering(BaseHTTPRequestHandler):
    status = 200
    seen: list[tuple[dict[str, str], dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append((dict(self.headers), body))
        self.send_response(self.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: Any) -> None:
        """Nothing."""


@pytest.fixture
def company() -> Iterator[Any]:
    handler = type("Handler", (_Answering,), {"seen": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    handler.url = f"http://127.0.0.1:{server.server_port}/send"
    yield handler
    server.shutdown()
    server.server_close()


def test_a_company_gets_one_post_a_message_and_its_answer_decides(company: Any) -> None:
    carrier = sms.HttpCarrier(company.url, token="k", private=True, signature="【云岭】")
    carrier.send(phone="13900000000", text="提醒", key="a")
    headers, body = company.seen[0]
    assert body == {"to": "13900000000", "text": "【云岭】提醒", "key": "a"}
    assert (headers["Authorization"], headers["Idempotency-Key"]) == ("Bearer k", "a")
    for status, wrong in ((400, sms.Refused), (404, sms.Refused), (302, sms.Down), (429, sms.Down), (503, sms.Down)):
        company.status = status
        with pytest.raises(wrong):
            carrier.send(phone="1", text="x", key="b")


def test_a_private_address_is_only_used_when_it_was_meant(company: Any) -> None:
    with pytest.raises(Exception, match="private-address"):
        sms.HttpCarrier(company.url).send(phone="1", text="x", key="a")
    assert company.seen == []


def test_without_a_company_the_log_keeps_what_would_have_been_sent(store: Store) -> None:
    carrier = sms.carrier_of(store, {})
    for number in range(70):
        carrier.send(phone="139", text=str(number), key=str(number // 2))
    kept = logged(store)
    assert (len(kept), kept[0]["text"]) == (35, "69")
    asked = {"DOORSTEP_SMS_URL": "https://sms.example/send"}
    with pytest.raises(Unavailable):
        sms.carrier_of(store, asked)
    assert isinstance(sms.carrier_of(store, {**asked, "DOORSTEP_PUBLIC_URL": "https://health.example"}), sms.HttpCarrier)


def test_who_comes_home_with_a_plan_is_told_that_there_is_one(district: Store) -> None:
    begun(district)
    sms.register(district, carrier := Carrier())
    while district.runner.run_due():
        pass
    assert [("云岭区人民医院" in said, "计划" in said) for _, said, _ in carrier.taken] == [(True, True)]
