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


SENSITIVITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

CATEGORIES = frozenset((
    "ADOL", "BH", "CEL", "COGN", "DVD", "EMOTDIS", "EMP", "ETH", "ETHUD", "GDIS", "HIV", "MH", "MST", "OPIOIDUD", "PRS",
    "PSY", "PSYTHPN", "SCA", "SDV", "SEX", "SICKLE", "SPI", "STD", "SUD", "TBOO", "VIO",
))  # fmt: skip
"""v3 ActCode, InformationSensitivityPolicy: the codes that make a resource restricted (PRS: the resident wished it)."""


def sensitivity(resource: dict[str, Any]) -> int:
    """0 directory, 1 a person's identity, 2 the record, 3 restricted (see ``label``).

    A Schedule of a resident's own belongs to the record.
    """
    if label(resource):
        return RESTRICTED
    type_name = resource.get("resourceType")
    if type_name in DIRECTORY:
        return RECORD if type_name == "Schedule" and _names_resident(resource) else OPEN
    return IDENTITY if type_name in PEOPLE else RECORD


def label(resource: dict[str, Any]) -> str:
    """The restricted category that meta.security names: a sensitivity code, "R" when only a confidentiality of R or V
    is given, several joined with "+"; "" for what is not restricted."""
    meta = resource.get("meta")
    given = meta.get("security") if meta.__class__ is dict else None
    if given.__class__ is not list:
        return ""
    codings = [(each.get("system"), each.get("code")) for each in given if each.__class__ is dict]
    named = sorted({code for system, code in codings if system == SENSITIVITY and code in CATEGORIES})
    if named:
        return "+".join(named)
    return "R" if any(system == CONFIDENTIALITY and code in ("R", "V") for system, code in codings) else ""


def _names_resident(schedule: dict[str, Any]) -> bool:
    return home_resident({"resourceType": "AppointmentResponse", "actor": schedule.get("actor")}) is not None
