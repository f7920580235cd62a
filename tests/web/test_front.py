"""Given the pages of the front of the house, when residents book and desks check in and call, then each page does what it says."""

import json
import math
import re
import wave
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.web.accounts.models import Account
from doorstep.web.front import screens
from doorstep.workflows import booking
from tests.district import who
from tests.web.conftest import PASSWORD, Door
from tests.workflows.clinic import booked, go_to, known, opened_clinic, resident, slots, tomorrow, week

BARE = re.compile(r">\s*(?:booking|queue)\.[a-z-]+")


def text(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def me(door: Door):
    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    return door.enter("resident")


def test_three_taps_book_and_a_place_that_is_gone_offers_its_neighbours(door: Door, me) -> None:
    clinic, schedule = opened_clinic(door.store)
    where = slots(door.store, schedule)
    page = f"/me/booking/{clinic.partition('/')[2]}/"
    assert page in text(me.get("/me/booking/"))
    assert re.findall(rf"{page}([^/\"]+)/", text(me.get(page)))
    _, wanted = re.findall(rf"{page}([^/\"]+)/", text(me.get(page, {"day": tomorrow(door.store).isoformat()})))  # one for each half hour
    assert 'name="reason"' in text(me.get(f"{page}{wanted}/"))
    booked(door.store, wanted, 1)
    gone = me.post(f"{page}{wanted}/")
    assert gone.status_code == 409
    near = re.findall(rf'action="{page}([^/]+)/"', text(gone))
    assert (wanted, near) == (where[2], [where[1], where[3]])
    assert me.post(f"{page}{near[0]}/", {"reason": "头昏"}).status_code == 302
    mine = text(me.get("/me/booking/"))
    assert "data:image/svg+xml" in mine
    again = me.post(f"{page}{near[1]}/")
    assert again.status_code == 409
    appointment = re.findall(r"/me/booked/([^/]+)/cancel/", mine)[0]
    assert me.post(f"/me/booked/{appointment}/cancel/", {"reason": "never"}).status_code == 422
    assert me.post(f"/me/booked/{appointment}/cancel/", {"reason": "plans"}).status_code == 302


def test_one_scan_checks_in_and_the_doctor_calls_from_the_line(door: Door, me) -> None:
    clinic, schedule = opened_clinic(door.store)
    mine = booked(door.store, slots(door.store, schedule)[0])
    go_to(door.store, datetime.combine(tomorrow(door.store), time(7, 50)))
    desk = door.enter("wangfang")
    assert desk.post("/desk/check-in/", {"code": "DSB-WRONG-1"}).status_code == 422
    for wrong in (f"{who().number[-4:]} 李建设", f"0000 {who().name}"):
        assert "尾号和姓名" in text(desk.post("/desk/check-in/", {"code": wrong}))
    scanned = desk.post("/desk/check-in/", {"code": f"{who().number[-4:]} {who().name}"})
    slip = text(desk.get(scanned["Location"]))
    assert "001" in slip and who().name not in slip and "data:image/svg+xml" in slip
    assert "前面 0 人" in text(me.get("/me/booking/"))
    not_booked = desk.post("/desk/check-in/", {"code": who(3).number})
    walked = desk.post("/desk/walk-in/", {"clinic": clinic, "resident": f"Patient/{who(3).id}", "presence": "identity"})
    assert (not_booked.status_code, walked.status_code) == (200, 302)
    doctor = door.enter("zhangmin")
    assert "001" in text(doctor.get("/desk/queue/"))
    called = doctor.post("/desk/queue/next/", {"clinic": clinic, "room": "诊室1"})
    assert called["Location"].startswith("/v/")
    assert doctor.get(called["Location"]).status_code == 200
    task = re.findall(r"/desk/queue/([^/]+)/pass/", text(doctor.get("/desk/queue/")))[0]
    assert doctor.post(f"/desk/queue/{task}/pass/", {"clinic": clinic}).status_code == 302
    assert doctor.post(f"/desk/queue/{task}/prefer/", {"clinic": clinic, "reason": "friend"}).status_code == 422
    assert doctor.post(f"/desk/queue/{task}/nothing/", {"clinic": clinic}).status_code == 404
    with door.store.snapshot(SYSTEM) as reads:
        assert reads.read("Appointment", mine)["status"] == "arrived"


def test_the_hall_screen_shows_masked_names_and_answers_little(door: Door) -> None:
    clinic, _ = opened_clinic(door.store)
    id_ = clinic.partition("/")[2]
    desk, anybody = door.enter("wangfang"), door.client()
    known(door.store, 3)
    desk.post("/desk/walk-in/", {"clinic": clinic, "resident": f"Patient/{who(3).id}", "presence": "identity"})
    address = screens.address(door.store, id_)
    assert address in text(desk.get("/desk/queue/"))
    screens.forget(door.store, clinic)
    page = text(anybody.get(address))
    assert "001" in page and who(3).name not in page and "*" in page
    first = anybody.get(f"{address}now/")
    same = anybody.get(f"{address}now/", headers={"If-None-Match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")
    desk.post("/desk/queue/next/", {"clinic": clinic, "room": "诊室1"})
    changed = anybody.get(f"{address}now/", headers={"If-None-Match": first["ETag"]})
    assert "诊室1" in text(changed)
    assert anybody.get(f"/wall/{id_}.0000000000000000/").status_code == 404


def test_the_screen_at_a_door_shows_its_room_alone(door: Door) -> None:
    clinic, _ = opened_clinic(door.store)
    desk, anybody = door.enter("wangfang"), door.client()
    for index, room in ((2, "诊室1"), (3, "诊室2")):
        known(door.store, index)
        desk.post("/desk/walk-in/", {"clinic": clinic, "resident": f"Patient/{who(index).id}", "presence": "identity"})
        desk.post("/desk/queue/next/", {"clinic": clinic, "room": room})
    assert "?room=%E8%AF%8A%E5%AE%A41" in text(desk.get("/desk/queue/?room=诊室1"))
    address = screens.address(door.store, clinic.partition("/")[2])
    screens.forget(door.store, clinic)
    hall, first = (text(anybody.get(f"{address}now/{query}")) for query in ("", "?room=诊室1"))
    assert (">001<" in hall, ">002<" in hall) == (True, True)
    assert (">001<" in first, ">002<" in first) == (True, False)
    assert "诊室1" in text(anybody.get(f"{address}?room=诊室1"))


def test_the_desk_books_relieves_and_stops(door: Door) -> None:
    clinic, schedule = opened_clinic(door.store, week())
    desk, where = door.enter("wangfang"), slots(door.store, schedule)
    assert where[0] in text(desk.get(f"/desk/bookings/?number={who(2).number}&clinic={clinic.partition('/')[2]}"))
    made = desk.post("/desk/bookings/book/", {"resident": f"Patient/{who(2).id}", "slot": where[0]})
    assert made.status_code == 302
    taken = desk.post("/desk/bookings/book/", {"resident": f"Patient/{known(door.store, 4)[8:]}", "slot": where[0]})
    assert (taken.status_code, where[1] in text(taken)) == (409, True)
    on = tomorrow(door.store).isoformat()
    asked = text(desk.get(f"/desk/stop/?schedule={schedule}&begins={on}T00:00&ends={on}T23:00"))
    assert who(2).name in asked
    assert desk.post("/desk/stop/do/", {"schedule": schedule, "begins": f"{on}T00:00", "ends": "x", "how": "move", "reason": "y"}).status_code == 422
    done = desk.post("/desk/stop/do/", {"schedule": schedule, "begins": f"{on}T00:00", "ends": f"{on}T23:00", "how": "move", "reason": "培训"})
    assert done.status_code == 302
    with door.store.snapshot(SYSTEM) as reads:
        moved = reads.search("Appointment", [("patient", f"Patient/{who(2).id}"), ("status", "booked")])
    assert moved[0]["start"][:10] > on
    own = resident(2)
    door.store.run(own, booking.cancel, appointment=moved[0]["id"], reason="plans")
    for number in range(4):
        place = slots(door.store, schedule, tomorrow(door.store) + timedelta(days=1 + number))[2]
        door.store.run(own, booking.cancel, appointment=booked(door.store, place, 2), reason="plans")
    given = {"resident": f"Patient/{who(2).id}", "slot": slots(door.store, schedule, tomorrow(door.store) + timedelta(days=5))[0]}
    refused = desk.post("/desk/bookings/book/", given)
    assert (refused.status_code, "/desk/bookings/lift/" in text(refused)) == (422, True)
    assert desk.post("/desk/bookings/lift/", {**given, "reason": ""}).status_code == 422
    assert desk.post("/desk/bookings/lift/", {**given, "reason": "住院"}).status_code == 302
    assert desk.post("/desk/bookings/book/", given).status_code == 302


def test_the_weeks_of_a_clinic_are_set_on_a_page(door: Door) -> None:
    chief = door.enter("fengkai")
    door.prove_factors()
    assert chief.post("/admin/schedules/open/", {"name": "内科门诊", "specialty": "cardiology"}).status_code == 302
    page = text(chief.get("/admin/schedules/"))
    clinic = re.findall(r"HealthcareService/[^\"]+", page)[0]
    hours = {"weekday": ["1", "2"], "begins": "08:00", "ends": "09:00", "minutes": "10", "members": "1", "referrals": "0"}
    assert chief.post("/admin/schedules/plan/", {"clinic": clinic, "practitioner": "Practitioner/liuyang", **hours, "begins": "x"}).status_code == 422
    assert chief.post("/admin/schedules/plan/", {"clinic": clinic, "practitioner": "Practitioner/liuyang", **hours}).status_code == 302
    schedule = re.findall(r'name="schedule" value="([^"]+)"', text(chief.get("/admin/schedules/")))[0]
    assert chief.post("/admin/schedules/drop/", {"schedule": schedule, "row": "0"}).status_code == 302
    assert chief.post("/admin/schedules/holiday/", {"clinic": clinic, "first": "2027-01-01", "last": "", "name": "元旦"}).status_code == 302
    assert "元旦" in text(chief.get("/admin/schedules/"))


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_pages_speak_one_language(door: Door, me, language: str) -> None:
    clinic, schedule = opened_clinic(door.store)
    id_, slot = clinic.partition("/")[2], slots(door.store, schedule)[0]
    booked(door.store, slots(door.store, schedule)[1], 1)
    chief, desk = door.enter("fengkai"), door.enter("wangfang")
    door.prove_factors()
    pages = [(me, f"/me/booking/{rest}") for rest in ("", f"{id_}/", f"{id_}/{slot}/")]
    pages += [(desk, each) for each in (f"/desk/bookings/?number={who().number}", "/desk/queue/", "/desk/stop/", screens.address(door.store, id_))]
    for browser, address in [*pages, (chief, "/admin/schedules/")]:
        browser.cookies["doorstep-language"] = language
        answer = browser.get(address)
        assert (address, answer.status_code, BARE.findall(text(answer))) == (address, 200, [])


def test_a_call_is_spoken_with_the_operators_clips_and_with_nothing_else(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic, _ = opened_clinic(door.store)
    desk, anybody = door.enter("wangfang"), door.client()
    known(door.store, 3)
    desk.post("/desk/walk-in/", {"clinic": clinic, "resident": f"Patient/{who(3).id}", "presence": "identity"})
    desk.post("/desk/queue/next/", {"clinic": clinic, "room": "诊室1"})
    address = screens.address(door.store, clinic.partition("/")[2])
    assert "data-voice" not in text(anybody.get(address))
    folder = tmp_path / "clips"
    folder.mkdir()
    names = ["qing", *"0123456789", "dao", "room"]
    for name in names:
        with wave.open(str(folder / f"{name}.wav"), "wb") as tone:
            tone.setparams((1, 2, 8000, 0, "NONE", ""))
            tone.writeframes(b"".join(int(9000 * math.sin(at / 3)).to_bytes(2, "little", signed=True) for at in range(800)))
    (tmp_path / "secret.wav").write_bytes(b"x")
    manifest = {"please": "qing.wav", "digits": [f"{digit}.wav" for digit in range(10)], "to": "dao.wav",
                "rooms": {"诊室1": "room.wav", "诊室2": "../secret.wav", "诊室3": "none.wav"}}
    (folder / "clips.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setenv("DOORSTEP_VOICE", str(folder))
    page = anybody.get(address)
    assert ('data-say="please|0|0|1|to|room-诊室1"' in text(page), "data-voice" in text(page)) == (True, True)
    assert "media-src 'self'" in page["Content-Security-Policy"]
    sound = anybody.get(f"{address}voice/room-诊室1/")
    assert (sound["Content-Type"], sound.content[:4]) == ("audio/wav", b"RIFF")
    for wrong in ("room-诊室2", "room-诊室3", "clips.json", "..%2fsecret"):
        assert anybody.get(f"{address}voice/{wrong}/").status_code == 404
    assert anybody.get(f"/wall/{clinic.partition('/')[2]}.0000000000000000/voice/please/").status_code == 404
    for broken in ("[", "[]", '{"digits": 3}'):
        (folder / "clips.json").write_text(broken, encoding="utf-8")
        assert "data-voice" not in text(anybody.get(address))
