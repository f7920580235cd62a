"""Posts: who works where, as what, from when until when (PractitionerRole). A post is the right to act.

Every request reads the post of whoever asks, so that the commit that ends it also ends every session and token that
acts in it. A post is unique by person, institution and role (a claim), and never given by its holder to themselves.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from doorstep.kernel.clock import FOREVER
from doorstep.kernel.errors import Conflict, Forbidden, Gone, Invalid, NotFound, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.roles import ROLES
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import titles
from doorstep.workflows.coordination import day, moment
from doorstep.workflows.directory import (
    ADMINISTRATORS,
    DEPARTMENT,
    SECONDED_FROM,
    Resource,
    attest,
    before,
    coded,
    extension,
    get,
    holds,
    identifier,
    institution_of,
    may_appoint,
    put_extension,
    read_day,
    reason_of,
    ref_of,
    save,
    typed,
)

LICENSED: Final = ("doctor", "nurse", "specialist")
"""Roles for which the law asks for a practising certificate (执业医师法, 护士条例)."""
POST_ROLES: Final = tuple(role.code for role in ROLES.values() if role.staff and role.code != "gateway")
END: Final = "directory.post-end"
"""Due work: a post whose last day has passed."""


def appoint(
    tx: Tx, *, practitioner: str, institution: str, role: str, title: str = "", department: str = "", on: str = "",
    until: str = "", seconded_from: str = "",
) -> Stored:  # fmt: skip
    """Give somebody a post. ``until`` is its last day; a secondment has one, and a post at home that it comes from."""
    typed(practitioner=practitioner, role=role)
    if role not in POST_ROLES:
        raise Invalid("directory.unknown-code", element="role", code=role)
    may_appoint(tx, role, institution)
    if practitioner == tx.actor.person:
        raise Forbidden("directory.not-yourself", element="practitioner")
    who, where = get(tx, practitioner, "practitioner"), _running(tx, institution)
    since = read_day(tx, on, "on", future=True)
    post: Resource = {
        "resourceType": "PractitionerRole", "active": True,
        "practitioner": {"reference": practitioner, "display": called(who)},
        "organization": {"reference": institution}, "code": _code(role, title),
        "period": {"start": since.isoformat()},
    }  # fmt: skip
    _until(tx, post, since, until)
    _department(tx, post, department, where)
    _secondment(tx, post, seconded_from)
    _fit(tx, who, post)
    post_id = tx.fresh_id(post)
    _take(tx, post, f"PractitionerRole/{post_id}")
    stored = tx.create(post, id=post_id)
    _watch(tx, post, stored.ref.id)
    attest(tx, "appoint", stored)
    return stored


def end(tx: Tx, *, post: str, reason: str, on: str = "", version: str = "") -> Stored:
    """End a post. Today (or before) its holder's rights end with this commit; a later day is its last."""
    found = _post(tx, post)
    may_appoint(tx, role_of(found), str(found["organization"]["reference"]))
    why = reason_of(reason)
    if not found.get("active", True):
        raise Conflict("directory.post-ended")
    last = read_day(tx, on, "on", future=True)
    if last.isoformat() < str(found.get("period", {}).get("start", ""))[:10]:
        raise Invalid("directory.day-too-early", element="on", day=last.isoformat(), last=found["period"]["start"])
    stored = _end(tx, found, last, version)
    attest(tx, "end", stored, reason=why)
    return stored


def dismiss(tx: Tx, *, practitioner: str, institution: str, reason: str) -> list[Stored]:
    """End everything that somebody may do at an institution, at once."""
    why = reason_of(reason)
    today = day(tx.now)
    held = [post for post in posts_of(tx, practitioner) if post["organization"]["reference"] == institution]
    if not held:
        raise NotFound("directory.no-post", element="practitioner")
    for post in held:
        may_appoint(tx, role_of(post), institution)
    ended = [_end(tx, post, today, "") for post in held]
    attest(tx, "end", *ended, reason=why)
    return ended


def restore(tx: Tx, *, post: str, version: str = "") -> Stored:
    """Take back an end that was a mistake; everything that a new post must be is asked again."""
    found = _post(tx, post)
    may_appoint(tx, role_of(found), str(found["organization"]["reference"]))
    if found["practitioner"]["reference"] == tx.actor.person:
        raise Forbidden("directory.not-yourself")
    if found.get("active", True) and "end" not in found.get("period", {}):
        raise Conflict("directory.post-runs")
    _running(tx, found["organization"]["reference"])
    found["active"] = True
    found.get("period", {}).pop("end", None)
    if not found.get("period", {"": 0}):
        del found["period"]
    if extension(found, SECONDED_FROM):
        raise RuleBroken("directory.secondment-over")
    _fit(tx, get(tx, found["practitioner"]["reference"]), found)
    _take(tx, found, ref_of(found))
    tx.cancel_due(END, ref_of(found))
    stored = save(tx, found, version=version)
    attest(tx, "restore", stored)
    return stored


