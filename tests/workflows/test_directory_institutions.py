"""Given an alliance, when its institutions are opened, renamed, moved, merged and closed, then every day can be asked."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from doorstep.kernel.errors import Refusal
from doorstep.kernel.store import Store
from doorstep.terms import systems
from doorstep.terms.identifiers import credit_check
from doorstep.workflows import directory_institutions as institutions
from doorstep.workflows import directory_posts as posts
from doorstep.workflows.affiliation import partners
from doorstep.workflows.directory import changes, identifier
from doorstep.workflows.directory_institutions import Details, Node, became, tree_on
from tests.directory import (
    ALLIANCE,
    DOCTOR,
    HOME,
    HOSPITAL,
    LABORATORY,
    OPERATOR,
    RULES,
    SHIQIAO,
    UNIVERSITY,
    ZHUXI,
    put_directory,
    read,
    refused,
    today,
)

CREDIT = "12500105MB9000001" + credit_check("12500105MB9000001")
TOWNSHIP = Details(kind="township", credit=CREDIT, licence="PDY100123500105", institution_class="C220", level="9",
                   ownership="public", district="500157", address="长江路 1 号", phone="000-12345")  # fmt: skip


@pytest.fixture
def here(store: Store) -> Store:
    return put_directory(store)


def names(nodes: list[Node]) -> dict[str, str]:
    """id -> superior's id over a whole tree."""
    found = {}
    for node in nodes:
        found[node.id] = node.superior.removeprefix("Organization/")
        found |= names(node.below)
    return found


def tree(store: Store, on: date) -> dict[str, str]:
    with store.snapshot(DOCTOR) as reads:
        return names(tree_on(reads, on))


def open_one(store: Store, details: Details = TOWNSHIP, **boxes: str) -> str:
    return str(store.run(RULES, institutions.open_institution, name="新桥镇卫生院", superior=ALLIANCE, details=details, **boxes).ref)


def test_an_institution_opens_below_another_with_its_codes(here: Store) -> None:
    made = read(here, open_one(here, alias="Xinqiao"))
    assert identifier(made, systems.CREDIT_CODE) == CREDIT
    assert made["address"][0]["extension"][0]["valueCode"] == "500157"
    assert tree(here, today(here))[made["id"]] == "alliance"
    assert [change.act for change in changes(here, DOCTOR, f"Organization/{made['id']}")] == ["open"]


def test_a_wrong_check_digit_is_named_and_only_a_person_with_the_certificate_goes_on(here: Store) -> None:
    wrong = CREDIT[:-1] + ("1" if CREDIT[-1] != "1" else "2")
    refusal = refused("terms.credit-check", here, RULES, institutions.open_institution, name="甲", superior=ALLIANCE,
                      details=Details(kind="township", credit=wrong))  # fmt: skip
    assert refusal.elements == ("credit",)
    made = open_one(here, Details(kind="township", credit=wrong, confirmed=True))
    assert identifier(read(here, made), systems.CREDIT_CODE) == wrong


@pytest.mark.parametrize(("boxes", "key", "element"), [
    ({"name": " "}, "workflows.empty-box", "name"),
    ({"superior": "Organization/nobody"}, "directory.not-there", "superior"),
    ({"superior": "nonsense"}, "directory.not-there", "superior"),
    ({"on": "2999-01-01"}, "directory.day-in-future", "on"),
    ({"on": "gestern"}, "directory.not-a-day", "on"),
    ({"on": "2017-01-01"}, "directory.superior-younger", "superior"),
    ({"details": Details(kind="castle")}, "directory.unknown-code", "kind"),
    ({"details": Details(kind="department")}, "directory.unknown-code", "kind"),
    ({"details": Details(kind="township", level="99")}, "directory.unknown-code", "level"),
    ({"details": Details(kind="township", district="500112")}, "directory.district-ended", "district"),
    ({"details": Details(kind="township", district="123456")}, "directory.unknown-code", "district"),
    ({"details": Details(kind="township", licence="许")}, "terms.licence-shape", "licence"),
])
def test_what_cannot_be_is_refused_by_the_box(here: Store, boxes: dict, key: str, element: str) -> None:
    given = {"name": "新桥镇卫生院", "superior": ALLIANCE, "details": TOWNSHIP} | boxes
    assert refused(key, here, RULES, institutions.open_institution, **given).elements == (element,)


