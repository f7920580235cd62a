"""The two sheets of the national referral form, what is asked with them, and what goes along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.clock import instant
from doorstep.kernel.errors import Invalid
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from doorstep.terms.catalogue import Concept, specialties
from doorstep.workflows import affiliation

_SUMMARY: Final = (
    ("AllergyIntolerance", ()),
    ("Condition", (("category", "problem-list-item"), ("clinical-status", "active"))),
    ("MedicationRequest", (("_sort", "-authoredon"),)),
    ("Observation", (("category", "vital-signs"), ("_sort", "-date"))),
)  # fmt: skip
_MOST: Final = 12
PRIORITIES: Final = ("routine", "urgent", "stat")
_REFERRAL: Final = {"coding": [{"system": systems.SNOMED, "code": "3457005", "display": "Patient referral"}]}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The outgoing sheet. ``consent`` says that resident or family agreed after being told; ``later`` that there was
    no time for it in the green channel; ``insurance`` whether the referral was filed with it, ``filing`` the number."""

    impression: str
    illness: str
    history: str = ""
    treatment: str = ""
    consent: bool = False
    agreed_by: str = ""
    later: bool = False
    insurance: str = ""
    filing: str = ""

    def boxes(self) -> dict[str, str]:
        """What is written down of it, by its names on the form."""
        consent = "agreed" if self.consent else "later"
        return {"impression": self.impression, "illness": self.illness, "history": self.history,
                "treatment": self.treatment, "consent": consent, "agreed-by": self.agreed_by,
                "insurance": self.insurance, "filing": self.filing}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    """The returning sheet."""

    diagnosis: str
    treatment: str
    advice: str
    results: str = ""

    def boxes(self) -> dict[str, str]:
        """The boxes of the returning sheet, in its order."""
        return {"diagnosis": self.diagnosis, "results": self.results, "treatment": self.treatment,
                "advice": self.advice}  # fmt: skip


def department_of(specialty: str) -> Concept:
    """The department that a referral is addressed to."""
    department = specialties().get(specialty)
    if department is None:
        raise Invalid("workflows.unknown-specialty", element="specialty", specialty=specialty)
    return department


def may_go(tx: Tx, sender: str, receiver: str, specialty: str) -> None:
    """Refuse a way that no affiliation opens; beyond the alliance every registered institution may be asked."""
    if not (affiliation.is_outside(tx, receiver) or affiliation.is_outside(tx, sender)):
        affiliation.require(tx, member=sender, partner=receiver, role=affiliation.REFERRAL, specialty=specialty)


def request_of(
    tx: Tx, *, resident: str, encounter: str, requester: str, receiver: str, department: Concept, priority: str,
    impression: str, reports: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What is asked, as a ServiceRequest."""
    return {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "category": [_REFERRAL],
        "priority": priority,
        "code": _REFERRAL,
        "subject": {"reference": resident},
        **({"encounter": {"reference": encounter}} if encounter else {}),
        "authoredOn": instant(tx.now),
        "requester": {"reference": requester},
        "performerType": {"coding": [department.coding()]},
        "performer": [{"reference": receiver}],
        "reasonCode": [{"text": impression.strip()}],
        **({"supportingInfo": [{"reference": report} for report in reports]} if reports else {}),
    }


def packet(reads: Reads, encounter: str, reports: tuple[str, ...]) -> list[str]:
    """What goes with a referral: the visit with what was found and judged in it, the reports that were chosen, and the
    summary without which nobody may treat: allergies, what the resident has, what they take."""
    found = [encounter, *reports]
    for type_name in ("Observation", "Condition"):
        own = reads.search(type_name, [("encounter", encounter)])
        found += [f"{type_name}/{each['id']}" for each in own]
    target = Ref.parse(encounter)
    resident = str(reads.read(target.type, target.id)["subject"]["reference"])
    for type_name, more in _SUMMARY:
        page = reads.page(type_name, [("patient", resident), *more, ("_count", str(_MOST))], strict=True)
        found += [f"{type_name}/{each.id}" for each in page.matches]
    for report in reports:
        target = Ref.parse(report)
        results = reads.read(target.type, target.id).get("result", ()) if target.type == "DiagnosticReport" else ()
        found += [result["reference"] for result in results if "reference" in result]
    return list(dict.fromkeys(found))
