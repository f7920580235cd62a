"""The figures again, by a slow road of their own: from the resources, one after the other, without SQL and without views.

Nothing here is taken from ``doorstep.measures`` but the bounds of a period. What an indicator means is said a second time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from doorstep.kernel.access import SYSTEM
from doorstep.kernel.store import Store

ZONE = ZoneInfo("Asia/Shanghai")
Resource = dict[str, Any]
Count = tuple[float, float]


@dataclass
class Record:
    """Everything that is read, as it stands."""

    tasks: list[Resource]
    acts: list[Resource]
    encounters: list[Resource]
    places: list[Resource]
    institutions: list[Resource]
    answers: list[Resource]
    now: datetime

    def of(self, workflow: str) -> Iterator[Resource]:
        return (task for task in self.tasks if any(
            c.get("code") == workflow and c.get("system", "").endswith("/workflow") for c in task["code"]["coding"]))  # fmt: skip

    def first(self, task: Resource, *codes: str) -> datetime | None:
        """When one of the acts was first done to a Task."""
        return min((at for code in codes for at in self.done.get((str(task["id"]), code), ())), default=None)

    @cached_property
    def done(self) -> dict[tuple[str, str], list[datetime]]:
        found: dict[tuple[str, str], list[datetime]] = {}
        for each in self.acts:
            key = each["target"][0]["reference"].split("/")[1], each["activity"]["coding"][0]["code"]
            found.setdefault(key, []).append(when(each["occurredDateTime"]))
        return found

    def stays(self) -> Iterator[Resource]:
        return (each for each in self.encounters if each["class"]["code"] == "IMP")


def record(store: Store) -> Record:
    with store.snapshot(SYSTEM, audited=False) as reads:
        found = [
            reads.search(kind, [])
            for kind in ("Task", "Provenance", "Encounter", "Location", "Organization", "QuestionnaireResponse")
        ]
    return Record(*found, datetime.fromtimestamp(store.clock.now() / 1e6, ZONE))


def when(text: str) -> datetime:
    """A moment; a bare day begins at its midnight in the district."""
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), datetime.min.time(), ZONE)
    return datetime.fromisoformat(text).astimezone(ZONE)


def middle(values: list[float], share: float) -> float | None:
    """A quantile between the two nearest values."""
    if not values:
        return None
    ordered, place = sorted(values), (len(values) - 1) * share
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def minutes(pairs: list[tuple[datetime, datetime]]) -> list[float]:
    return [(late - early).total_seconds() / 60 for early, late in pairs]


def state(task: Resource) -> str:
    return str(task["businessStatus"]["coding"][0]["code"])


def box(task: Resource, name: str) -> str:
    return next((each["valueString"] for each in task.get("input", ())
                 if each["type"]["coding"][0]["code"] == name and "valueString" in each), "")  # fmt: skip


class Recount:
    """One period; ``since`` and ``until`` are local midnights, ``before`` the start of the period before."""

    def __init__(self, it: Record, since: date, until: date, before: date) -> None:
        self.it = it
        self.since, self.until, self.before = (
            datetime(d.year, d.month, d.day, tzinfo=ZONE) for d in (since, until, before)
        )

    def inside(self, moment: datetime | None) -> bool:
        return moment is not None and self.since <= moment < self.until

    # -- referral

    def referral_sent(self) -> Count:
        found = [t for t in self.it.of("referral") if self.inside(when(t["authoredOn"]))]
        return len(found), len(found)

    def _acted(self, *codes: str) -> Count:
        found = [t for t in self.it.of("referral") if self.inside(self.it.first(t, *codes))]
        return len(found), len(found)

    def referral_accepted(self) -> Count:
        return self._acted("accept")

    def referral_arrived(self) -> Count:
        return self._acted("arrive")

    def referral_down(self) -> Count:
        down = [t for t in self.it.of("down") if state(t) != "withdrawn"]
        number = sum(self.inside(when(t["authoredOn"])) for t in down)
        for task in self.it.of("referral"):
            back = self.it.first(task, "return")
            same = [d for d in down if back is not None and d["for"] == task["for"]
                    and abs(when(d["authoredOn"]) - back) < timedelta(days=1)]  # fmt: skip
            number += self.inside(back) and not same
        return number, number

    def referral_ratio(self) -> Count:
        return self.referral_down()[0], self.referral_arrived()[0]

    def referral_closed(self) -> Count:
        sent = [t for t in self.it.of("referral") if self.inside(when(t["authoredOn"])) and state(t) != "withdrawn"]
        return sum(state(t) == "closed" for t in sent), len(sent)

    def referral_decision(self) -> list[float]:
        pairs = [(when(t["authoredOn"]), self.it.first(t, "accept", "decline")) for t in self.it.of("referral")]
        return minutes([(early, late) for early, late in pairs if late is not None and self.inside(late)])

    def referral_bed(self) -> list[float]:
        pairs = [(when(t["authoredOn"]), self.it.first(t, "bed")) for t in self.it.of("referral")]
        return minutes([(early, late) for early, late in pairs if late is not None and self.inside(late)])

    # -- recognition

    def _decisions(self, *states: str) -> list[Resource]:
        gone = {p["reference"] for t in self.it.of("recognition") for p in t.get("partOf", ())}
        return [t for t in self.it.of("recognition") if state(t) in states and f"Task/{t['id']}" not in gone
                and self.inside(when(t["authoredOn"]))]  # fmt: skip

    def recognition_count(self) -> Count:
        number = len(self._decisions("recognised"))
        return number, number

    def recognition_rate(self) -> Count:
        refused = [t for t in self._decisions("refused") if box(t, "reason") not in ("98", "99")]
        number = len(self._decisions("recognised"))
        return number, number + len(refused)

    def recognition_saved(self) -> Count:
        found = self._decisions("recognised")
        return sum(int(box(t, "fen") or 0) for t in found), len(found)

    def lookups(self) -> Count:
        number = len(self._decisions("viewed"))
        return number, number

    # -- centres

    def _orders(self) -> list[tuple[Resource, datetime]]:
        both = [t for kind in ("order", "study") for t in self.it.of(kind)]
        pairs = [(t, self.it.first(t, "report", "release", "review")) for t in both]
        return [(task, late) for task, late in pairs if late is not None and self.inside(late)]

    def centre_volume(self) -> Count:
        return len(self._orders()), len(self._orders())

    def centre_turnaround(self) -> list[float]:
        return minutes([(when(task["authoredOn"]), late) for task, late in self._orders()])

    def legs(self) -> dict[str, list[float]]:
        found: dict[str, list[float]] = {}
        for task in (t for kind in ("order", "study") for t in self.it.of(kind)):
            placed, taken, got, told, read = (self.it.first(task, *codes) for codes in (
                ("place",), ("collect", "acquire", "obtain"), ("receive",), ("report", "release", "review"), ("acknowledge",)))  # fmt: skip
            legs = {"collect": (placed, taken), "transport": (taken, got), "work": (got or taken or placed, told),
                    "read": (told, read)}  # fmt: skip
            for name, (early, late) in legs.items():
                if early is not None and late is not None and self.inside(late) and late >= early:
                    found.setdefault(name, []).extend(minutes([(early, late)]))
        return found

    # -- visits

    def _visits(self) -> list[tuple[Resource, datetime]]:
        return [(e, when(e["period"]["start"])) for e in self.it.encounters if e["class"]["code"] in ("AMB", "EMER")
                and e["status"] not in ("cancelled", "entered-in-error", "planned") and "start" in e.get("period", {})]  # fmt: skip

    def visits(self) -> Count:
        number = sum(self.inside(start) for _, start in self._visits())
        return number, number

    def visits_growth(self) -> Count:
        return self.visits()[0], sum(self.before <= start < self.since for _, start in self._visits())

    def first_contact(self) -> Count:
        kinds = {f"Organization/{o['id']}": o["type"][0]["coding"][0]["code"] for o in self.it.institutions}
        seen = [kinds.get(e["serviceProvider"]["reference"]) for e, start in self._visits() if self.inside(start)]
        return sum(kind in ("township", "village") for kind in seen), len(seen)

    # -- wards

    def _left(self) -> list[Resource]:
        return [e for e in self.it.stays() if e["status"] == "finished" and self.inside(when(e["period"]["end"]))]

    def discharges(self) -> Count:
        return len(self._left()), len(self._left())

    def length_of_stay(self) -> Count:
        days = [
            max(1, (when(e["period"]["end"]).date() - when(e["period"]["start"]).date()).days) for e in self._left()
        ]
        return sum(days), len(days)

    def cured(self) -> Count:
        ends = [
            next((x["valueCoding"]["code"] for x in e.get("extension", ()) if "valueCoding" in x), "")
            for e in self._left()
        ]
        return sum(end.endswith((".cured", ".improved")) for end in ends), len(ends)

    def bed_use(self) -> Count:
        """Night by night: who lies there at midnight; who came and went on one day counts once."""
        last = min(self.until, self.it.now).date()
        nights = [self.since.date() + timedelta(days=n) for n in range((self.until.date() - self.since.date()).days)]
        lain = 0
        for stay in self.it.stays():
            if stay["status"] not in ("in-progress", "onleave", "finished"):
                continue
            start = when(stay["period"]["start"]).date()
            end = when(stay["period"]["end"]).date() if "end" in stay["period"] else self.it.now.date()
            lain += sum(start <= night < end or (start == night == end and "end" in stay["period"]) for night in nights)
        beds = [p for p in self.it.places if p.get("physicalType", {}).get("coding", [{}])[0].get("code") == "bd"
                and p.get("status") == "active" and p.get("operationalStatus", {}).get("code") != "C"]  # fmt: skip
        return lain, len(beds) * sum(night < last for night in nights)

    def down_rate(self) -> Count:
        down = [t for t in self.it.of("down") if state(t) != "withdrawn"]
        left = self._left()
        sent_back = [e for e in left if any(
            t.get("encounter", {}).get("reference") == f"Encounter/{e['id']}"
            or (t["for"] == e["subject"] and abs(when(t["authoredOn"]) - when(e["period"]["end"])) < timedelta(days=1))
            for t in down)]  # fmt: skip
        return len(sent_back), len(left)

    def followup_week(self) -> Count:
        week = timedelta(days=7)
        left = [e for e in self._left() if when(e["period"]["end"]) + week <= self.it.now
                and not e["extension"][0]["valueCoding"]["code"].endswith(".died")]  # fmt: skip
        done = [(t["for"], when(a["occurredDateTime"])) for t in self.it.of("plan") for a in self.it.acts
                if a["target"][0]["reference"].startswith(f"Task/{t['id']}/")
                and a["activity"]["coding"][0]["code"] == "complete"]  # fmt: skip
        seen = [e for e in left if any(
            who == e["subject"] and when(e["period"]["end"]) <= at < when(e["period"]["end"]) + week for who, at in done)]  # fmt: skip
        return len(seen), len(left)

    # -- voice

    def satisfaction(self) -> Count:
        scores = [a["valueInteger"] for r in self.it.answers if self.inside(when(r["authored"]))
                  for i in r["item"] if i["linkId"] == "score" for a in i["answer"]]  # fmt: skip
        return sum(score / 3 * 100 for score in scores), len(scores)

    def complaints(self) -> Count:
        number = sum(self.inside(when(t["authoredOn"])) for t in self.it.of("complaint"))
        return number, number

    def complaints_in_time(self) -> Count:
        """Day by day from the day after: Monday to Friday are working days."""
        good = whole = 0
        for task in self.it.of("complaint"):
            start, end = when(task["authoredOn"]), self.it.first(task, "answer")
            if not self.inside(start) or state(task) == "withdrawn":
                continue
            day, last, working = start.date(), (end or self.it.now).date(), 0
            while day < last:
                day += timedelta(days=1)
                working += day.weekday() < 5
            good += end is not None and working <= 5
            whole += end is not None or working > 5
        return good, whole
