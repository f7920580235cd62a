"""Given a step that one profession does, when others of the institution open it, then their page does not offer it."""

from __future__ import annotations

from doorstep.kernel.roles import ROLES
from doorstep.web import hands
from doorstep.workflows import prescription
from doorstep.workflows.registry import TABLES
from tests.web.conftest import Door
from tests.workflows.test_prescription import Written, written


def test_the_pharmacists_buttons_are_the_pharmacists_and_the_nurse_is_told_whose_they_are(door: Door) -> None:
    (line,) = written(door.store, Written("PARA05"))
    doctor, nurse = door.enter("zhangmin"), door.enter("wangfang")
    theirs, none = (each.get(f"/t/{line}/").content.decode() for each in (doctor, nurse))
    assert "/withdraw/" in theirs and "/dispense/" not in theirs
    assert "/withdraw/" not in none and "/dispense/" not in none and "其他岗位" in none
    forced = doctor.post(f"/t/{line}/dispense/", {})
    assert forced.status_code == 403, "what is not shown is refused as well"


def test_each_act_is_offered_to_the_role_that_its_command_asks_for() -> None:
    offered = {act.code: [role for role in ("doctor", "nurse", "pharmacist") if hands.may(prescription.TABLE, act, role)]
               for act in prescription.TABLE.acts if act.source}  # fmt: skip
    assert offered["dispense"] == offered["return"] == ["pharmacist"]
    assert offered["confirm"] == offered["withdraw"] == ["doctor"]


def test_no_act_that_a_role_alone_may_do_is_offered_to_every_role() -> None:
    """Each act whose table says that it is refused for the role ("...-only") is offered to some roles and not to all."""
    roles = list(ROLES)
    asked = [(table, act) for table in TABLES.values() for act in table.acts
             if act.source and (act.who == "officer" or any(key.endswith("-only") for key in act.refusals))]  # fmt: skip
    everybody = [f"{table.name}.{act.code}" for table, act in asked if all(hands.may(table, act, role) for role in roles)]
    nobody = [f"{table.name}.{act.code}" for table, act in asked if not any(hands.may(table, act, role) for role in roles)]
    assert len(asked) > 20 and (everybody, nobody) == ([], [])
