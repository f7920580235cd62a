"""The header of an object (PS3.3): whose it claims to be, what it is, what the machine measured.

Bytes come from anybody. What cannot be read is None, and is kept to be looked at by hand.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Final

import pydicom
from pydicom.uid import UID

from doorstep.kernel.clock import HOME, instant
from doorstep.workflows.picture import Made

MODALITIES: Final = ("ECG", "DX", "CR", "CT")
_log = logging.getLogger(__name__)

_RR: Final = "5.10.2.1-3"
_MEASURES: Final[Mapping[str, str]] = {
    "5.13.5-7": "8625-6", "5.13.5-9": "8633-0", "5.13.5-11": "8634-8", "5.10.2.5-5": "8636-3",
}  # fmt: skip
"""SCP-ECG code of a machine's measurement in milliseconds (PS3.16 CID 3687 family) -> LOINC."""
_MOST_STATEMENTS: Final = 8


def read(data: bytes, *, device: str = "") -> Made | None:
    """What the header of an object says; None when it is none, or none of a kind that is read here."""
    try:
        with pydicom.config.disable_value_validation():
            found = pydicom.dcmread(BytesIO(data), stop_before_pixels=True)
            return _made(found, device)
    except Exception as fault:  # noqa: BLE001 - foreign bytes fail in any way; they are kept, and a person looks
        _log.warning("an object could not be read: %s", type(fault).__name__)
        return None


def _made(found: pydicom.Dataset, device: str) -> Made | None:
    modality = _text(found, "Modality")
    uids = [_text(found, name) for name in ("SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID")]
    if modality not in MODALITIES or not all(uid and UID(uid).is_valid for uid in uids):
        return None
    return Made(
        object=uids[0], object_class=uids[1], study=uids[2], series=uids[3],
        number=int(found.get("InstanceNumber") or 0), modality=modality, accession=_text(found, "AccessionNumber"),
        person_number=_text(found, "PatientID"), person_name=name_of(found.get("PatientName")),
        born=_day(_text(found, "PatientBirthDate")), sex=_text(found, "PatientSex"), recorded=_moment(found),
        device=device, measured=_measured(found), statements=_statements(found),
    )  # fmt: skip


def name_of(name: Any) -> str:
    """A person's name as it is written here: the ideographic part when there is one, without separators."""
    if not name:
        return ""
    parts = str(name).split("=")
    chosen = parts[1] if len(parts) > 1 and parts[1].strip("^ ") else parts[0]
    return chosen.replace("^", "").strip()[:80]


def _text(found: pydicom.Dataset, name: str) -> str:
    return str(found.get(name) or "").strip().replace("\x00", "")[:120]


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) == 8 and text.isdigit() else ""


def _moment(found: pydicom.Dataset) -> str:
    """When it was recorded, as the machine's clock has it; "" when it does not say."""
    whole = _text(found, "AcquisitionDateTime")
    for name in ("Acquisition", "Content", "Study"):
        whole = whole or _text(found, f"{name}Date") + _text(found, f"{name}Time")
    try:
        at = datetime.strptime(whole[:14], "%Y%m%d%H%M%S").replace(tzinfo=HOME)
    except ValueError:
        return ""
    return instant(int(at.timestamp() * 1_000_000))


def _measured(found: pydicom.Dataset) -> dict[str, Decimal]:
    """The machine's measurements of the whole trace: LOINC code -> number."""
    told: dict[str, Decimal] = {}
    for each in found.get("WaveformAnnotationSequence") or ():
        names, value = each.get("ConceptNameCodeSequence"), each.get("NumericValue")
        if not names or value is None:
            continue
        code, number = str(names[0].get("CodeValue", "")), _number(value)
        if number is None or number <= 0:
            continue
        if code == _RR:
            told.setdefault("8867-4", (Decimal(60_000) / number).quantize(Decimal(1)))
        elif code in _MEASURES:
            told.setdefault(_MEASURES[code], number)
    return told


def _statements(found: pydicom.Dataset) -> tuple[str, ...]:
    texts = [_text(each, "UnformattedTextValue") for each in found.get("WaveformAnnotationSequence") or ()]
    return tuple(text for text in texts if text)[:_MOST_STATEMENTS]


def _number(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
