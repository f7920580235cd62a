"""Given figures, when one is asked about or a month is frozen, then whoever keeps the rows answers, and what was said stays."""

from __future__ import annotations

from typing import Any

import pytest

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound, RuleBroken
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.workflows import figure_question, freezing
from tests.district import DOCTOR, STRANGER, stands, task

SHIQIAO = "Organization/shiqiao"
MANAGER = Actor("Practitioner/zhouwei", "manager", "Organization/alliance", "HOPERAT", "zhouwei")
REPORT = {"resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": f"{freezing.MEASURE}visits|1",
          "period": {"start": "2026-10-01", "end": "2026-10-31"},
          "extension": [{"url": freezing.PERIOD, "valueString": "2026-10"}]}  # fmt: skip


def asked(store: Store, actor: Actor = MANAGER, **more: Any) -> str:
    given = {
        "figure": "visits",
        "version": 1,
        "period": "2026-10",
        "name": "门急诊人次",
        "asked": SHIQIAO,
        "text": "为何下降",
    }
    return store.run(actor, figure_question.ask, **{**given, **more}).id


def test_whoever_keeps_the_rows_answers_and_nobody_else(district: Store) -> None:
    id_ = asked(district)
    assert stands(task(district, id_)) == ("asked", "requested", SHIQIAO, True)
    for actor, refusal in ((STRANGER, NotFound), (MANAGER, NotFound)):
        with pytest.raises(refusal):
            district.run(actor, figure_question.answer, task=id_, note="x")
    with pytest.raises(Invalid):
        district.run(DOCTOR, figure_question.answer, task=id_, note=" ")
    district.run(DOCTOR, figure_question.answer, task=id_, note="两名医生外出培训")
    assert stands(task(district, id_)) == ("answered", "completed", "", False)
    with pytest.raises(Conflict):
        district.run(DOCTOR, figure_question.answer, task=id_, note="again")
    (said,) = figure_question.asked_by(district, MANAGER.organization, figure="visits")
    assert (said["answers"], said["state"]) == (["两名医生外出培训"], "answered")
    assert figure_question.asked_by(district, SHIQIAO) == []


def test_only_who_may_see_figures_asks_and_silence_becomes_urgent(district: Store) -> None:
    with pytest.raises(Forbidden):
        asked(district, DOCTOR)
    with pytest.raises(Invalid):
        asked(district, text=" ")
    with pytest.raises(NotFound):
        asked(district, asked="Organization/nowhere")
    id_ = asked(district)
    district.advance_clock(6 * 86_400_000_000)
    assert task(district, id_)["priority"] == "urgent" and stands(task(district, id_))[0] == "asked"


def test_a_period_is_frozen_once_by_whoever_may_see_figures(district: Store) -> None:
    given = {"period": "2026-10", "reports": [REPORT]}
    with pytest.raises(RuleBroken, match="not-over"):
        district.run(MANAGER, freezing.freeze, ended=False, **given)
    with pytest.raises(Forbidden):
        district.run(DOCTOR, freezing.freeze, ended=True, **given)
    district.run(MANAGER, freezing.freeze, ended=True, **given)
    with pytest.raises(Conflict):
        district.run(MANAGER, freezing.freeze, ended=True, **given)
    with district.snapshot(MANAGER) as reads:
        assert [report["measure"] for report in freezing.frozen(reads, MANAGER.organization)] == [REPORT["measure"]]
    with district.snapshot(SYSTEM) as reads:
        assert len(reads.search("MeasureReport", [])) == 1
