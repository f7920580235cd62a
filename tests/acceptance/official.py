"""The official R4 example instances of the types that Doorstep serves, as the package writes them.

Types whose files in the package are the standard's own definitions (some 4,500) are asked about by an even sample;
whether they come back exact is looked at for all.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from build_tools.package import find_package, read_lock

LOCK = Path(__file__).parents[2] / "definitions.lock"
LARGEST = 1_000_000
"""Bytes; the few larger files are Bundles of definitions, which are there one by one as well."""
SAMPLE, SAMPLE_LARGEST = 24, 40_000
"""How many files of each type of definitions are asked about, and up to how many bytes."""

TYPES = frozenset("""
    Patient RelatedPerson Person Practitioner PractitionerRole Organization OrganizationAffiliation Location
    HealthcareService Endpoint Schedule Slot Appointment AppointmentResponse Encounter EpisodeOfCare Flag Condition
    Observation DiagnosticReport ServiceRequest Task Specimen ImagingStudy Media Procedure MedicationRequest
    MedicationDispense MedicationAdministration MedicationStatement Medication AllergyIntolerance Immunization
    FamilyMemberHistory CarePlan CareTeam Goal Consent Communication CommunicationRequest Questionnaire
    QuestionnaireResponse PlanDefinition ActivityDefinition DocumentReference Composition Binary List Group Device
    DeviceUseStatement SupplyRequest SupplyDelivery ChargeItem ChargeItemDefinition Account Invoice Coverage Claim
    ClaimResponse Contract Measure MeasureReport AuditEvent Provenance Subscription OperationOutcome Parameters Bundle
    MessageHeader Basic CodeSystem ValueSet ConceptMap StructureDefinition SearchParameter CapabilityStatement
    NamingSystem
""".split())  # fmt: skip
_SPACE = re.compile(rb'("(?:[^"\\]|\\.)*")|\s+')
DEFINITIONS = frozenset(("CodeSystem", "ValueSet", "ConceptMap", "StructureDefinition", "SearchParameter"))


@cache
def examples() -> dict[str, bytes]:
    """File name -> text, of every instance of our types up to LARGEST, with an id; the first of several with one id."""
    found: dict[str, bytes] = {}
    taken: set[tuple[str, str]] = set()
    for name, text in sorted(_files()):
        content = json.loads(text)
        if not isinstance(content, dict):
            continue
        key = (content.get("resourceType", ""), content.get("id", ""))
        if key[0] in TYPES and key[1] and key not in taken:
            taken.add(key)
            found[name] = text
    return found


@cache
def asked_about() -> dict[str, bytes]:
    """The instances whose every parameter is searched: all but definitions, and of those an even sample."""
    found, definitions = {}, dict[str, list[str]]()
    for name, text in examples().items():
        type_name = name.partition("-")[0]
        if type_name not in DEFINITIONS:
            found[name] = text
        elif len(text) <= SAMPLE_LARGEST:
            definitions.setdefault(type_name, []).append(name)
    for names in definitions.values():
        for name in names[:: max(1, len(names) // SAMPLE)]:
            found[name] = examples()[name]
    return found


def line(text: bytes) -> bytes:
    """The text in one line: only white space outside strings goes."""
    return _SPACE.sub(rb"\1", text)


@cache
def registry() -> list[dict[str, Any]]:
    """The standard's own list of search parameters."""
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        file = package.extractfile("package/Bundle-searchParams.json")
        assert file is not None
        return [entry["resource"] for entry in json.load(file)["entry"]]


def _files() -> Iterator[tuple[str, bytes]]:
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        for member in package:
            name = member.name.rpartition("/")[2]
            file = package.extractfile(member) if name.endswith(".json") and member.size <= LARGEST else None
            if file is not None and name.partition("-")[0] in TYPES:
                yield name, file.read()