# -- what institutions do when they end


def carry_over(tx: Tx, *, organization: str, into: str, on: date) -> list[Stored]:
    """The posts of a merged institution go on in the other one; one that is held there already only ends."""
    written = []
    for post in _at(tx, organization):
        who, role = post["practitioner"]["reference"], role_of(post)
        written.append(_end(tx, {**post}, max(on, day(tx.now)), "", last=before(on)))
        if any(each["organization"]["reference"] == into and role_of(each) == role for each in posts_of(tx, who)):
            continue
        moved = {key: value for key, value in post.items() if key not in ("id", "meta")}
        moved |= {"organization": {"reference": into}, "active": True}
        moved["period"] = {**post.get("period", {}), "start": on.isoformat()}
        if str(moved["period"].get("end", "9"))[:10] < on.isoformat():
            continue
        id_ = tx.fresh_id(moved)
        _take(tx, moved, f"PractitionerRole/{id_}")
        written.append(tx.create(moved, id=id_))
    return written


def end_all(tx: Tx, *, organization: str, on: date, reason: Resource) -> list[Stored]:
    """Every post at an institution that closes."""
    return [_end(tx, post, day(tx.now), "", last=before(on)) for post in _at(tx, organization)]


def run_out(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """Due work: a post whose last day has passed is marked as ended."""
    found = _post(tx, ref)
    over = _over(found)
    if not found.get("active", True) or over is None or over > tx.now:
        return
    found["active"] = False
    _give_up(tx, found)
    attest(tx, "end", save(tx, found), reason=reason_of("contract"))


# -- questions


def role_of(post: Resource) -> str:
    return coded(post, systems.STAFF_ROLE, "code")


def posts_of(reads: Reads, practitioner: str) -> list[Resource]:
    """The posts that somebody holds now or will hold."""
    return reads.search("PractitionerRole", [("practitioner", practitioner), ("active", "true")])


def works_on(post: Resource, on: date, today: date) -> bool:
    """Whether a post was held on a day. One that was ended today is over today."""
    if not holds(post.get("period", {}), on):
        return False
    return bool(post.get("active", True)) or ("end" in post.get("period", {}) and on != today)


def staff_on(reads: Reads, *, institution: str, on: date, department: str = "") -> list[Resource]:
    """The posts at an institution that were held on a day, by name."""
    today = day(reads.actor.at)
    found = [post for post in reads.search("PractitionerRole", [("organization", institution)])
             if works_on(post, on, today) and (not department or department_of(post) == department)]  # fmt: skip
    return sorted(found, key=lambda post: (str(post["practitioner"].get("display", "")), str(post["id"])))


def department_of(post: Resource) -> str:
    """The department of a post; "" for the institution as a whole."""
    found = extension(post, DEPARTMENT)
    return str(found[0]["valueReference"]["reference"]) if found else ""


def of_department(reads: Reads, department: str) -> list[Resource]:
    """The running posts of a department."""
    home = ref_of(institution_of(reads, get(reads, department)))
    return [post for post in _at(reads, home) if department_of(post) == department]


# -- inside


def _at(reads: Reads, organization: str) -> list[Resource]:
    return reads.search("PractitionerRole", [("organization", organization), ("active", "true")])


def _post(tx: Tx, post: str) -> Resource:
    try:
        return tx.read("PractitionerRole", Ref.parse(post).id if "/" in post else post)
    except (NotFound, Gone, ValueError):
        raise NotFound("read.not-found", type="PractitionerRole", id=post) from None


def _running(tx: Tx, institution: str) -> Resource:
    where = get(tx, institution, "institution")
    if coded(where, systems.ORGANIZATION_KIND) == "department":
        raise Invalid("directory.not-an-institution", element="institution")
    if not where.get("active", True):
        raise RuleBroken("directory.closed", element="institution", name=where.get("name", ""))
    tx.expect(tx.stored("Organization", where["id"]))
    return where


def called(who: Resource) -> str:
    """The name of a person at work as it is written."""
    name = who.get("name", [{}])[0]
    return str(name.get("text") or name.get("family", "") + "".join(name.get("given", ())))


def _code(role: str, title: str) -> list[Resource]:
    codings: list[dict[str, str]] = [{"system": systems.STAFF_ROLE, "code": role}]
    if not title:
        return [{"coding": codings}]
    known = titles().get(title)
    if known is None:
        raise Invalid("directory.unknown-code", element="title", code=title)
    return [{"coding": [*codings, known.coding()], "text": known.zh}]


def _until(tx: Tx, post: Resource, since: date, until: str) -> None:
    if not until.strip():
        return
    last = read_day(tx, until, "until", future=True)
    if last < since or last < day(tx.now):
        raise Invalid("directory.ends-before", element="until", day=last.isoformat())
    post["period"]["end"] = last.isoformat()


def _department(tx: Tx, post: Resource, department: str, where: Resource) -> None:
    if not department:
        return
    found = get(tx, department, "department")
    if not found.get("active", True):
        raise RuleBroken("directory.closed", element="department", name=found.get("name", ""))
    if coded(found, systems.ORGANIZATION_KIND) != "department" or institution_of(tx, found)["id"] != where["id"]:
        raise RuleBroken("directory.other-institution", element="department")
    tx.expect(tx.stored("Organization", found["id"]))
    put_extension(post, DEPARTMENT, {"valueReference": {"reference": department}})


def _secondment(tx: Tx, post: Resource, home: str) -> None:
    if not home:
        return
    if home == post["organization"]["reference"]:
        raise RuleBroken("directory.secondment-home", element="seconded_from")
    if "end" not in post["period"]:
        raise Invalid("directory.secondment-end", element="until")
    held = posts_of(tx, post["practitioner"]["reference"])
    if not any(each["organization"]["reference"] == home for each in held):
        raise RuleBroken("directory.secondment-none", element="seconded_from")
    put_extension(post, SECONDED_FROM, {"valueReference": {"reference": home}})


def _fit(tx: Tx, who: Resource, post: Resource) -> None:
    """A licence where the law asks for one, once only, and no two of the three administrators in one person."""
    role, practitioner = role_of(post), post["practitioner"]["reference"]
    if not who.get("active", True):
        raise RuleBroken("directory.person-left", element="practitioner")
    first = max(str(post.get("period", {}).get("start", ""))[:10], day(tx.now).isoformat())
    if role in LICENSED and not licensed(who, date.fromisoformat(first)):
        raise RuleBroken("directory.no-licence", element="role", name=called(who))
    for held in posts_of(tx, practitioner):
        if held["id"] == post.get("id"):
            continue
        if role_of(held) == role and held["organization"] == post["organization"]:
            raise Conflict("directory.double-post", element="role", post=held["id"])
        if role in ADMINISTRATORS and role_of(held) in ADMINISTRATORS and role_of(held) != role:
            raise RuleBroken("directory.three-administrators", element="role")
    tx.expect(tx.stored("Practitioner", Ref.parse(practitioner).id))


def licensed(who: Resource, on: date) -> bool:
    """Whether somebody holds a practising certificate on a day."""
    return bool(_certificates(who, on))


def licence_scopes(who: Resource, on: date) -> frozenset[str]:
    """The scopes (``practice-scope``) of the practising certificates that somebody holds on a day."""
    return frozenset(coded(each, systems.PRACTICE_SCOPE, "code") for each in _certificates(who, on))


def _certificates(who: Resource, on: date) -> list[Resource]:
    held = (each for each in who.get("qualification", ()) if holds(each.get("period", {}), on))
    return [each for each in held if identifier(each, systems.PRACTICE_LICENCE)]


def _take(tx: Tx, post: Resource, reference: str) -> None:
    who, role = post["practitioner"]["reference"], role_of(post)
    tx.claim("post", _key(post), holder=reference, expires=_over(post))
    if role in ADMINISTRATORS:
        tx.claim("post.administrator", who, holder=role, expires=_over(post))


def _key(post: Resource) -> str:
    return f"{post['practitioner']['reference']} {post['organization']['reference']} {role_of(post)}"


def _over(post: Resource) -> int | None:
    """The end of a post's last day."""
    end = str(post.get("period", {}).get("end", ""))[:10]
    return moment(f"{end}T23:59:59.999+08:00") if end else None


def _watch(tx: Tx, post: Resource, id_: str) -> None:
    over = _over(post)
    if over is not None and over < FOREVER:
        tx.due(over, END, ref=f"PractitionerRole/{id_}")


def _end(tx: Tx, post: Resource, on: date, version: str, *, last: str = "") -> Stored:
    """``on`` is when it takes effect, ``last`` the day that is written down as the last one."""
    at_once = on <= day(tx.now)
    started = str(post.get("period", {}).get("start", ""))[:10]
    post["period"] = {**post.get("period", {}), "end": max(last or on.isoformat(), started)}
    if at_once:
        post["active"] = False
        _give_up(tx, post)
        tx.cancel_due(END, ref_of(post))
    else:
        _take(tx, post, ref_of(post))
        _watch(tx, post, post["id"])
    return save(tx, post, version=version)


def _give_up(tx: Tx, post: Resource) -> None:
    who, role = post["practitioner"]["reference"], role_of(post)
    tx.release("post", _key(post), holder=ref_of(post))
    others = [each for each in posts_of(tx, who) if each["id"] != post["id"] and role_of(each) == role]
    if role in ADMINISTRATORS and not others:
        tx.release("post.administrator", who, holder=role)
