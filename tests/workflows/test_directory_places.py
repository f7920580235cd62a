"""Given an institution, when its places are named down to the bed, then each stands where it can stand."""

from __future__ import annotations

import pytest

from doorstep.kernel.store import Store
from doorstep.workflows import directory_places as places
from doorstep.workflows.directory import changes
from tests.directory import HOME, HOSPITAL, HOSPITAL_ADMIN, RULES, SHIQIAO, put_directory, read, refused

ROOM, BED, WARD = "Location/shiqiao-ward-1", "Location/shiqiao-ward-1-1", "Location/shiqiao-ward"


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def test_the_whole_house_is_listed_each_below_what_it_stands_in(here: Store) -> None:
    with here.snapshot(HOME) as reads:
        found = [(depth, places.kind_of(each)) for depth, each in places.places_of(reads, HOSPITAL)]
    assert found[0] == (0, "si")
    assert (4, "bd") in found
    assert [kind for depth, kind in found if depth == 0] == ["si"]


def test_a_new_bed_is_free_and_its_status_changes(here: Store) -> None:
    made = here.run(HOME, places.place, institution=SHIQIAO, kind="bd", name="5 床", within=ROOM)
    reference = str(made.ref)
    assert read(here, reference)["operationalStatus"]["code"] == "U"
    here.run(HOME, places.set_bed, location=reference, status="O")
    refused("directory.bed-occupied", here, HOME, places.close_place, location=reference, reason="closed")
    here.run(HOME, places.set_bed, location=reference, status="H")
    here.run(HOME, places.rename_place, location=reference, name="加 1 床")
    here.run(HOME, places.close_place, location=reference, reason="closed")
    refused("directory.place-closed", here, HOME, places.set_bed, location=reference, status="U")
    here.run(HOME, places.reopen_place, location=reference)
    refused("directory.not-closed", here, HOME, places.reopen_place, location=reference)
    assert [change.act for change in changes(here, HOME, reference)] == ["reopen", "close", "rename", "status", "status", "place"]


@pytest.mark.parametrize(("boxes", "key"), [
    ({"kind": "bd", "within": ""}, "directory.place-within"), ({"kind": "bd", "within": BED}, "directory.place-within"),
    ({"kind": "wa", "within": ROOM}, "directory.place-within"), ({"kind": "xx"}, "directory.unknown-code"),
    ({"name": ""}, "workflows.empty-box"), ({"within": "Location/none"}, "directory.not-there"),
    ({"within": "Location/hospital-nephrology"}, "directory.other-institution"),
    ({"name": "1 床", "kind": "bd"}, "directory.same-name"),
    ({"institution": HOSPITAL}, "directory.own-only"),
])
def test_a_wrong_place_is_refused(here: Store, boxes: dict, key: str) -> None:
    refused(key, here, HOME, places.place, **({"institution": SHIQIAO, "kind": "bd", "name": "9 床", "within": ROOM} | boxes))


def test_places_end_from_the_inside_and_at_home(here: Store) -> None:
    refused("directory.place-not-empty", here, HOME, places.close_place, location=WARD, reason="closed")
    refused("directory.not-a-bed", here, HOME, places.set_bed, location=ROOM, status="U")
    refused("directory.unknown-code", here, HOME, places.set_bed, location=BED, status="Z")
    for who in (RULES, HOSPITAL_ADMIN):
        refused("directory.own-only", here, who, places.rename_place, location=BED, name="x")


def test_of_two_who_change_the_same_bed_the_second_is_told(here: Store) -> None:
    seen = read(here, BED)["meta"]["versionId"]
    here.run(HOME, places.set_bed, location=BED, status="O", version=seen)
    refused("directory.changed-meanwhile", here, HOME, places.set_bed, location=BED, status="C", version=seen)
