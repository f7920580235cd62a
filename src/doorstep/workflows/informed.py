"""Informed consent to what is done on a ward: who told what, who signed, who watched; or who refused.

Consent of scope "treatment" (R4 Consent): it opens nothing in the record, it is the record of a conversation. The one
who informs and the witness are two people; the signature is on paper whose scan is there, or on the form that was read
out and ticked in front of the witness. Another answer later is another Consent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid, RuleBroken
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref, Stored
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.workflows import stay
from doorstep.workflows.coordination import attest
from doorstep.workflows.table import Act, needed

Resource = dict[str, Any]

SCOPE: Final = "treatment"
WITNESS: Final = f"{systems.BASE}/ext/consent-witness"
SIGNER: Final = f"{systems.BASE}/ext/consent-signer"
INFORMER: Final = f"{systems.BASE}/ext/consent-informer"
_SCOPES: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_ACT: Final = Act("inform", "ward.inform", "ward", ("in",), "in", ("form", "signer", "relation", "witness", "answer"))
_ANSWERS: Final = {"agree": ("active", "permit"), "refuse": ("rejected", "deny")}


@dataclass(frozen=True, slots=True)
class Told:
    """One conversation. ``witness`` "Practitioner/x"; ``scan`` a DocumentReference, or ``ticked`` "yes"."""

    form: str
    signer: str
    relation: str
    witness: str
    answer: str
    scan: str = ""
    ticked: str = ""
    about: str = ""


def record(tx: Tx, *, encounter: str, told: Told) -> Stored:
    """Write a consent, or a refusal, of a patient of the ward down."""
    found = stay.running(tx, encounter)
    stay.only(tx, stay.DOCTORS)
    needed(_ACT, {"form": told.form, "signer": told.signer, "relation": told.relation, "witness": told.witness,
                  "answer": told.answer})  # fmt: skip
    form = stay.coded("informed.form", told.form, "form")
    relation = stay.coded("informed.relation", told.relation, "relation")
    if told.answer not in _ANSWERS:
        raise Invalid("workflows.unknown-reason", element="answer", reason=told.answer)
    _signed(tx, told)
    status, kind = _ANSWERS[told.answer]
    resident = found["subject"]["reference"]
    consent: Resource = {
        "resourceType": "Consent", "status": status,
        "scope": {"coding": [{"system": _SCOPES, "code": SCOPE}]}, "category": [form],
        "patient": {"reference": resident}, "dateTime": instant(tx.now),
        "performer": [{"reference": resident}] if told.relation == "self" else [],
        "organization": [{"reference": tx.actor.organization}],
        "policyRule": {"text": form["coding"][0]["display"]},
        "provision": {"type": kind, "data": [{"meaning": "related",
                                              "reference": {"reference": f"Encounter/{encounter}"}}]},
        "extension": [
            {"url": INFORMER, "valueReference": {"reference": tx.actor.person}},
            {"url": WITNESS, "valueReference": {"reference": told.witness}},
            {"url": SIGNER, "valueCodeableConcept": {**relation, "text": told.signer.strip()}},
        ],
    }  # fmt: skip
    if not consent["performer"]:
        consent.pop("performer")
    if told.scan:
        consent["sourceReference"] = {"reference": told.scan}
    elif told.about.strip():
        consent["sourceAttachment"] = {"title": told.about.strip()[:200]}
    stored = tx.create(consent)
    attest(tx, stay.TABLE, _ACT, (f"{stored.ref}/_history/{stored.version}", resident))
    return stored


def of_stay(reads: Reads, resident: str, encounter: str) -> list[Resource]:
    """The conversations of a stay, newest first."""
    found = reads.search("Consent", [("patient", resident), ("scope", f"{_SCOPES}|{SCOPE}")])
    ours = [each for each in found if _about(each) == f"Encounter/{encounter}"]
    return sorted(ours, key=lambda each: str(each["dateTime"]), reverse=True)


def part(consent: Resource, url: str) -> Resource:
    """An extension's value: the witness or informer as a Reference, the signer as a CodeableConcept."""
    found: Resource = next((each for each in consent.get("extension", ()) if each["url"] == url), {})
    return dict(found.get("valueReference") or found.get("valueCodeableConcept") or {})


def _about(consent: Resource) -> str:
    data = consent.get("provision", {}).get("data", [{}])
    return str(data[0].get("reference", {}).get("reference", "")) if data else ""


def _signed(tx: Tx, told: Told) -> None:
    if told.witness == tx.actor.person:
        raise RuleBroken("ward.other-witness", element="witness")
    if not told.witness.startswith("Practitioner/") or not tx.exists("Practitioner", Ref.parse(told.witness).id):
        raise Invalid("ward.unknown-witness", element="witness")
    if told.scan:
        paper = Ref.parse(told.scan) if told.scan.startswith("DocumentReference/") else None
        if paper is None or not tx.exists(paper.type, paper.id):
            raise Invalid("ward.no-such-scan", element="scan")
    elif told.ticked != "yes":
        raise Invalid("ward.signature-needed", element="ticked")