@pytest.mark.parametrize("who", [DOCTOR, HOME])
def test_only_the_alliance_opens_and_ends_institutions(here: Store, who) -> None:
    refused("directory.alliance-only", here, who, institutions.open_institution, name="甲", details=TOWNSHIP)
    for command, boxes in ((institutions.close, {"reason": "closed"}), (institutions.merge, {"into": HOSPITAL}),
                           (institutions.rename, {"name": "乙"}), (institutions.move, {"superior": HOSPITAL})):
        refused("directory.alliance-only", here, who, command, organization=SHIQIAO, **boxes)


def test_a_code_names_one_institution(here: Store) -> None:
    taken = identifier(read(here, HOSPITAL), systems.CREDIT_CODE)
    refused("directory.code-taken", here, RULES, institutions.open_institution, name="乙", details=Details(kind="hospital", credit=taken))
    open_one(here)
    refused("directory.code-taken", here, RULES, institutions.open_institution, name="乙", details=TOWNSHIP)


def test_of_two_who_open_the_same_institution_at_once_one_is_refused(here: Store) -> None:
    outcomes: list[str] = []

    def go() -> None:
        try:
            outcomes.append(open_one(here))
        except Refusal as refusal:
            outcomes.append(refusal.key)

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sum(each.startswith("Organization/") for each in outcomes) == 1, outcomes


def test_a_new_name_holds_from_its_day_and_the_old_one_before(here: Store) -> None:
    here.run(RULES, institutions.rename, organization=SHIQIAO, name="石桥中心卫生院", on="2024-05-01")
    here.run(RULES, institutions.rename, organization=SHIQIAO, name="石桥社区中心", on="2025-05-01")

    def named(on: str) -> str | None:
        stood = institutions.standing_on(read(here, SHIQIAO), date.fromisoformat(on))
        return stood[0] if stood else None

    assert [named(on) for on in ("2017-12-31", "2018-01-01", "2024-04-30", "2024-05-01", "2025-04-30", "2025-05-01")] == [
        None, "石桥镇卫生院", "石桥镇卫生院", "石桥中心卫生院", "石桥中心卫生院", "石桥社区中心"]
    refused("directory.day-too-early", here, RULES, institutions.rename, organization=SHIQIAO, name="丁", on="2025-04-30")


def test_a_place_in_the_tree_is_asked_of_any_day(here: Store) -> None:
    here.run(RULES, institutions.move, organization=ZHUXI, superior=HOSPITAL, on="2025-01-01")
    assert tree(here, date(2024, 12, 31))["zhuxi"] == "alliance"
    assert tree(here, date(2025, 1, 1))["zhuxi"] == "hospital"
    assert tree(here, date(2017, 1, 1)) == {}


def test_nothing_comes_to_stand_below_itself(here: Store) -> None:
    refused("directory.cycle", here, RULES, institutions.move, organization=ALLIANCE, superior="Organization/shiqiao-village")
    refused("directory.cycle", here, RULES, institutions.move, organization=SHIQIAO, superior=SHIQIAO)
    refused("directory.cycle", here, RULES, institutions.merge, organization=SHIQIAO, into="Organization/shiqiao-village")


