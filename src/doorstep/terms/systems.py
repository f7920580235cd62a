"""The names of identifier and code systems. One spelling for each, so that a search finds what a form wrote.

The ``urn:oid`` forms are the object identifiers of China's health informatics standards (2.16.156.10011.1 for
identifiers); the rest are our own, below one base.
"""

from __future__ import annotations

from typing import Final

BASE: Final = "https://doorstep.example"

IDENTITY_NUMBER: Final = "urn:oid:2.16.156.10011.1.3"
"""Resident identity card (GB 11643)."""
HEALTH_RECORD: Final = "urn:oid:2.16.156.10011.1.2"
"""Number of the resident's health record."""
STAFF_NUMBER: Final = "urn:oid:2.16.156.10011.1.4"
VISIT_NUMBER: Final = "urn:oid:2.16.156.10011.1.11"
"""Outpatient and emergency visit."""
ORDER_NUMBER: Final = "urn:oid:2.16.156.10011.1.24"
CREDIT_CODE: Final = f"{BASE}/sid/credit-code"
"""Unified social credit code (GB 32100)."""
LICENCE: Final = f"{BASE}/sid/institution-licence"
"""Registration number on an institution's practising licence."""
INSTITUTION_CODE: Final = f"{BASE}/sid/institution-code"
"""Health institution code (WS 218)."""
AGREEMENT_NUMBER: Final = f"{BASE}/sid/agreement"
PRACTICE_LICENCE: Final = f"{BASE}/sid/practice-licence"
"""Number on a person's practising certificate."""
TICKET: Final = f"{BASE}/sid/ticket"
"""The short number that people say on the telephone: order, referral."""

LOINC: Final = "http://loinc.org"
ICD10: Final = "http://hl7.org/fhir/sid/icd-10"
ATC: Final = "urn:oid:2.16.840.1.113883.6.73"
UCUM: Final = "http://unitsofmeasure.org"
SNOMED: Final = "http://snomed.info/sct"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ACT_REASON: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
OBSERVATION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
CONDITION_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
CONDITION_VERIFIED: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CONDITION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"

ORGANIZATION_KIND: Final = f"{BASE}/cs/organization-kind"
INSTITUTION_CLASS: Final = f"{BASE}/cs/institution-class"
HOSPITAL_LEVEL: Final = f"{BASE}/cs/hospital-level"
OWNERSHIP: Final = f"{BASE}/cs/ownership"
PRACTICE_SCOPE: Final = f"{BASE}/cs/practice-scope"
TITLE_LEVEL: Final = f"{BASE}/cs/title-level"
AFFILIATION: Final = f"{BASE}/cs/affiliation"
AGREEMENT: Final = f"{BASE}/cs/agreement"
DIRECTORY_END: Final = f"{BASE}/cs/directory-end"
PLACE_KIND: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"
BED_STATUS: Final = "http://terminology.hl7.org/CodeSystem/v2-0116"
IDENTITY_DOCUMENT: Final = f"{BASE}/cs/identity-document"
"""Kinds of identity document (CV02.01.101)."""
DISTRICT: Final = f"{BASE}/cs/district"
"""Administrative division codes (GB/T 2260)."""
STAFF_ROLE: Final = f"{BASE}/cs/staff-role"
STAFF_TITLE: Final = f"{BASE}/cs/staff-title"
SPECIALTY: Final = f"{BASE}/cs/specialty"
WORKFLOW: Final = f"{BASE}/cs/workflow"
"""Task.code: which state table governs the Task."""
ACCESSION: Final = f"{BASE}/sid/accession"
"""The number that ties a request to what a modality makes for it (DICOM Accession Number)."""
TITLE: Final = f"{BASE}/sid/ae-title"
"""What a modality calls itself on the network (DICOM AE Title)."""
SHA256: Final = f"{BASE}/sid/sha256"
DICOM_UID: Final = "urn:dicom:uid"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
FINDING: Final = f"{BASE}/cs/study-finding"
TEST: Final = f"{BASE}/cs/laboratory-test"
REASON: Final = f"{BASE}/cs/reason"
ITEM: Final = f"{BASE}/cs/form-item"
"""Labels of Task.input and Task.output: the boxes of a form."""


def state_system(workflow: str) -> str:
    """The code system of Task.businessStatus for one workflow."""
    return f"{BASE}/cs/{workflow}-state"


def act_system(workflow: str) -> str:
    """The code system of Provenance.activity for one workflow."""
    return f"{BASE}/cs/{workflow}-act"
