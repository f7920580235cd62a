"""A DICOM 12-lead waveform (PS3.3 A.34.3, C.10.9) as millivolts.

A sample is worth its number times the channel's sensitivity and correction, plus the baseline, in the channel's unit:
a file whose gain is not 1 is drawn with the right height. The rhythm is read, not the median beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.waveforms.numpy_handler import multiplex_array

from doorstep.kernel.errors import Invalid

STANDARD: Final = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
_PER_MILLIVOLT: Final = {"uV": 0.001, "µV": 0.001, "mV": 1.0, "V": 1000.0}
_LONGEST: Final = 60
"""Seconds that one page shows; a longer recording is no resting ECG."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Leads by their usual names, in millivolts; samples a second; the filters that the file names."""

    leads: dict[str, npt.NDArray[np.float64]]
    rate: float
    low: str
    high: str

    @property
    def seconds(self) -> float:
        return max((len(samples) for samples in self.leads.values()), default=0) / self.rate


def read(data: bytes) -> Trace:
    """The rhythm of a file. Invalid when it holds none."""
    try:
        found = pydicom.dcmread(BytesIO(data))
        index, group = _rhythm(found)
        values = multiplex_array(found, index, as_raw=False)
        channels = list(group.ChannelDefinitionSequence)
        rate = float(group.SamplingFrequency)
        if not 50 <= rate <= 40_000 or len(values) > _LONGEST * rate:
            raise ValueError("rate")
        leads = {_name(channel): np.asarray(values[:, place], dtype=np.float64) * _scale(channel)
                 for place, channel in enumerate(channels)}  # fmt: skip
    except Invalid:
        raise
    except Exception as fault:  # noqa: BLE001 - foreign bytes fail in any way; the page says so and offers the original
        raise Invalid("study.cannot-show", element="trace", why=type(fault).__name__) from fault
    first = channels[0]
    return Trace(leads, rate, _text(first.get("FilterLowFrequency")), _text(first.get("FilterHighFrequency")))


def _rhythm(found: pydicom.Dataset) -> tuple[int, pydicom.Dataset]:
    """The longest group that is no averaged beat."""
    groups = list(enumerate(found.get("WaveformSequence") or ()))
    plain = [(at, each) for at, each in groups if "MEDIAN" not in str(each.get("MultiplexGroupLabel", "")).upper()]
    if not plain:
        raise Invalid("study.cannot-show", element="trace", why="WaveformSequence")
    return max(plain, key=lambda pair: int(pair[1].NumberOfWaveformSamples))


def _name(channel: pydicom.Dataset) -> str:
    meaning = str(channel.ChannelSourceSequence[0].CodeMeaning)
    short = meaning.replace("Lead", "").split("(")[0].strip()
    return next((name for name in STANDARD if name.lower() == short.lower()), short[:12])


def _scale(channel: pydicom.Dataset) -> float:
    units = channel.get("ChannelSensitivityUnitsSequence")
    unit = str(units[0].CodeValue) if units else "mV"
    if unit not in _PER_MILLIVOLT:
        raise Invalid("study.cannot-show", element="trace", why=unit[:20])
    return _PER_MILLIVOLT[unit]


def _text(value: Any) -> str:
    return f"{float(value):g}" if value is not None else ""