def test_two_moves_at_once_do_not_close_a_circle(here: Store) -> None:
    barrier = threading.Barrier(2)

    def go(organization: str, superior: str) -> None:
        barrier.wait()
        try:
            here.run(RULES, institutions.move, organization=organization, superior=superior)
        except Refusal as refusal:
            assert refusal.key == "directory.cycle"  # noqa: PT017

    threads = [threading.Thread(target=go, args=pair) for pair in ((SHIQIAO, ZHUXI), (ZHUXI, SHIQIAO))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert {"shiqiao", "zhuxi"} <= tree(here, today(here)).keys()


def test_a_merged_institution_hands_over_departments_places_posts_and_ends_its_services(here: Store) -> None:
    on = today(here)
    here.run(RULES, institutions.merge, organization=SHIQIAO, into=ZHUXI, on=on.isoformat())
    gone = read(here, SHIQIAO)
    assert gone["active"] is False
    with here.snapshot(DOCTOR) as reads:
        assert became(reads, SHIQIAO) == ZHUXI
        assert SHIQIAO not in {each["managingOrganization"]["reference"] for each in reads.search("Location", [])}
        assert partners(reads, member=SHIQIAO, role="laboratory") == []
        assert partners(reads, member=SHIQIAO, role="laboratory", on=on - timedelta(days=1)) == [LABORATORY]
        held = {post["practitioner"]["reference"]: post["organization"]["reference"] for post in posts.posts_of(reads, DOCTOR.person)}
        assert held == {DOCTOR.person: ZHUXI}
        before = posts.staff_on(reads, institution=SHIQIAO, on=on - timedelta(days=1))
        assert DOCTOR.person in {post["practitioner"]["reference"] for post in before}
        assert posts.staff_on(reads, institution=SHIQIAO, on=on) == []
    assert (tree(here, on - timedelta(days=1))["shiqiao-village"], tree(here, on)["shiqiao-village"]) == ("shiqiao", "zhuxi")
    assert "shiqiao" not in tree(here, on)
    assert changes(here, HOME, SHIQIAO)[0].act == "merge"


def test_an_institution_with_members_does_not_close_and_one_without_ends_its_posts(here: Store) -> None:
    refused("directory.has-members", here, RULES, institutions.close, organization=SHIQIAO, reason="closed")
    refused("workflows.empty-box", here, RULES, institutions.close, organization=UNIVERSITY, reason="")
    here.run(RULES, institutions.close, organization=ZHUXI, reason="closed")
    with here.snapshot(DOCTOR) as reads:
        assert posts.posts_of(reads, "Practitioner/hejing") == []
    refused("directory.closed", here, RULES, institutions.rename, organization=ZHUXI, name="乙")
    refused("directory.closed", here, RULES, institutions.open_institution, name="乙", superior=ZHUXI, details=Details(kind="village"))
    refused("directory.closed", here, OPERATOR, posts.appoint, practitioner="Practitioner/wanglei", institution=ZHUXI, role="technician")
    here.run(RULES, institutions.reopen, organization=ZHUXI)
    assert tree(here, today(here))["zhuxi"] == "alliance"
    refused("directory.not-closed", here, RULES, institutions.reopen, organization=ZHUXI)


@pytest.mark.parametrize("party", ["owner", "requester"])
def test_an_institution_does_not_end_as_long_as_work_waits_for_it_or_is_done_for_it(here: Store, party: str) -> None:
    work = {"resourceType": "Task", "status": "requested", "intent": "order", party: {"reference": ZHUXI}}
    id_ = here.run(OPERATOR, lambda tx: tx.create(work)).id
    refused("directory.has-work", here, RULES, institutions.close, organization=ZHUXI, reason="closed")
    refused("directory.has-work", here, RULES, institutions.merge, organization=ZHUXI, into=SHIQIAO)
    here.run(OPERATOR, lambda tx: tx.update({**work, "id": id_, "status": "completed"}))
    here.run(RULES, institutions.close, organization=ZHUXI, reason="closed")


def test_departments_are_the_institutions_own(here: Store) -> None:
    made = here.run(HOME, institutions.open_department, institution=SHIQIAO, name="中医科", specialty="surgery")
    refused("directory.same-name", here, HOME, institutions.open_department, institution=SHIQIAO, name="中医科")
    refused("directory.own-only", here, HOME, institutions.open_department, institution=ZHUXI, name="中医科")
    refused("directory.own-only", here, RULES, institutions.open_department, institution=SHIQIAO, name="口腔科")
    refused("directory.other-institution", here, HOME, institutions.move, organization=str(made.ref), superior=ZHUXI)
    here.run(HOME, institutions.rename, organization=str(made.ref), name="中医馆")
    refused("directory.has-posts", here, HOME, institutions.close, organization="Organization/shiqiao-d-general", reason="closed")
    here.run(HOME, institutions.close, organization=str(made.ref), reason="closed")
    assert made.id not in tree(here, today(here))


def test_of_two_who_edit_the_same_institution_the_second_is_told(here: Store) -> None:
    seen = read(here, SHIQIAO)["meta"]["versionId"]
    here.run(HOME, institutions.describe, organization=SHIQIAO, details=Details(kind="township", phone="000-1"), version=seen)
    refused("directory.changed-meanwhile", here, RULES, institutions.describe, organization=SHIQIAO,
            details=Details(kind="township", phone="000-2"), version=seen)
    assert read(here, SHIQIAO)["telecom"][0]["value"] == "000-1"


def test_a_replaced_credit_code_is_free_again(here: Store) -> None:
    made = open_one(here)
    other = "12500105MB9000002" + credit_check("12500105MB9000002")
    here.run(RULES, institutions.describe, organization=made, details=Details(kind="township", credit=other))
    assert open_one(here) != made


def test_every_act_is_audited_and_says_who(here: Store) -> None:
    here.run(RULES, institutions.rename, organization=SHIQIAO, name="石桥中心卫生院")
    assert [(change.act, change.who, change.organization) for change in changes(here, HOME, SHIQIAO)] == [("rename", RULES.person, ALLIANCE)]
    rows = here.engine.once("SELECT count(*) FROM audit WHERE action = 'update' AND person = ? AND refs LIKE 'Organization/shiqiao/%'", [RULES.person])
    assert rows[0][0] == 1
