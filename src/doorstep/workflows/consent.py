"""What a resident allows and refuses: consent to an institution, a person or a programme; refusal; restricted items.

The Consent is the state (R4 Consent). A consent opens a grant with the level, category and purpose that it states; a
refusal takes away what visits, orders, contracts ... have given, and leaves what the law, an emergency and the
institution's own writing rest on. The resident or who speaks for them acts; a desk may write down what was signed on
paper, with a reference to the scan.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.clock import HOME, instant
from doorstep.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.policies import policy
from doorstep.terms.privacy import OWN_WISH, REPRODUCTIVE, labels, purposes
from doorstep.workflows import witness
from doorstep.workflows.coordination import attest, day, moment
from doorstep.workflows.table import CLOCK, Act, State, Table, needed

TABLE: Final = Table(
    "consent", "privacy.consent", "Consent", ("resident",),
    (
        State("given", "privacy.consent-given", "", "active", "resident", "consent.term"),
        State("refused", "privacy.consent-refused", "", "active", "resident", "consent.term"),
        State("withdrawn", "privacy.consent-withdrawn", "", "inactive"),
        State("lapsed", "privacy.consent-lapsed", "", "inactive"),
    ),
    (
        Act("give", "privacy.consent-give", "resident", (), "given", ("to",),
            ("privacy.scan-needed", "privacy.not-theirs", "privacy.unknown-level", "privacy.unknown-label",
             "privacy.until-past", "privacy.until-far")),
        Act("refuse", "privacy.consent-refuse", "resident", (), "refused", ("to",),
            ("privacy.scan-needed", "privacy.not-theirs", "privacy.refused-already")),
        Act("withdraw", "privacy.consent-withdraw", "resident", ("given", "refused"), "withdrawn"),
        Act("lapse", "privacy.consent-lapse", CLOCK, ("given", "refused"), "lapsed"),
    ),
)  # fmt: skip

_RAISE: Final = Act("raise", "privacy.item-raise", "resident", (), "given")
_LOWER: Final = Act("lower", "privacy.item-lower", "resident", (), "given")
_RELEASE: Final = Act("release", "privacy.item-release", "clinic", (), "given")
"""Acts on one entry of the record: no Consent stands behind them, a Provenance does."""

_SCOPES: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_SCOPE: Final = {"coding": [{"system": _SCOPES, "code": "patient-privacy"}]}
_CATEGORY: Final = {"coding": [{"system": systems.LOINC, "code": "59284-0"}]}
SENSITIVE: Final = {"coding": [{"system": f"{systems.BASE}/cs/consent", "code": "sensitive-data"}]}
"""Separate written consent to the handling of sensitive personal data (PIPL, articles 28 to 31)."""
_STATE: Final = f"{systems.BASE}/fhir/StructureDefinition/consent-state"
_DESK: Final = ("registrar", "doctor", "nurse", "family-team", "public-health")
EVERYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Terms:
    """What a consent says. ``to`` an institution or a person; ``scan`` a DocumentReference, needed at a desk."""

    to: str
    level: str = "2"
    label: str = ""
    purpose: str = ""
    until: date | None = None
    scan: str = ""
    sensitive: bool = False


def give(tx: Tx, *, resident: str, terms: Terms) -> Stored:
    """Consent to an institution or a person reading the record."""
    act = TABLE.act("give")
    _may(tx, resident, terms.scan)
    needed(act, {"to": terms.to})
    level = _level(terms)
    if terms.purpose and terms.purpose not in purposes():
        raise Invalid("privacy.unknown-purpose", element="purpose", purpose=terms.purpose)
    who = _recipient(tx, terms.to)
    ends = _end(tx, terms.until)
    stored = _write(tx, act, resident, terms, "permit", ends)
    org, person = (who, "") if who.startswith("Organization/") else ("", who)
    tx.grant(resident=Ref.parse(resident).id, org=org, person=person, level=level, reason="consent",
             label=terms.label if level == 3 else "", purpose=terms.purpose, source=str(stored.ref),
             ends=ends)  # fmt: skip
    return stored


def refuse(tx: Tx, *, resident: str, to: str, scan: str = "", until: date | None = None) -> Stored:
    """Refuse an institution ("*" all of them): what it was or will be given does not work until this is taken back."""
    act = TABLE.act("refuse")
    _may(tx, resident, scan)
    needed(act, {"to": to})
    who = to if to == EVERYBODY else _recipient(tx, to, only="Organization/")
    key = f"{resident} {who}"
    if tx.holder("refusal", key) is not None:
        raise Conflict("privacy.refused-already")
    ends = _end(tx, until)
    stored = _write(tx, act, resident, Terms(to=who, scan=scan), "deny", ends)
    tx.claim("refusal", key, holder=stored.id, expires=ends)
    tx.bar(resident=Ref.parse(resident).id, org=who, source=str(stored.ref), until=ends)
    return stored


def withdraw(tx: Tx, *, consent: str, scan: str = "") -> Stored:
    """Take a consent or a refusal back; what it opened or closed is as if it had never been, from now on."""
    act = TABLE.act("withdraw")
    stored = tx.stored("Consent", consent)
    found = exact.decode(stored.body)
    _may(tx, found["patient"]["reference"], scan)
    return _close(tx, found, stored.version, act)


def lapse(tx: Tx, *, ref: str, payload: dict[str, Any]) -> None:
    """The term is over. The grant has ended by itself; now the Consent says so."""
    try:
        stored = tx.stored("Consent", Ref.parse(ref).id)
    except NotFound:
        return
    found = exact.decode(stored.body)
    if state_of(found) == payload["state"]:
        _close(tx, found, stored.version, TABLE.act("lapse"))


def raise_item(tx: Tx, *, item: str) -> Stored:
    """One entry of the record becomes restricted at the resident's wish."""
    return _relabel(tx, item, _RAISE, add=True)


