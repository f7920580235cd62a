"""Given a state table, when it is read as a law, then no state is a dead end and nobody waits for nobody."""

import pytest

from doorstep.journeys.acting import ACTS
from doorstep.kernel.errors import Conflict, Forbidden, Invalid
from doorstep.workflows.deadlines import HANDLERS
from doorstep.workflows.registry import TABLES
from doorstep.workflows.table import CLOCK, PARTY_LABELS, Act, Table, needed

REOPENED = {("order", "read", "correct"): "a wrong result is put right also after it was read"}
"""What goes on from a final state, and why."""
ALL = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


@ALL
def test_every_open_state_has_a_next_actor_and_a_deadline(table: Table) -> None:
    assert [state.code for state in table.states if bool(state.owner) != bool(state.limit)] == []
    assert [state.code for state in table.states if state.owner and state.owner not in table.parties] == []


@ALL
def test_every_deadline_has_an_escalation(table: Table) -> None:
    assert f"{table.name}.deadline" in HANDLERS


@ALL
def test_every_open_state_has_an_exit_for_the_next_actor_and_no_final_state_has_one(table: Table) -> None:
    exits = {state.code: [act for act in table.acts if state.code in act.source] for state in table.states}
    assert [state.code for state in table.states if state.open and not any(act.who == state.owner for act in exits[state.code])] == []
    again = [(state.code, act.code) for state in table.states if not state.open for act in exits[state.code]]
    assert [each for each in again if (table.name, *each) not in REOPENED] == []


@ALL
def test_every_state_is_reached_from_the_beginning(table: Table) -> None:
    reached = {act.target for act in table.acts if not act.source}
    while True:
        more = {act.target for act in table.acts if reached & set(act.source)} - reached
        if not more:
            break
        reached |= more
    assert {state.code for state in table.states} - reached == set()


@ALL
def test_acts_name_states_and_parties_that_exist(table: Table) -> None:
    codes = {state.code for state in table.states}
    assert [act.code for act in table.acts if not {act.target, *act.source} <= codes] == []
    assert [act.code for act in table.acts if act.who not in (*table.parties, CLOCK)] == []
    assert [party for party in table.parties if party not in PARTY_LABELS] == []
    assert len({act.code for act in table.acts}) == len(table.acts)


@ALL
def test_every_act_that_goes_on_from_a_state_can_be_done_on_a_page(table: Table) -> None:
    if table.request == "Encounter":
        return
    going_on = {(table.name, act.code) for act in table.acts if act.source and act.who != CLOCK}
    assert going_on == {known for known in ACTS if known[0] == table.name}


def test_the_wrong_hand_is_refused_before_the_wrong_moment() -> None:
    table = TABLES["referral"]
    with pytest.raises(Forbidden):
        table.check(table.act("accept"), state="closed", parties=frozenset({"sender"}))
    with pytest.raises(Conflict):
        table.check(table.act("accept"), state="closed", parties=frozenset({"receiver"}))
    table.check(table.act("accept"), state="sent", parties=frozenset({"receiver"}))


def test_every_empty_box_is_named_at_once() -> None:
    act = Act("a", "a", "sender", (), "b", ("one", "two", "three", "four"))
    with pytest.raises(Invalid) as refused:
        needed(act, {"one": " ", "two": "x", "three": (), "four": None})
    assert refused.value.elements == ("one", "three", "four")
