"""How sensitive a resource is, as the one access rule reads it."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.index.subjects import home_resident

OPEN, IDENTITY, RECORD, RESTRICTED = 0, 1, 2, 3

CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

DIRECTORY = frozenset((
    "ActivityDefinition", "CapabilityStatement", "CatalogEntry", "ChargeItemDefinition", "CodeSystem",
    "CompartmentDefinition", "ConceptMap", "DeviceDefinition", "EffectEvidenceSynthesis", "Endpoint", "EventDefinition",
    "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition", "HealthcareService", "ImplementationGuide",
    "InsurancePlan", "Library", "Location", "Measure", "Medication", "MedicationKnowledge", "MedicinalProduct",
    "MedicinalProductAuthorization", "MedicinalProductContraindication", "MedicinalProductIndication",
    "MedicinalProductIngredient", "MedicinalProductInteraction", "MedicinalProductManufactured",
    "MedicinalProductPackaged", "MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect",
    "MessageDefinition", "NamingSystem", "ObservationDefinition", "OperationDefinition", "Organization",
    "OrganizationAffiliation", "PlanDefinition", "Practitioner", "PractitionerRole", "Questionnaire",
    "ResearchDefinition", "ResearchElementDefinition", "RiskEvidenceSynthesis", "Schedule", "SearchParameter", "Slot",
    "SpecimenDefinition", "StructureDefinition", "StructureMap", "Substance", "SubstanceNucleicAcid",
    "SubstancePolymer", "SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial",
    "SubstanceSpecification", "TerminologyCapabilities", "TestScript", "ValueSet",
))  # fmt: skip
"""Types about no resident: who works where, catalogues, definitions. Everyone who is known may read them."""

PEOPLE = frozenset(("Patient", "Person", "RelatedPerson"))


def sensitivity(resource: dict[str, Any]) -> int:
    """0 directory, 1 a person's identity, 2 the record, 3 restricted (meta.security has v3 Confidentiality R or V).

    A Schedule of a resident's own belongs to the record.
    """
    if _is_restricted(resource.get("meta")):
        return RESTRICTED
    type_name = resource.get("resourceType")
    if type_name in DIRECTORY:
        return RECORD if type_name == "Schedule" and _names_resident(resource) else OPEN
    return IDENTITY if type_name in PEOPLE else RECORD


def _is_restricted(meta: Any) -> bool:
    labels = meta.get("security") if meta.__class__ is dict else None
    if labels.__class__ is not list:
        return False
    return any(
        label.__class__ is dict and label.get("code") in ("R", "V") and label.get("system") == CONFIDENTIALITY
        for label in labels
    )


def _names_resident(schedule: dict[str, Any]) -> bool:
    return home_resident({"resourceType": "AppointmentResponse", "actor": schedule.get("actor")}) is not None
