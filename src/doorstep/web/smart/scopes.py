"""Scopes: what an app may be given at most, and what they mean in words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from doorstep.kernel.definitions import definitions
from doorstep.kernel.errors import Invalid
from doorstep.terms.smart import NAMED_SCOPES
from doorstep.web.refusals import words

_FORM: Final = re.compile(r"(patient|user|system)/(\*|[A-Za-z]+)\.(?:(c?r?u?d?s?)|(read|write|\*))")
_FIRST: Final = {"read": "rs", "write": "cud", "*": "cruds"}
_ORDER: Final = "cruds"

_NAMED: Final = {
    "openid": "smart.scope-openid", "fhirUser": "smart.scope-user", "profile": "smart.scope-profile",
    "launch": "smart.scope-launch", "launch/patient": "smart.scope-launch-patient",
    "launch/encounter": "smart.scope-launch-encounter", "offline_access": "smart.scope-offline",
    "online_access": "smart.scope-online",
}  # fmt: skip
_CONTEXTS: Final = {"patient": "smart.of-patient", "user": "smart.of-user", "system": "smart.of-system"}
_ACTS: Final = (("rs", "smart.act-read"), ("c", "smart.act-add"), ("u", "smart.act-change"), ("d", "smart.act-delete"))
_TYPES: Final = {
    "*": "smart.type-all", "Patient": "smart.type-patient", "Observation": "smart.type-observation",
    "Condition": "smart.type-condition", "MedicationRequest": "smart.type-medication-request",
    "MedicationStatement": "smart.type-medication-statement", "AllergyIntolerance": "smart.type-allergy",
    "Encounter": "smart.type-encounter", "DiagnosticReport": "smart.type-report", "Procedure": "smart.type-procedure",
    "Immunization": "smart.type-immunization", "DocumentReference": "smart.type-document",
    "CarePlan": "smart.type-plan", "CareTeam": "smart.type-team", "ServiceRequest": "smart.type-request",
    "Appointment": "smart.type-appointment", "Task": "smart.type-task", "Practitioner": "smart.type-practitioner",
    "PractitionerRole": "smart.type-posting", "Organization": "smart.type-organization",
    "Location": "smart.type-location", "QuestionnaireResponse": "smart.type-answers",
    "ImagingStudy": "smart.type-images", "Coverage": "smart.type-coverage", "Consent": "smart.type-consent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope on resources: patient/Observation.rs."""

    context: str
    type: str
    letters: str

    @property
    def text(self) -> str:
        return f"{self.context}/{self.type}.{self.letters}"


@dataclass(frozen=True, slots=True)
class Line:
    """A scope with what it means."""

    scope: str
    text: str


def read(text: str) -> Scope | None:
    """A scope on resources understood, also in the form of the standard's first version; None for any other text."""
    found = _FORM.fullmatch(text)
    if not found or not (found[3] or found[4]) or not (found[2] == "*" or found[2] in definitions().number):
        return None
    return Scope(found[1], found[2], found[3] or _FIRST[found[4]])


def check(text: str) -> None:
    """Refuse a scope that is not offered, with the reason."""
    if "?" in text:
        raise Invalid("smart.granular-scope", element="scope", scope=text[:200])
    if text not in NAMED_SCOPES and read(text) is None:
        raise Invalid("smart.unknown-scope", element="scope", scope=text[:200])


def within(asked: Iterable[str], ceiling: str) -> list[str]:
    """What of the scopes asked for lies within a ceiling. A wider scope is cut down to what is allowed of it."""
    allowed = ceiling.split()
    limits = [scope for scope in map(read, allowed) if scope is not None]
    given: list[str] = []
    for text in dict.fromkeys(asked):
        check(text)
        wanted = read(text)
        if wanted is None:
            given += [text] if text in allowed else []
        else:
            given += _cut(text, wanted, limits)
    return list(dict.fromkeys(given))


def _cut(text: str, wanted: Scope, limits: list[Scope]) -> list[str]:
    found: dict[str, set[str]] = {}
    for limit in limits:
        if limit.context == wanted.context and (wanted.type == limit.type or "*" in (wanted.type, limit.type)):
            type_name = wanted.type if limit.type == "*" else limit.type
            found.setdefault(type_name, set()).update(set(wanted.letters) & set(limit.letters))
    if found.get(wanted.type) == set(wanted.letters):
        return [text]
    return [
        f"{wanted.context}/{type_name}.{''.join(letter for letter in _ORDER if letter in letters)}"
        for type_name, letters in found.items() if letters
    ]  # fmt: skip


def needs_patient(scopes: Iterable[str]) -> bool:
    """Whether a resident has to be chosen for these scopes."""
    return any(text == "launch/patient" or text.startswith("patient/") for text in scopes)


def lines(scopes: Iterable[str], language: str | None) -> list[Line]:
    """Each scope in words."""
    return [Line(text, sentence(text, language)) for text in scopes]


def sentence(text: str, language: str | None) -> str:
    """What a scope allows, as people say it."""
    if text in _NAMED:
        return words(_NAMED[text], language)
    scope = read(text)
    if scope is None:
        return text
    acts = [words(key, language) for letters, key in _ACTS if set(letters) & set(scope.letters)]
    what = words(_TYPES[scope.type], language) if scope.type in _TYPES else scope.type
    return words(
        "smart.scope-line", language, whose=words(_CONTEXTS[scope.context], language), what=what,
        acts=words("smart.and", language).join(acts),
    )  # fmt: skip
