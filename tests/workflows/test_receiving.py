"""Given what a modality sends, when it fits a request, then it is filed; when it does not, then it is kept and two people say whose it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from doorstep.journeys import acting, receiving
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Invalid, NotFound, RuleBroken
from doorstep.kernel.store import Store
from doorstep.workflows import intake, modality, picture
from tests.district import DOCTOR, STRANGER, stands, task
from tests.studies import CT_FILE, ECG_FILE, NURSE, READER, device, file_for, placed, sent

OTHER = DOCTOR
DAY = 86_400_000_000


def unmatched(store: Store) -> list[dict[str, Any]]:
    with store.snapshot(NURSE) as reads:
        return reads.search("Task", [("code", intake.TABLE.name), ("status", "requested,in-progress")])


def counted(store: Store) -> dict[str, int]:
    with store.snapshot(SYSTEM) as reads:
        return {each: len(reads.search(each, [])) for each in ("Binary", "Media", "ImagingStudy", "Task", "Observation")}


def perform(store: Store, actor: Any, act: str, task_id: str, **data: str) -> None:
    store.run(actor, acting.perform, workflow="intake", act=act, task=task_id, data=data)


def test_what_fits_is_kept_byte_for_byte_and_the_same_again_changes_nothing(district: Store) -> None:
    waiting, by = placed(district), device(district)
    data = file_for(district, waiting)
    assert sent(district, by, data).kind == "filed"
    before = counted(district)
    assert sent(district, by, data).kind == "duplicate"
    assert counted(district) == before
    with district.snapshot(READER) as reads:
        media = picture.media_of(reads, task(district, waiting)["focus"]["reference"])[0]
        assert picture.content(reads, media) == data
        study_ = reads.search("ImagingStudy", [("basedon", task(district, waiting)["focus"]["reference"])])
    assert [each["numberOfInstances"] for each in study_] == [1]
    assert media["content"]["size"] == len(data)
    assert picture.digest(data) in {each["value"] for each in media["identifier"]}


ODD: tuple[tuple[dict[str, str], str], ...] = (
    ({"accession": ""}, "no-number"),
    ({"accession": "99999999999999"}, "no-request"),
    ({"number": "5099000000000777"}, "other-person"),
    ({"number": "", "name": "WANG^FANG=王^芳"}, "other-person"),
    ({"number": "", "name": ""}, "no-person"),
)


def test_what_names_no_request_or_another_person_changes_nobodys_record(district: Store) -> None:
    waiting, by = placed(district), device(district)
    for place, (changed, why) in enumerate(ODD):
        data = file_for(district, waiting, place=place, **changed)
        outcome = sent(district, by, data)
        assert (outcome.kind, outcome.why) == ("unmatched", why)
        with district.snapshot(NURSE) as reads:
            found = reads.read("Task", outcome.ref.removeprefix("Task/"))
            assert intake.bytes_of(reads, found) == data
        with district.snapshot(READER) as reads, pytest.raises(NotFound):
            reads.read("Task", found["id"])
    assert stands(task(district, waiting))[0] == "requested"
    assert counted(district)["Media"] == 0


def test_two_people_say_whose_it_is_and_then_it_is_read(district: Store) -> None:
    waiting, by = placed(district), device(district)
    data = file_for(district, waiting, accession="")
    sent(district, by, data)
    found, request = unmatched(district)[0]["id"], task(district, waiting)["focus"]["reference"]
    perform(district, NURSE, "propose", found, request=request)
    with pytest.raises(RuleBroken, match="study.second-person"):
        perform(district, NURSE, "confirm", found)
    perform(district, OTHER, "confirm", found)
    assert stands(task(district, waiting))[0] == "acquired"
    assert unmatched(district) == []
    with district.snapshot(READER) as reads:
        assert picture.content(reads, picture.media_of(reads, request)[0]) == data
    assert sent(district, by, data).kind == "duplicate"


def test_the_second_person_may_disagree_and_a_stray_is_put_away_with_a_reason(district: Store) -> None:
    waiting, by = placed(district), device(district)
    sent(district, by, file_for(district, waiting, accession=""))
    found, request = unmatched(district)[0]["id"], task(district, waiting)["focus"]["reference"]
    perform(district, NURSE, "propose", found, request=request)
    perform(district, OTHER, "refuse", found, note="不是此人")
    with pytest.raises(Conflict):
        perform(district, OTHER, "confirm", found)
    with pytest.raises(Invalid, match="workflows.empty-box"):
        perform(district, NURSE, "put-away", found)
    perform(district, NURSE, "put-away", found, note="质控模体")
    assert unmatched(district) == []
    assert counted(district)["Binary"] == 1, "what came is never thrown away"


def test_a_match_that_nobody_confirms_lapses_and_what_lies_is_counted_again(district: Store) -> None:
    waiting, by = placed(district), device(district)
    sent(district, by, file_for(district, waiting, accession=""))
    found = unmatched(district)[0]
    perform(district, NURSE, "propose", found["id"], request=task(district, waiting)["focus"]["reference"])
    district.advance_clock(DAY)
    again = unmatched(district)[0]
    assert stands(again)[0] == "unmatched"
    assert again["meta"]["versionId"] > found["meta"]["versionId"]


def test_what_cannot_be_read_waits_for_somebody_with_the_original(district: Store) -> None:
    by = device(district)
    for data in (b"", b"no object", b"\0" * 128 + b"DICM" + b"\xff" * 64):
        outcome = sent(district, by, data)
        assert outcome.kind == "by-hand"
        assert sent(district, by, data).kind == "duplicate"
        with district.snapshot(NURSE) as reads:
            found = reads.read("Task", outcome.ref.removeprefix("Task/"))
            assert (stands(found)[0], intake.bytes_of(reads, found)) == ("by-hand", data)


def test_the_same_number_with_other_bytes_is_never_put_over_what_is_there(district: Store) -> None:
    waiting, by = placed(district), device(district)
    data = file_for(district, waiting)
    sent(district, by, data)
    outcome = sent(district, by, data.replace(b"Mortara", b"Fortara", 1))
    assert (outcome.kind, outcome.why) == ("by-hand", "changed-object")
    with district.snapshot(READER) as reads:
        assert picture.content(reads, picture.media_of(reads, task(district, waiting)["focus"]["reference"])[0]) == data


def test_a_ct_of_several_objects_is_one_study_and_a_name_with_the_birth_date_is_enough(district: Store) -> None:
    waiting, by = placed(district, "CTHEAD"), device(district, "CT_SHIQIAO", "CT")
    assert sent(district, by, file_for(district, waiting, ECG_FILE)).why == "not-expected"
    first = file_for(district, waiting, CT_FILE, place=5, number="")
    several = [first, *(first.replace(b".1.1.1", b".1.1.%d" % number) for number in (2, 3, 4))]
    with ThreadPoolExecutor(4) as pool:  # a modality sends over several associations at once
        assert list(pool.map(lambda each: sent(district, by, each).kind, several)) == ["filed"] * 4
    with district.snapshot(READER) as reads:
        found = reads.search("ImagingStudy", [("basedon", task(district, waiting)["focus"]["reference"])])
    assert [(each["numberOfSeries"], each["numberOfInstances"]) for each in found] == [(1, 4)]


def test_every_act_on_what_lies_here_in_every_state(district: Store) -> None:
    waiting, by = placed(district), device(district)
    sent(district, by, file_for(district, waiting, accession=""))
    found, request = unmatched(district)[0]["id"], task(district, waiting)["focus"]["reference"]
    data = {"request": request, "note": "x"}
    wrong = []
    for state in intake.TABLE.states:
        for act in intake.TABLE.acts:
            if act.who != "keeper":
                continue
            for actor, kind in ((NURSE, "keeper"), (STRANGER, "stranger")):
                district.run(SYSTEM, _put, found, state.code, request)
                expected = "not-found" if kind == "stranger" else "done" if state.code in act.source else "wrong-state"
                got = _tried(district, actor, act.code, found, data)
                if got != expected:
                    wrong.append((state.code, act.code, kind, got, expected))
    assert wrong == []


def _put(tx: Any, task_id: str, state: str, request: str) -> None:
    found = tx.read("Task", task_id)
    found["businessStatus"]["coding"][0]["code"] = state
    found["status"] = intake.TABLE.state(state).task
    kept = [each for each in found["input"] if each["type"]["coding"][0]["code"] not in ("request", "by")]
    found["input"] = [*kept, intake.item("request", request), intake.item_reference("by", DOCTOR.person)]
    tx.update(found)


class _Undone(Exception):
    """Ends a transaction after the command."""


def _tried(store: Store, actor: Any, act: str, task_id: str, data: dict[str, str]) -> str:
    try:
        with store.transaction(actor) as tx:
            acting.perform(tx, workflow="intake", act=act, task=task_id, data=data)
            raise _Undone
    except _Undone:
        return "done"
    except NotFound:
        return "not-found"
    except Conflict:
        return "wrong-state"


def test_a_title_is_one_devices_and_has_a_form(district: Store) -> None:
    device(district)
    with pytest.raises(Conflict, match="study.title-taken"):
        device(district)
    for title, kind, key in (("too long a title for it", "ECG", "study.bad-title"), ("MR1", "MR", "study.unknown-modality")):
        with pytest.raises(Invalid, match=key):
            district.run(NURSE, modality.register, title=title, name="", kind=kind)


def test_what_waits_is_listed_for_the_institution_that_records_it(district: Store) -> None:
    waiting = placed(district, priority="stat")
    placed(district, "XCHEST", encounter=task(district, waiting)["encounter"]["reference"].removeprefix("Encounter/"))
    with district.snapshot(NURSE) as reads:
        assert [each["id"] for each, _ in receiving.waiting(reads)][0] == waiting
        assert len(receiving.waiting(reads, ("ECG",))) == 1
    with district.snapshot(STRANGER) as reads:
        assert receiving.waiting(reads) == []
