"""How it was: after a closed episode the resident is asked once, by a link to the telephone, on a tablet or on paper.

A Task whose next actor is the resident. Nobody is asked too often, nobody whom a message would endanger, and nobody
about what is restricted. The answer is a QuestionnaireResponse; an anonymous one names neither resident nor episode.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any, Final

from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Conflict, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.index.sensitivity import label
from doorstep.kernel.keys import kept_by, whole
from doorstep.kernel.refs import DIRECTORY, Actor, Ref, Stored, is_id, new_id
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import reasons
from doorstep.terms.policies import policy
from doorstep.workflows import messages
from doorstep.workflows.chronic_form import FOLLOW_UP, KIND
from doorstep.workflows.coordination import (
    LINK,
    Case,
    begin,
    boxes,
    day,
    item,
    load,
    moment,
    move,
    parties,
    state_of,
)  # fmt: skip
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "survey", "voice.survey", "Encounter", ("clinic", "resident"),
    (
        State("asked", "voice.survey-asked", "requested", "", "resident", "survey.open"),
        State("answered", "voice.survey-answered", "completed", ""),
        State("lapsed", "voice.survey-lapsed", "cancelled", ""),
    ),
    (
        Act("ask", "voice.act-ask", CLOCK, (), "asked", (), ("voice.asked-already",)),
        Act("invite", "voice.act-invite", "clinic", (), "asked", (), ("voice.asked-already", "voice.not-closed")),
        Act("answer", "voice.act-answer", "resident", ("asked",), "answered", ("score",)),
        Act("enter", "voice.act-enter", "clinic", ("asked",), "answered", ("score",)),
        Act("lapse", "voice.act-lapse", CLOCK, ("asked",), "lapsed"),
    ),
)  # fmt: skip

SCAN: Final = "survey.scan"
"""Due work: look for episodes that closed a day ago."""
ASK: Final = "survey.ask"
"""The effect: one episode is asked about, in the name of its institution (journeys/voicing.py)."""
GOOD, FAIR, BAD = "3", "2", "1"
SCORES: Final = (GOOD, FAIR, BAD)
SELF, PROXY = "self", "proxy"
QUESTIONS: Final = f"{systems.BASE}/Questionnaire/satisfaction"
_CLASSES: Final = frozenset({"AMB", "EMER", "IMP", "ACUTE", "NONAC", "SS"})


def voice(institution: str) -> Actor:
    """Who asks, and who writes down what came back over a link: a machine of that institution."""
    return Actor(LINK, "gateway", institution, "TREAT", "voice")


def arm(tx: Tx) -> None:
    """See to it that closed episodes are looked for; does nothing when that is so already."""
    if tx.holder("job", SCAN) is not None:
        return
    tx.claim("job", SCAN, holder=new_id(DIRECTORY))
    _again(tx, tx.now - policy("survey.delay", on=day(tx.now), reads=tx).microseconds)


def scan(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The episodes that closed in the last round are asked about, each in its own transaction."""
    begins = int(payload["from"])
    ends = tx.now - policy("survey.delay", on=day(tx.now), reads=tx).microseconds
    query = [("status", "finished"), ("date", f"ge{_text(begins)}"), ("date", f"le{_text(ends)}")]
    for found in tx.search("Encounter", query):
        if begins < moment(found["period"].get("end", found["period"]["start"])) <= ends and asks(found):
            tx.emit(ASK, {}, ref=f"Encounter/{found['id']}")
    _again(tx, max(begins, ends))


def asks(encounter: dict[str, Any]) -> bool:
    """Whether an episode is one that somebody may be asked about: a visit or a stay, and not restricted."""
    codings = [coding for each in encounter.get("type", ()) for coding in each.get("coding", ())]
    followed = any((coding.get("system"), coding.get("code")) == (KIND, FOLLOW_UP) for coding in codings)
    return encounter.get("class", {}).get("code") in _CLASSES and not followed and not label(encounter)


def ask(tx: Tx, *, encounter: str, secret: bytes) -> Stored | None:
    """Ask about an episode, unless the resident was asked lately or is not to be told; None then."""
    found = tx.read("Encounter", encounter)
    resident, record = found["subject"]["reference"], whole(tx)
    if kept_by(tx, TABLE.name, encounter) or not asks(found) or found["status"] != "finished":
        return None
    if messages.flagged(record, resident=resident, code=messages.QUIET) or _lately(tx, resident):
        return None
    patient = record.read("Patient", Ref.parse(resident).id)
    if patient.get("deceasedBoolean") or patient.get("deceasedDateTime"):
        return None
    reachable = any(way.get("system") == "phone" for way in patient.get("telecom", ()))
    one_of = policy("survey.desk", on=day(tx.now), reads=tx).amount
    if not reachable and blake2b(encounter.encode(), digest_size=4).digest()[0] % one_of:
        return None
    task = _asked(tx, TABLE.act("ask"), encounter, resident, "sms" if reachable else "desk")
    if reachable:
        messages.text(tx, resident=resident, key="sms.survey", params={"link": f"/voice/{token(secret, task.id)}/"})
    return task


