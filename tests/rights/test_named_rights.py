"""Given figures that could be sold, when a role is asked for its rights, then drugs by doctor are a right apart."""

from doorstep.kernel import roles


def test_drugs_by_doctor_are_not_among_a_managers_figures() -> None:
    assert roles.may("manager", "figures")
    assert not roles.may("manager", roles.PRESCRIBERS)
    assert [code for code in roles.ROLES if roles.may(code, roles.PRESCRIBERS)] == ["auditor"]
