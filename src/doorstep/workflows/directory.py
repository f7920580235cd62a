"""The directory: institutions, places, services, people at work and their posts. The record itself is the truth.

What is true of a day is kept as dated data in the resource (periods; earlier names and superiors in an extension), so
that it may be written down later than it happened; who changed what and when is the history with its Provenances.
Right, change, audit and Provenance are one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from doorstep.kernel import keys
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Conflict, Forbidden, Gone, Invalid, Issue, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Actor, Ref, Stored
from doorstep.kernel.store import Store
from doorstep.kernel.tx import Tx
from doorstep.kernel.worklist import Ask
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, table
from doorstep.workflows.coordination import day

Resource = dict[str, Any]

EXT: Final = f"{systems.BASE}/ext/"
VALID, STOOD, MERGED_INTO = "valid", "stood", "merged-into"
LEVEL, OWNERSHIP, DEPARTMENT, SECONDED_FROM, ITEM = "hospital-level", "ownership", "department", "seconded-from", "item"

ALLIANCE_ROLES: Final = ("security-admin", "administrator")
ADMINISTRATORS: Final = ("institution-admin", "security-admin", "auditor")
"""The three that must be three people (GB/T 22239-2019: system, security and audit administration are apart)."""
APPOINTED_BY: Final = {
    "institution-admin": ("security-admin", "administrator"),
    "security-admin": ("administrator",),
    "auditor": ("administrator",),
    "manager": ("institution-admin", "security-admin", "administrator"),
}
"""Who may give and end a post; for all roles that are not named: the institution's own administrator."""
_USUAL: Final = ("institution-admin", "administrator")
ACTS: Final = frozenset((
    "open", "describe", "rename", "move", "merge", "close", "reopen", "register", "edit", "licence", "appoint", "end",
    "restore", "place", "serve", "agree", "override", "status",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One act on a resource of the directory, with the versions that it made."""

    act: str
    who: str
    organization: str
    at: str
    reason: Resource | None
    version: int


# -- rights


def alliance_only(tx: Tx) -> None:
    """Institutions, agreements and rules are the alliance's."""
    if tx.actor.role not in ALLIANCE_ROLES:
        raise Forbidden("directory.alliance-only")


def own_only(tx: Tx, organization: str) -> None:
    """Departments, places and people are the institution's own administrator's."""
    if tx.actor.role == "administrator":
        return
    if tx.actor.role != "institution-admin" or tx.actor.organization != organization:
        raise Forbidden("directory.own-only")


def own_or_alliance(tx: Tx, organization: str) -> None:
    """What an institution may correct about itself and the alliance about everybody."""
    if tx.actor.role not in ALLIANCE_ROLES:
        own_only(tx, organization)


def may_appoint(tx: Tx, role: str, organization: str) -> None:
    """Each role is given by its own hand; an institution's administrator acts at home only."""
    if tx.actor.role not in APPOINTED_BY.get(role, _USUAL):
        raise Forbidden("directory.not-your-role", element="role", role=role)
    if tx.actor.role == "institution-admin":
        own_only(tx, organization)


# -- reading a resource


def extension(resource: Resource, name: str) -> list[Resource]:
    """The extensions of one of our names."""
    return [each for each in resource.get("extension", ()) if each.get("url") == EXT + name]


def put_extension(resource: Resource, name: str, *values: Resource) -> None:
    """Replace the extensions of one name; none given removes them."""
    kept = [each for each in resource.get("extension", ()) if each.get("url") != EXT + name]
    kept += [{"url": EXT + name, **value} for value in values]
    if kept:
        resource["extension"] = kept
    else:
        resource.pop("extension", None)


def period_of(resource: Resource) -> Resource:
    """When the thing exists at all: its own period, or the dated extension of a type that has none."""
    own = resource.get("period") or resource.get("effectivePeriod")
    found = extension(resource, VALID)
    return own or (found[0]["valuePeriod"] if found else {})


def holds(period: Resource, on: date) -> bool:
    """Whether a period contains a day; both of its ends belong to it."""
    start, end = str(period.get("start", ""))[:10], str(period.get("end", ""))[:10]
    text = on.isoformat()
    return (not start or start[: len(text)] <= text) and (not end or text[: len(end)] <= end)


def coded(resource: Resource, system: str, member: str = "type") -> str:
    """The code of a system in a CodeableConcept or a list of them; "" for none."""
    concepts = resource.get(member, [])
    concepts = concepts if isinstance(concepts, list) else [concepts]
    codings = (coding for concept in concepts for coding in concept.get("coding", ()))
    return next((str(coding.get("code", "")) for coding in codings if coding.get("system") == system), "")


def identifier(resource: Resource, system: str) -> str:
    """The value of an identifier; "" for none."""
    found = (each.get("value", "") for each in resource.get("identifier", ()) if each.get("system") == system)
    return str(next(found, ""))


def get(reads: Reads, reference: str, element: str = "") -> Resource:
    """A resource by reference; a refusal of the box that named it when it is not there."""
    try:
        found = Ref.parse(reference)
        return reads.read(found.type, found.id)
    except (ValueError, NotFound, Gone):
        raise Invalid("directory.not-there", element=element, reference=reference) from None


def no_work(tx: Tx, *organizations: str) -> None:
    """Refuse as long as anything open waits for one of these, or was asked by one: nobody would ever finish it."""
    reads = keys.whole(tx)
    open_: set[str] = set()
    for each in organizations:
        for ask in (Ask(owner=each), Ask(requester=each)):
            open_ |= {item.id for item in reads.waiting(ask, limit=1000)}
    if open_:
        raise RuleBroken("directory.has-work", element="organization", count=len(open_))


def institution_of(reads: Reads, organization: Resource) -> Resource:
    """The institution that a department belongs to; an institution itself."""
    seen = organization
    while coded(seen, systems.ORGANIZATION_KIND) == "department" and "partOf" in seen:
        seen = get(reads, seen["partOf"]["reference"])
    return seen


def ref_of(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


# -- reading a form


def typed(**boxes: str) -> None:
    """Refuse empty boxes, naming every one."""
    empty = tuple(name for name, value in boxes.items() if not str(value).strip())
    if empty:
        issues = tuple(Issue("error", "required", "workflows.empty-box", {"act": "", "box": name}, name)
                       for name in empty)  # fmt: skip
        raise Invalid("workflows.empty-box", issues=issues, act="", box=", ".join(empty))


def from_table(name: str, code: str, element: str) -> Concept:
    """A code of one of the directory's tables."""
    known = table(name).get(code)
    if known is None:
        raise Invalid("directory.unknown-code", element=element, code=code)
    return known


def read_day(tx: Tx, text: str, element: str, *, future: bool = False) -> date:
    """A date as typed; empty is today. What is to hold only later is refused unless ``future``."""
    return day_typed(text, day(tx.now), element, future=future)


def day_typed(text: str, today: date, element: str, *, future: bool = False) -> date:
    """The same where there is no transaction."""
    if not text.strip():
        return today
    try:
        found = date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("directory.not-a-day", element=element, text=text) from None
    if found > today and not future:
        raise Invalid("directory.day-in-future", element=element, day=found.isoformat())
    return found


def reason_of(code: str) -> Resource:
    """Why something ended."""
    typed(reason=code)
    return {"coding": [from_table("directory-end", code, "reason").coding()]}


def before(on: date) -> str:
    """The last day of what ends when something else begins."""
    return (on - timedelta(days=1)).isoformat()


# -- writing


def save(tx: Tx, resource: Resource, *, version: str = "") -> Stored:
    """The next version. ``version`` is what the person had before their eyes: somebody else's change is not undone."""
    current = tx.stored(resource["resourceType"], resource["id"]).version
    if version and version != str(current):
        raise Conflict("directory.changed-meanwhile", given=version, current=current)
    return tx.update(resource, if_match=current)[0]


def attest(tx: Tx, act: str, *stored: Stored, reason: Resource | None = None) -> None:
    """One Provenance for an act on the directory: what, when, by whom in which role, and why."""
    if act not in ACTS:
        raise LookupError(act)
    who: Resource = {"who": {"reference": tx.actor.person}}
    if tx.exists("Organization", tx.actor.organization.partition("/")[2]):
        who["onBehalfOf"] = {"reference": tx.actor.organization}
    if not tx.actor.person.startswith("Practitioner/"):
        who = {"who": {"identifier": {"system": f"{systems.BASE}/sid/agent", "value": tx.actor.role}}}
    who["role"] = [{"coding": [{"system": systems.STAFF_ROLE, "code": tx.actor.role}]}]
    provenance: Resource = {
        "resourceType": "Provenance",
        "target": [{"reference": f"{each.ref}/_history/{each.version}"} for each in stored],
        "recorded": instant(tx.now),
        "activity": {"coding": [{"system": systems.act_system("directory"), "code": act}]},
        "agent": [who],
    }
    if reason is not None:
        provenance["reason"] = [reason]
    tx.create(provenance)


def changes(store: Store, actor: Actor, reference: str) -> list[Change]:
    """How a resource of the directory came to be what it is, newest first, for whoever may read the resource.

    The Provenances are read with the record's own rights: they say who changed the directory, which is no secret of
    the institution that did it. A reader who may not see the resource itself is answered as if there were none.
    """
    found = Ref.parse(reference)
    with store.snapshot(actor) as reads:
        reads.stored(found.type, found.id)
    with store.snapshot(SYSTEM, audited=False) as reads:
        entries = reads.search("Provenance", [("target", reference), ("_sort", "-recorded")])
    return [_change(entry, reference) for entry in entries]


def _change(entry: Resource, reference: str) -> Change:
    agent = entry["agent"][0]
    targets = (str(each.get("reference", "")) for each in entry["target"])
    version = next((text.rpartition("/")[2] for text in targets if text.startswith(f"{reference}/_history/")), "0")
    coding = entry.get("activity", {}).get("coding", [{}])[0]
    act = coding.get("code", "") if coding.get("system") == systems.act_system("directory") else ""
    return Change(
        act, agent["who"].get("reference", ""), agent.get("onBehalfOf", {}).get("reference", ""), entry["recorded"],
        entry.get("reason", [None])[0], int(version),
    )  # fmt: skip


def cycle(reference: str) -> RuleBroken:
    """Something would stand below itself."""
    return RuleBroken("directory.cycle", element="superior", reference=reference)