def lower_item(tx: Tx, *, item: str) -> Stored:
    """The resident takes their wish back; a restriction that the entry has for another reason stays."""
    return _relabel(tx, item, _LOWER, add=False)


def release(tx: Tx, *, item: str, guardian: str) -> None:
    """The doctor lets a guardian see one entry about a minor's reproductive health."""
    witness.clinical(tx)
    target = Ref.parse(item)
    found = tx.read(target.type, target.id)
    if not any(entry.get("code") == REPRODUCTIVE for entry in found.get("meta", {}).get("security", ())):
        raise Invalid("privacy.nothing-to-release", element="item")
    resident = _resident_of(found)
    tx.grant(resident=Ref.parse(resident).id, person=guardian, level=3, label=REPRODUCTIVE, reason="guardian",
             source=item, scope="packet", items=(item,))  # fmt: skip
    attest(tx, TABLE, _RELEASE, (item, resident))


def state_of(consent: dict[str, Any]) -> str:
    """The state of a Consent that we keep; "" for one from outside."""
    said = (entry["valueCode"] for entry in consent.get("extension", ()) if entry.get("url") == _STATE)
    return str(next(said, ""))


def _may(tx: Tx, resident: str, scan: str) -> None:
    """The resident or who speaks for them; or a desk that has the signed paper."""
    if tx.actor.role in _DESK:
        if not scan:
            raise Invalid("privacy.scan-needed", element="scan")
        paper = Ref.parse(scan) if scan.startswith("DocumentReference/") else None
        if paper is None or not tx.exists(paper.type, paper.id):
            raise Invalid("privacy.scan-needed", element="scan")
        tx.read("Patient", Ref.parse(resident).id)
        return
    witness.speaks_for(tx, resident)


def _level(terms: Terms) -> int:
    if terms.level not in ("1", "2", "3"):
        raise Invalid("privacy.unknown-level", element="level", level=terms.level)
    level = int(terms.level)
    if level == 3 and terms.label not in ("*", *labels()):
        raise Invalid("privacy.unknown-label", element="label", label=terms.label)
    return level


def _recipient(tx: Tx, to: str, *, only: str = "") -> str:
    try:
        target = Ref.parse(to)
    except ValueError:
        raise Invalid("privacy.unknown-recipient", element="to", to=to) from None
    known = (only,) if only else ("Organization/", "Practitioner/")
    if not to.startswith(known) or not tx.exists(target.type, target.id):
        raise Invalid("privacy.unknown-recipient", element="to", to=to)
    return to


