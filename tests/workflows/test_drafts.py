"""Given a doctor who types at a visit, when the power goes, then another PC shows what was typed, and nobody else's."""

import pytest

from doorstep.kernel import drafts as rows
from doorstep.kernel.errors import Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import drafts, visit
from tests.district import DOCTOR, STRANGER, opened

COLLEAGUE = Actor("Practitioner/liuyang", "doctor", "Organization/shiqiao", "TREAT", "liuyang")
REGISTRAR = Actor("Practitioner/zhouyu", "registrar", "Organization/shiqiao", "HOPERAT", "zhouyu")


def kept(store: Store, encounter: str, text: str, actor: Actor = DOCTOR) -> None:
    store.run(actor, drafts.keep, encounter=encounter, typed={"history": [text]})


def test_a_draft_is_its_writers_and_two_writers_keep_their_own(district: Store) -> None:
    encounter = opened(district)
    kept(district, encounter, "一")
    kept(district, encounter, "胸闷 2 小时")
    with district.snapshot(DOCTOR) as reads:
        mine = drafts.mine(reads, encounter)
        assert mine is not None and drafts.typed(mine) == {"history": ["胸闷 2 小时"]} and not mine.aside
        assert drafts.others(reads, encounter) == []
    with district.snapshot(COLLEAGUE) as reads:
        assert drafts.mine(reads, encounter) is None
        assert [each.person for each in drafts.others(reads, encounter)] == [DOCTOR.person]
    for nobody in (STRANGER, REGISTRAR):
        with district.snapshot(nobody) as reads:
            assert drafts.others(reads, encounter) == [] and drafts.mine(reads, encounter) is None
    with district.snapshot(STRANGER) as reads:
        assert rows.of_visit(reads, encounter) == []
    kept(district, encounter, "刘", COLLEAGUE)
    with district.snapshot(COLLEAGUE) as reads:
        own = drafts.mine(reads, encounter)
        assert own is not None and drafts.typed(own) == {"history": ["刘"]}
        assert [drafts.typed(each) for each in drafts.others(reads, encounter)] == [{"history": ["胸闷 2 小时"]}]


def test_going_on_elsewhere_sets_a_draft_aside_and_typing_takes_it_up_again(district: Store) -> None:
    first, second = opened(district, 0), opened(district, 1)
    kept(district, first, "一")
    with district.snapshot(DOCTOR) as reads:
        assert [each.visit for each in drafts.elsewhere(reads, second)] == [first]
        assert drafts.elsewhere(reads, first) == []
    assert district.run(DOCTOR, drafts.set_aside, but=second) == 1
    with district.snapshot(DOCTOR) as reads:
        assert drafts.elsewhere(reads, second) == []
        mine = drafts.mine(reads, first)
        assert mine is not None and drafts.typed(mine) == {"history": ["一"]}
    kept(district, first, "二")
    with district.snapshot(DOCTOR) as reads:
        assert [each.visit for each in drafts.elsewhere(reads, second)] == [first]


def test_a_draft_is_dropped_and_leaves_no_trace_in_the_record(district: Store) -> None:
    encounter = opened(district)
    before = district.engine.once("SELECT count(*) FROM audit")[0][0], district.engine.once("SELECT count(*) FROM resource")[0][0]
    kept(district, encounter, "x")
    district.run(DOCTOR, drafts.drop, encounter=encounter)
    with district.snapshot(DOCTOR) as reads:
        assert drafts.mine(reads, encounter) is None
    assert before == (district.engine.once("SELECT count(*) FROM audit")[0][0], district.engine.once("SELECT count(*) FROM resource")[0][0])


def test_nobody_writes_at_another_institutions_visit_or_at_one_that_is_over(district: Store) -> None:
    encounter = opened(district)
    with pytest.raises(NotFound):
        kept(district, encounter, "x", STRANGER)
    with pytest.raises(Forbidden):
        kept(district, encounter, "x", Actor("Practitioner/mali", "pharmacist", "Organization/shiqiao", "TREAT", "mali"))
    with pytest.raises(Invalid):
        kept(district, encounter, "x" * (drafts.MOST + 1))
    kept(district, encounter, "x")
    kept(district, encounter, "x", COLLEAGUE)
    with pytest.raises(RuleBroken) as unsigned:
        district.run(DOCTOR, visit.finish, encounter=encounter)
    assert unsigned.value.key == "visit.draft-unsigned"
    kept(district, encounter, " ")
    district.run(DOCTOR, visit.finish, encounter=encounter)
    with district.snapshot(COLLEAGUE) as reads:
        assert rows.of_visit(reads, encounter) == []
    with pytest.raises(RuleBroken):
        kept(district, encounter, "x")
