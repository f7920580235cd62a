"""What the pages of a referral show: the case with its beds and places, the green channel, what hangs on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.utils import translation

from doorstep.journeys import referring
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import green as emergencies
from doorstep.terms.catalogue import reasons, specialties
from doorstep.web import lists, record
from doorstep.web.lists import Names
from doorstep.web.task_page import steps
from doorstep.workflows import affiliation, beds, followup, green, outside_link
from doorstep.workflows.coordination import boxes, parts_played, state_of, workflow_of
from doorstep.workflows.referral import TABLE

BEDS: Final = 8


@dataclass(frozen=True, slots=True)
class Step:
    """One node as ``parts/strip.html`` shows it."""

    label: str
    at: str
    minutes: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Channel:
    """The green channel of a referral as a reader sees it; ``side`` is theirs, "" for neither."""

    id: str
    kind: Any
    side: str
    running: bool
    vitals: tuple[tuple[Any, str], ...]
    eta: str
    transport: str
    way: tuple[green.Moment, ...]
    items: tuple[tuple[green.Item, str], ...]
    """Each with the name of whoever ticked it."""
    ready: dict[str, bool]

    @property
    def mine(self) -> list[tuple[green.Item, str]]:
        return [each for each in self.items if each[0].ready.side == self.side]

    @property
    def theirs(self) -> list[tuple[green.Item, str]]:
        return [each for each in self.items if each[0].ready.side != self.side]

    @property
    def next_node(self) -> str:
        """The code of the first moment of this side that is not written yet."""
        return next((each.node.concept.code for each in self.way if not each.at and each.node.side == self.side), "")


def case(reads: Reads, task: str, person: Any, now: int) -> dict[str, Any]:
    """The referral as its page, its prints and its link show it. NotFound for another kind of Task."""
    found = reads.read("Task", task)
    if workflow_of(found) != TABLE.name:
        raise NotFound("read.not-found", type="Task", id=task)
    names = Names(reads)
    focus = Ref.parse(found["focus"]["reference"])
    request = reads.read(focus.type, focus.id)
    resident = lists.resident_of(found)
    sheet, reply = boxes(found.get("input", [])), boxes(found.get("output", []))
    attached = [Ref.parse(each["reference"]).id for each in request.get("supportingInfo", ())]
    played = parts_played(TABLE, found, person.organization) if person else frozenset()
    return {
        "task": found, "request": request, "resident": resident, "banner": record.banner(reads, resident),
        "row": lists.row(found, None, names, now), "sheet": sheet, "reply": reply, "played": played,
        "number": number(found), "doctor": sheet.get("doctor") or names.of(request["requester"]["reference"]),
        "reports": [record.report_by_id(reads, each, names) for each in attached],
        "insurance": reasons("referral.insurance").get(sheet.get("insurance", "")),
        "level": reasons("referral.triage").get(reply.get("level", "")),
        "asked_phone": record.phone(reads.read("Organization", Ref.parse(asked(found)).id)),
        "state": state_of(found), "steps": steps(reads, TABLE, found, names), "names": names,
    }  # fmt: skip


def asked(task: dict[str, Any]) -> str:
    """The institution that is asked."""
    return str(task["restriction"]["recipient"][0]["reference"])


def number(task: dict[str, Any]) -> str:
    """The number that people say: the end of the Task's id."""
    return f"ZZ{task['id'][-8:].upper()}"


def channel(reads: Reads, task: str, names: Names, played: frozenset[str], now: int) -> Channel | None:
    """The green channel that runs, or the last one."""
    found = green.of_referral(reads, task)
    if not found:
        return None
    found.sort(key=lambda each: (state_of(each) == "running", str(each["authoredOn"])))
    last = found[-1]
    told, kind = boxes(last.get("input", [])), green.kind_of(last)
    signs = tuple((sign, told[f"vital.{code}"]) for code, sign in emergencies.vitals().items()
                  if told.get(f"vital.{code}"))  # fmt: skip
    side = next((each for each in ("receiver", "sender") if each in played), "")
    return Channel(
        last["id"], emergencies.kinds()[kind], side, state_of(last) == "running", signs, told.get("eta", ""),
        told.get("transport", ""), tuple(green.way(last, green.limits_of(reads, kind, now))),
        tuple((each, names.of(each.by) if each.by else "") for each in green.readiness(last)),
        {party: green.is_ready(last, party) for party in ("sender", "receiver")},
    )  # fmt: skip


def strip(shown: Channel) -> list[Step]:
    """The nodes in order; what is next stands out."""
    due = next((each.node.concept.code for each in shown.way if not each.at), "")
    language = translation.get_language() or "zh"
    return [
        Step(each.node.concept.display(language), each.at, each.minutes,
             "done" if each.at else "now" if each.node.concept.code == due and shown.running else "next")
        for each in shown.way
    ]  # fmt: skip


def answering(reads: Reads, found: dict[str, Any], organization: str, now: int) -> dict[str, Any]:
    """What the receiving side chooses from when it answers: its beds and places, other departments and houses."""
    task = found["task"]
    wanted = next((coding["code"] for coding in task["code"]["coding"][1:]), "")
    board = beds.board(reads, organization)
    own = f"Task/{task['id']}"
    mine = [bed for bed in board if bed.state == beds.KEPT and bed.holder == own]
    spare = [bed for bed in board if bed.state == beds.FREE]
    first = [bed for bed in spare if bed.specialty == wanted]
    rest = [bed for bed in spare if bed.specialty == "emergency" and bed.specialty != wanted]
    sender = task["requester"]["reference"]
    houses = affiliation.partners(reads, member=sender, role=affiliation.REFERRAL)
    return {
        "kept_beds": mine, "free_beds": first[:BEDS], "other_beds": rest[:BEDS], "free_count": len(first),
        "slots": referring.places(reads, organization, wanted, now), "wanted": wanted,
        "houses": [(house, found["names"].of(house)) for house in houses],
        "specialties": list(specialties().values()),
        "asked_slot": found["sheet"].get("slot", "").removeprefix("Slot/"),
    }  # fmt: skip


def children(reads: Reads, task: str, names: Names, now: int) -> list[lists.Row]:
    """What hangs on the referral and is somebody's to do: consent to sign, a link that was given."""
    found = reads.search("Task", [("part-of", f"Task/{task}")])
    shown = ("signing", outside_link.TABLE.name)
    return [lists.row(each, None, names, now) for each in found if workflow_of(each) in shown]


def plan(reads: Reads, reference: str, names: Names, now: int) -> list[lists.Row]:
    """The township's tasks of the plan that came back."""
    if not reference:
        return []
    care = reads.read("CarePlan", Ref.parse(reference).id)
    return [lists.row(reads.read("Task", Ref.parse(each).id), None, names, now) for each in followup.tasks_of(care)]