def _end(tx: Tx, until: date | None) -> int:
    longest = policy("consent.term", on=day(tx.now), reads=tx)
    last = tx.now + longest.microseconds
    if until is None:
        return last
    ends = int(datetime.combine(until, time(23, 59, 59), HOME).timestamp()) * 1_000_000
    if ends <= tx.now:
        raise Invalid("privacy.until-past", element="until")
    if ends > last:
        raise Invalid("privacy.until-far", element="until", days=longest.amount)
    return ends


def _write(tx: Tx, act: Act, resident: str, terms: Terms, kind: str, ends: int) -> Stored:
    provision: dict[str, Any] = {"type": kind, "period": {"start": instant(tx.now), "end": instant(ends)}}
    if terms.to != EVERYBODY:
        role = {"coding": [{"system": systems.PARTICIPATION, "code": "IRCP"}]}
        provision["actor"] = [{"role": role, "reference": {"reference": terms.to}}]
    if terms.purpose:
        provision["purpose"] = [purposes()[terms.purpose].coding()]
    if terms.level == "3" and terms.label in labels():
        provision["securityLabel"] = [labels()[terms.label].coding()]
    speaker = tx.actor.person if tx.actor.role in witness.RESIDENT_ROLES else resident
    consent: dict[str, Any] = {
        "resourceType": "Consent",
        "status": "active",
        "extension": [{"url": _STATE, "valueCode": act.target}],
        "scope": _SCOPE,
        "category": [_CATEGORY, *([SENSITIVE] if terms.sensitive else [])],
        "patient": {"reference": resident},
        "dateTime": instant(tx.now),
        "performer": [{"reference": speaker}],
        "policyRule": {"coding": [{"system": systems.ACT_CODE, "code": "OPTIN" if kind == "permit" else "OPTOUT"}]},
        "provision": provision,
    }
    if terms.scan:
        consent["sourceReference"] = {"reference": terms.scan}
    if tx.actor.organization:
        consent["organization"] = [{"reference": tx.actor.organization}]
    stored = tx.create(consent)
    tx.due(ends, "consent.deadline", ref=str(stored.ref), payload={"state": act.target})
    attest(tx, TABLE, act, (f"{stored.ref}/_history/{stored.version}", resident))
    return stored


def _close(tx: Tx, found: dict[str, Any], version: int, act: Act) -> Stored:
    state = state_of(found)
    TABLE.check(act, state=state, parties=frozenset({act.who}))
    source, resident = f"Consent/{found['id']}", found["patient"]["reference"]
    found["status"] = TABLE.state(act.target).request
    found["extension"] = [{"url": _STATE, "valueCode": act.target}]
    stored, _ = tx.update(found, if_match=version)
    if state == "refused":
        actors = found["provision"].get("actor", [{"reference": {"reference": EVERYBODY}}])
        tx.release("refusal", f"{resident} {actors[0]['reference']['reference']}", holder=found["id"])
        tx.unbar(source)
    else:
        tx.end_grants(source)
    tx.cancel_due("consent.deadline", source)
    attest(tx, TABLE, act, (f"{source}/_history/{stored.version}", resident))
    return stored


def _relabel(tx: Tx, item: str, act: Act, *, add: bool) -> Stored:
    target = Ref.parse(item)
    stored = tx.stored(target.type, target.id)
    found = exact.decode(stored.body)
    resident = _resident_of(found)
    witness.speaks_for(tx, resident)
    meta = found.setdefault("meta", {})
    kept = [entry for entry in meta.get("security", ())
            if (entry.get("system"), entry.get("code")) != (systems.ACT_CODE, OWN_WISH)]  # fmt: skip
    meta["security"] = [*kept, labels()[OWN_WISH].coding()] if add else kept
    if not meta["security"]:
        del meta["security"]
    written, _ = tx.update(found, if_match=stored.version)
    attest(tx, TABLE, act, (f"{item}/_history/{written.version}", resident))
    return written


def _resident_of(resource: dict[str, Any]) -> str:
    if resource["resourceType"] == "Patient":
        raise Forbidden("privacy.not-an-item")
    for name in ("subject", "patient", "for", "beneficiary"):
        reference = resource.get(name, {}).get("reference", "")
        if reference.startswith("Patient/"):
            return str(reference)
    raise Invalid("privacy.not-an-item", element="item")


def ends_at(consent: dict[str, Any]) -> int:
    """When a Consent ends by itself."""
    return moment(consent["provision"]["period"]["end"])