def invite(tx: Tx, *, encounter: str) -> Stored:
    """The desk asks now: on a tablet, or on paper."""
    found = tx.read("Encounter", encounter)
    if found["status"] != "finished" or found.get("serviceProvider", {}).get("reference") != tx.actor.organization:
        raise RuleBroken("voice.not-closed", element="encounter")
    if kept_by(tx, TABLE.name, encounter):
        raise Conflict("voice.asked-already", element="encounter")
    return _asked(tx, TABLE.act("invite"), encounter, found["subject"]["reference"], "desk")


def answer(
    tx: Tx, *, task: str, score: str, reason: str = "", note: str = "", by: str = SELF, anonymous: bool = False,
    entered: bool = False,
) -> tuple[Case, str]:  # fmt: skip
    """What was said; ``entered``: the desk writes it down. The case as it was, and the reference of the answer."""
    act = TABLE.act("enter" if entered else "answer")
    case = _case(tx, task, act)
    needed(act, {"score": score})
    if score not in SCORES:
        raise Invalid("voice.score", element="score")
    if reason and reason not in reasons("survey.reason"):
        raise Invalid("voice.reason", element="reason")
    if by not in (SELF, PROXY):
        raise Invalid("voice.who", element="by")
    answers: dict[str, Any] = {
        "resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": QUESTIONS,
        "authored": day(tx.now).isoformat() if anonymous else instant(tx.now),
        "item": [{"linkId": "score", "answer": [{"valueInteger": int(score)}]},
                 {"linkId": "by", "answer": [{"valueCoding": {"system": systems.ITEM, "code": by}}]}],
    }  # fmt: skip
    if reason:
        coded = reasons("survey.reason")[reason].coding()
        answers["item"].append({"linkId": "reason", "answer": [{"valueCoding": coded}]})
    if note.strip():
        answers["item"].append({"linkId": "note", "answer": [{"valueString": note.strip()[:1000]}]})
    if not anonymous:
        answers |= {"subject": {"reference": case.resident}, "encounter": case.task["encounter"]}
    stored = tx.create(answers)
    outputs = () if anonymous else (item("score", score), item("by", by))
    move(tx, case, act, outputs=outputs, also=() if anonymous else (str(stored.ref),))
    return case, str(stored.ref)


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The time to answer is over."""
    try:
        case = load(tx, TABLE, Ref.parse(ref).id)
    except (Gone, NotFound):
        return
    if case.state == payload["state"]:
        move(tx, case, TABLE.act("lapse"))


def token(secret: bytes, task: str) -> str:
    """The secret part of a link: who has it may answer this one question, and nothing else."""
    sign = blake2b(task.encode(), key=secret[:64], person=b"survey-link", digest_size=16).hexdigest()
    return f"{task}.{sign}"


def task_of(secret: bytes, text: str) -> str:
    """The Task of a link; NotFound for one that we did not give."""
    task, _, _ = text.rpartition(".")
    if not is_id(task) or not hmac.compare_digest(text.encode(), token(secret, task).encode()):
        raise NotFound("web.no-such-page")
    return task


def is_open(task: dict[str, Any]) -> bool:
    """Whether a question still waits for its answer."""
    return state_of(task) == "asked"


def channel_of(task: dict[str, Any]) -> str:
    return boxes(task.get("input", [])).get("channel", "")


# -- inside


def _asked(tx: Tx, act: Act, encounter: str, resident: str, channel: str) -> Stored:
    here, focus = tx.actor.organization, f"Encounter/{encounter}"
    tx.unique(TABLE.name, encounter, here)
    return begin(tx, TABLE, act, focus=focus, resident=resident, asking=here, asked=resident, encounter=focus,
                 inputs=(item("channel", channel),))  # fmt: skip


def _lately(tx: Tx, resident: str) -> bool:
    """Whether any institution has asked this resident within the time of rest."""
    since = tx.now - policy("survey.rest", on=day(tx.now), reads=tx).microseconds
    query = [("patient", resident), ("code", f"{systems.WORKFLOW}|{TABLE.name}"), ("authored-on", f"ge{_text(since)}")]
    return bool(whole(tx).page("Task", [*query, ("_count", "1")], strict=True).matches)


def _case(tx: Tx, task: str, act: Act) -> Case:
    case = load(tx, TABLE, task)
    held = parties(TABLE, case.task)
    played = {party for party, by in held.items() if by in (tx.actor.organization, tx.actor.person)}
    if tx.actor.person == LINK:
        played = {"resident"} if held["clinic"] == tx.actor.organization else set()
    TABLE.check(act, state=case.state, parties=frozenset(played))
    return case


def _again(tx: Tx, since: int) -> None:
    after = policy("survey.scan", on=day(tx.now), reads=tx).microseconds
    tx.due(tx.now + after, SCAN, ref="", payload={"from": since})


def _text(at: int) -> str:
    return (datetime.fromtimestamp(0, HOME) + timedelta(microseconds=at)).isoformat()
