"""Every indicator by its code, in the order in which the pages and docs/measures show them."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.errors import NotFound
from doorstep.measures.indicator import Indicator
from doorstep.measures.indicators import (
    bed_use,
    centre_legs,
    centre_turnaround,
    centre_volume,
    complaints,
    complaints_in_time,
    cured,
    discharges,
    down_rate,
    first_contact,
    followup_week,
    length_of_stay,
    lookups,
    recognition_count,
    recognition_rate,
    recognition_saved,
    referral_accepted,
    referral_arrived,
    referral_bed,
    referral_closed,
    referral_decision,
    referral_down,
    referral_ratio,
    referral_sent,
    satisfaction,
    visits,
    visits_growth,
)

INDICATORS: Final[dict[str, Indicator]] = {
    module.INDICATOR.code: module.INDICATOR
    for module in (
        referral_sent, referral_accepted, referral_arrived, referral_down, referral_ratio, referral_closed,
        referral_decision, referral_bed, recognition_count, recognition_rate, recognition_saved, lookups,
        centre_volume, centre_turnaround, centre_legs, visits, visits_growth, first_contact, discharges, bed_use,
        length_of_stay, cured, down_rate, followup_week,
        satisfaction, complaints, complaints_in_time,
    )
}  # fmt: skip
TOPICS: Final[dict[str, str]] = {
    "referral": "measures.topic-referral",
    "recognition": "measures.topic-recognition",
    "centre": "measures.topic-centre",
    "volume": "measures.topic-volume",
    "ward": "measures.topic-ward",
    "voice": "measures.topic-voice",
}
"""Topic -> message key."""
LABELS: Final[dict[str, str]] = {
    "collect": "measures.leg-collect", "transport": "measures.leg-transport", "work": "measures.leg-work",
    "read": "measures.leg-read", "occupied": "measures.days-occupied", "open": "measures.days-open",
    "AMB": "measures.class-outpatient", "EMER": "measures.class-emergency",
}  # fmt: skip
"""Labels that stand in no other catalogue -> message key."""


def indicator(code: str) -> Indicator:
    """One of them; NotFound for a code that there is none of."""
    found = INDICATORS.get(code)
    if found is None:
        raise NotFound("measures.no-such", code=code[:60])
    return found


def of_topic(topic: str) -> tuple[Indicator, ...]:
    return tuple(each for each in INDICATORS.values() if each.topic == topic)
