"""Whom a resource is about: its home resident, the other residents it names, and when.

Derived from the Patient compartment of R4, and from the parameters ``patient`` and ``subject`` of types outside it
(Task, Contract, GuidanceResponse ...): a resource that names a resident is never without a row for that resident.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from doorstep.kernel.index.references import relative

HOMES: Mapping[str, tuple[str, ...]] = {
    "Account": ("subject",),
    "AdverseEvent": ("subject",),
    "AllergyIntolerance": ("patient", "asserter", "recorder"),
    "Appointment": ("participant.actor",),
    "AppointmentResponse": ("actor",),
    "AuditEvent": ("entity.what", "agent.who"),
    "Basic": ("subject", "author"),
    "Binary": ("securityContext",),
    "BodyStructure": ("patient",),
    "CarePlan": ("subject", "activity.detail.performer"),
    "CareTeam": ("subject", "participant.member"),
    "ChargeItem": ("subject",),
    "Claim": ("patient", "payee.party"),
    "ClaimResponse": ("patient",),
    "ClinicalImpression": ("subject",),
    "Communication": ("subject", "recipient", "sender"),
    "CommunicationRequest": ("subject", "recipient", "requester", "sender"),
    "Composition": ("subject", "author", "attester.party"),
    "Condition": ("subject", "asserter"),
    "Consent": ("patient",),
    "Contract": ("subject",),
    "Coverage": ("beneficiary", "subscriber", "policyHolder", "payor"),
    "CoverageEligibilityRequest": ("patient",),
    "CoverageEligibilityResponse": ("patient",),
    "DetectedIssue": ("patient",),
    "Device": ("patient",),
    "DeviceRequest": ("subject", "performer"),
    "DeviceUseStatement": ("subject",),
    "DiagnosticReport": ("subject",),
    "DocumentManifest": ("subject", "author", "recipient"),
    "DocumentReference": ("subject", "author"),
    "Encounter": ("subject",),
    "EnrollmentRequest": ("candidate",),
    "EpisodeOfCare": ("patient",),
    "ExplanationOfBenefit": ("patient", "payee.party"),
    "FamilyMemberHistory": ("patient",),
    "Flag": ("subject",),
    "Goal": ("subject",),
    "GuidanceResponse": ("subject",),
    "ImagingStudy": ("subject",),
    "Immunization": ("patient",),
    "ImmunizationEvaluation": ("patient",),
    "ImmunizationRecommendation": ("patient",),
    "Invoice": ("subject", "recipient"),
    "List": ("subject", "source"),
    "MeasureReport": ("subject",),
    "Media": ("subject",),
    "MedicationAdministration": ("subject", "performer.actor"),
    "MedicationDispense": ("subject", "receiver"),
    "MedicationRequest": ("subject",),
    "MedicationStatement": ("subject",),
    "MolecularSequence": ("patient",),
    "NutritionOrder": ("patient",),
    "Observation": ("subject", "performer"),
    "Person": ("link.target",),
    "Procedure": ("subject", "performer.actor"),
    "Provenance": ("target",),
    "QuestionnaireResponse": ("subject", "author"),
    "RelatedPerson": ("patient",),
    "RequestGroup": ("subject", "action.participant"),
    "ResearchSubject": ("individual",),
    "RiskAssessment": ("subject",),
    "ServiceRequest": ("subject", "performer"),
    "Specimen": ("subject",),
    "SupplyDelivery": ("patient",),
    "SupplyRequest": ("deliverTo",),
    "Task": ("for",),
    "VisionPrescription": ("patient",),
}
"""Type -> member paths, in the order in which the home resident is looked for. Group and Schedule have no home: they
are of an organisation, even when they name residents."""

MAIN_DATES: Mapping[str, tuple[str, ...]] = {
    "Account": ("period",),
    "AdverseEvent": ("date",),
    "AllergyIntolerance": ("date", "onset"),
    "Appointment": ("date",),
    "AuditEvent": ("date",),
    "Basic": ("created",),
    "CarePlan": ("date",),
    "CareTeam": ("date",),
    "ChargeItem": ("occurrence", "entered-date"),
    "Claim": ("created",),
    "ClaimResponse": ("created",),
    "ClinicalImpression": ("date",),
    "Communication": ("sent", "received"),
    "CommunicationRequest": ("authored", "occurrence"),
    "Composition": ("date",),
    "Condition": ("recorded-date", "onset-date"),
    "Consent": ("date",),
    "Contract": ("issued",),
    "CoverageEligibilityRequest": ("created",),
    "CoverageEligibilityResponse": ("created",),
    "DetectedIssue": ("identified",),
    "DeviceRequest": ("authored-on", "event-date"),
    "DiagnosticReport": ("date", "issued"),
    "DocumentManifest": ("created",),
    "DocumentReference": ("date",),
    "Encounter": ("date",),
    "EpisodeOfCare": ("date",),
    "ExplanationOfBenefit": ("created",),
    "FamilyMemberHistory": ("date",),
    "Flag": ("date",),
    "Goal": ("start-date", "target-date"),
    "ImagingStudy": ("started",),
    "Immunization": ("date",),
    "ImmunizationEvaluation": ("date",),
    "ImmunizationRecommendation": ("date",),
    "Invoice": ("date",),
    "List": ("date",),
    "MeasureReport": ("date", "period"),
    "Media": ("created",),
    "MedicationAdministration": ("effective-time",),
    "MedicationDispense": ("whenhandedover", "whenprepared"),
    "MedicationRequest": ("authoredon",),
    "MedicationStatement": ("effective",),
    "NutritionOrder": ("datetime",),
    "Observation": ("date",),
    "Procedure": ("date",),
    "Provenance": ("recorded", "when"),
    "QuestionnaireResponse": ("authored",),
    "RequestGroup": ("authored",),
    "ResearchSubject": ("date",),
    "RiskAssessment": ("date",),
    "Schedule": ("date",),
    "ServiceRequest": ("authored", "occurrence"),
    "Specimen": ("collected",),
    "SupplyRequest": ("date",),
    "Task": ("authored-on", "modified"),
    "VisionPrescription": ("datewritten",),
}
"""Type -> date parameters, in the order in which the main date is looked for."""

_PATHS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    name: tuple(tuple(path.split(".")) for path in paths) for name, paths in HOMES.items()
}


def home_resident(resource: dict[str, Any]) -> str | None:
    """The id of the resident in whose part the resource is kept; None when it is about none, or only by identifier.

    A Patient is its own home (None while it has no id). Of several patients under one path the first counts.
    """
    type_name = resource.get("resourceType")
    if type_name == "Patient":
        id_ = resource.get("id")
        return id_ if id_.__class__ is str else None
    for path in _PATHS.get(str(type_name), ()):
        found = _first(resource, path, 0)
        if found:
            return found
    return None


def _first(node: Any, path: tuple[str, ...], at: int) -> str | None:
    if node.__class__ is list:
        for item in node:
            found = _first(item, path, at)
            if found:
                return found
        return None
    if node.__class__ is not dict:
        return None
    if at < len(path):
        return _first(node.get(path[at]), path, at + 1)
    target = relative(node.get("reference"))
    return target[1] if target and target[0] == "Patient" else None
