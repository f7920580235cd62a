"""Which event opens and which ends each right to read a resident: the whole rule on one page.

Rows are data. A test holds them against every ``tx.grant`` and ``tx.end_grants`` of the workflows, in both directions,
and ``docs/access.md`` is printed from them. What the record itself knows of a reason is in ``kernel.grants``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Opening:
    """One way to a grant.

    ``opens`` and ``ends`` are "module.function" of the commands; ``who``, ``scope`` message keys; ``level`` as the
    column has it; ``until`` the key of the policy that ends it by itself, "" when only an event does.
    """

    reason: str
    opens: tuple[str, ...]
    who: str
    level: str
    scope: str
    ends: tuple[str, ...] = ()
    until: tuple[str, ...] = ()


OPENINGS: Final[tuple[Opening, ...]] = (
    Opening("identified", ("identity._identify",), "grants.who-institution", "1", "grants.scope-identity",
            until=("identity.access",)),
    Opening("visit", ("visit.open_visit", "visit.verify"), "grants.who-institution", "2", "grants.scope-record",
            ("visit._end",), ("visit.open", "visit.access")),
    Opening("visit", ("visit.open_visit",), "grants.who-institution", "1", "grants.scope-unverified",
            ("visit._end",), ("visit.open", "visit.access")),
    Opening("visit", ("stay.admit",), "grants.who-institution", "1-2", "grants.scope-record", ("stay._over",),
            ("stay.access",)),
    Opening("referral", ("down.carry",), "grants.who-receiver", "2", "grants.scope-packet",
            ("down.decline", "down.settle", "down.withdraw", "down.see")),
    Opening("referral", ("down.accept",), "grants.who-both", "2", "grants.scope-record",
            ("down.settle", "down.see"), ("referral.access",)),
    Opening("visit", ("booking.write",), "grants.who-clinic", "2", "grants.scope-booking", ("booking._end",),
            ("booking.access",)),
    Opening("proxy", ("booking.write",), "grants.who-proxy", "2", "grants.scope-booking", ("booking._end",),
            ("booking.access",)),
    Opening("referral", ("referral.send",), "grants.who-receiver", "2", "grants.scope-packet",
            ("referral._end", "referral._hand_on")),
    Opening("referral", ("referral._hand_on",), "grants.who-receiver", "2", "grants.scope-packet", ("referral._end",)),
    Opening("referral", ("green.alert", "green.hand_on"), "grants.who-receiver", "2", "grants.scope-packet",
            ("green._close",), ("referral.access",)),
    Opening("referral", ("referral.accept",), "grants.who-both", "2", "grants.scope-record", ("referral._end",),
            ("referral.access",)),
    Opening("referral", ("outside_link.give",), "grants.who-receiver", "2", "grants.scope-packet",
            ("outside_link.revoke", "outside_link.expire")),
    Opening("consult", ("opinion.ask",), "grants.who-receiver", "2", "grants.scope-packet",
            ("opinion.decline", "opinion._over")),
    Opening("consult", ("inquiry.ask",), "grants.who-centre", "2", "grants.scope-packet", ("inquiry._over",)),
    Opening("consult", ("inquiry._told",), "grants.who-orderer", "2", "grants.scope-packet", ("inquiry._over",)),
    Opening("order", ("order._place",), "grants.who-centre", "2", "grants.scope-record",
            ("order._publish", "order.withdraw"), ("order.access",)),
    Opening("order", ("correction.tell",), "grants.who-reader", "2", "grants.scope-packet", ("correction.know",)),
    Opening("order", ("critical.notify",), "grants.who-orderer", "2", "grants.scope-record",
            ("critical.handle", "critical.amend")),
    Opening("order", ("study._place", "study.ask", "study_report.reopen"), "grants.who-centre", "2",
            "grants.scope-record", ("study_report._publish", "study.withdraw"), ("study.access",)),
    Opening("escalation", ("escalation._raise",), "grants.who-superior", "2", "grants.scope-record",
            ("escalation.settle", "coordination._lift")),
    Opening("contract", ("contract.sign", "contract.renew"), "grants.who-team", "2", "grants.scope-record",
            ("contract.end",), ("contract.term",)),
    Opening("contract", ("handover.request", "handover.again"), "grants.who-receiver", "2", "grants.scope-packet",
            ("handover.decline", "handover.overdue", "handover._over")),
    Opening("contract", ("handover.accept",), "grants.who-receiver", "2", "grants.scope-record", ("handover._over",),
            ("handover.sign",)),
    Opening("programme", ("programme.enrol",), "grants.who-team", "2", "grants.scope-record", ("programme._leave",),
            ("programme.access",)),
    Opening("programme", ("programme._open_label",), "grants.who-team", "3", "grants.scope-label",
            ("programme._leave", "programme._open_label"), ("programme.review",)),
    Opening("consent", ("consent.give",), "grants.who-stated", "1-3", "grants.scope-stated", ("consent._close",),
            ("consent.term",)),
    Opening("emergency", ("breakglass.open_record",), "grants.who-clinician", "2", "grants.scope-record",
            ("breakglass.reject",), ("emergency.access",)),
    Opening("emergency", ("breakglass.confirm",), "grants.who-clinician", "3", "grants.scope-all-labels",
            ("breakglass.reject",), ("emergency.access",)),
    Opening("case", ("witness.open_papers",), "grants.who-officer", "2", "grants.scope-papers",
            ("witness.close_papers",), ("case.access",)),
    Opening("case", ("duplicates._show",), "grants.who-registry", "1", "grants.scope-identity"),
    Opening("guardian", ("relations._name",), "grants.who-guardian", "1-2", "grants.scope-stated",
            ("relations._end",), ("guardian.alone",)),
    Opening("proxy", ("relations._name",), "grants.who-proxy", "1-2", "grants.scope-stated", ("relations._end",),
            ("proxy.longest",)),
    Opening("guardian", ("consent.release",), "grants.who-guardian", "3", "grants.scope-released"),
)
"""In the order in which the page tells them."""

BARS: Final = (("consent.refuse", "consent._close"),)
"""(event that bars, event that lifts): the resident's refusal."""

WITHOUT_A_ROW: Final = ("own", "subject")
"""Grounds that need no grant: what the institution wrote itself, and the resident's own record."""
