"""Given an order whose tube nobody takes, when time passes, then who ordered is reminded, and then their superior."""

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store
from doorstep.workflows import affiliation, escalation, order, specimen
from tests.district import DOCTOR, LABORATORY, TECHNICIAN, opened, ordered, stands, task

MINUTE = 60_000_000
SHIQIAO = "Organization/shiqiao"


def raised(store: Store, status: str = "requested") -> list[tuple[str, str]]:
    """(who is late, who is told), in the order of what was raised."""
    with store.snapshot(SYSTEM) as reads:
        found = reads.search("Task", [("code", "escalation"), ("status", status), ("_sort", "authored-on")])
    return [(each["requester"]["reference"], each["restriction"]["recipient"][0]["reference"]) for each in found]


def test_the_site_is_reminded_then_its_superior_and_the_report_keeps_its_own_deadline(district: Store) -> None:
    id_ = ordered(district, opened(district), priority="stat")
    with district.snapshot(SYSTEM) as reads:
        above = affiliation.superior(reads, SHIQIAO)
        labs_above = affiliation.superior(reads, LABORATORY)
    district.advance_clock(9 * MINUTE)
    district.run(DOCTOR, specimen.printed, task=id_)  # a label is no tube: the clock goes on
    assert raised(district) == []
    district.advance_clock(2 * MINUTE)
    assert raised(district) == [(SHIQIAO, SHIQIAO)]
    assert stands(task(district, id_))[2] == LABORATORY, "the laboratory may still report: the short path stays"
    with district.snapshot(DOCTOR) as reads:
        reminder = reads.search("Task", [("code", "escalation"), ("status", "requested")])[0]["id"]
    district.run(DOCTOR, escalation.settle, task=reminder, note="去叫人")
    district.advance_clock(10 * MINUTE)
    assert raised(district) == [(SHIQIAO, above)]
    district.advance_clock(10 * MINUTE)
    assert raised(district) == [(SHIQIAO, above), (LABORATORY, labs_above)]
    district.run(TECHNICIAN, specimen.receive, task=id_)
    assert raised(district) == []


def test_a_tube_in_time_reminds_nobody_and_a_new_one_is_asked_for_anew(district: Store) -> None:
    id_ = ordered(district, opened(district), priority="stat")
    district.run(TECHNICIAN, order.reject, task=id_, reason="haemolysed")
    district.advance_clock(15 * MINUTE)
    assert raised(district) == []
    district.run(DOCTOR, order.resend, task=id_)
    district.advance_clock(11 * MINUTE)
    assert raised(district) == [(SHIQIAO, SHIQIAO)]
    district.run(DOCTOR, order.withdraw, task=id_, reason="not-needed")
    assert (raised(district), raised(district, "cancelled")) == ([], [(SHIQIAO, SHIQIAO)])
