"""A trace drawn to scale as SVG: one user unit is a hundredth of a millimetre, so print and screen measure alike.

25 mm/s and 10 mm/mV unless asked otherwise; grid of 1 and 5 mm, a calibration pulse of 1 mV before each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import numpy.typing as npt

from doorstep.gateways.ecg.waveform import STANDARD, Trace

SPEEDS: Final = (25, 50)
GAINS: Final = (5, 10, 20)
LAYOUTS: Final = ("3x4", "6x2", "12x1")
_UNIT: Final = 100
"""User units a millimetre."""
_PULSE: Final = 10
"""Millimetres before the trace for the calibration pulse."""
_EDGE: Final = 5
_POINTS: Final = 250
"""Points drawn a second: ten a millimetre of paper at the usual speed."""
_COLUMNS: Final = {
    "3x4": (STANDARD[0:3], STANDARD[3:6], STANDARD[6:9], STANDARD[9:12]),
    "6x2": (STANDARD[0:6], STANDARD[6:12]),
    "12x1": (STANDARD,),
}
PAPER, MINOR, MAJOR, INK = "#FFF6F5", "#F7D3D3", "#E9A0A0", "#111111"


@dataclass(frozen=True, slots=True)
class Scale:
    """Millimetres a second, millimetres a millivolt, and how the leads stand."""

    speed: int = 25
    gain: int = 10
    layout: str = "3x4"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing and its size in millimetres."""

    svg: str
    width: int
    height: int


def draw(trace: Trace, scale: Scale) -> Sheet:
    """The whole sheet."""
    columns = _COLUMNS[scale.layout]
    rows = [list(row) for row in zip(*columns, strict=True)]
    seconds = min(10.0, trace.seconds)
    row_height = 30 if scale.layout == "3x4" else 20
    height_of = row_height * max(1, scale.gain // 10)
    strips = [_strip(trace, names, seconds, scale) for names in rows]
    if scale.layout == "3x4":
        strips.append(_strip(trace, ["II"], seconds, scale))
    width = _up(2 * _EDGE + _PULSE + seconds * scale.speed)
    height = _up(2 * _EDGE + height_of * len(strips))
    body = [_grid(width, height)]
    for place, strip in enumerate(strips):
        middle = (_EDGE + height_of * place + height_of * 0.55) * _UNIT
        body.append(f'<g transform="translate({_EDGE * _UNIT} {middle:.0f})">{strip}</g>')
    filters = f"  {trace.low}-{trace.high} Hz" if trace.low and trace.high else ""
    body.append(f'<text x="{_EDGE * _UNIT}" y="{(height - 1.5) * _UNIT:.0f}" font-size="280">'
                f"{scale.speed} mm/s  {scale.gain} mm/mV{escape(filters)}</text>")  # fmt: skip
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
            f'viewBox="0 0 {width * _UNIT} {height * _UNIT}" font-family="sans-serif" fill="{INK}">')  # fmt: skip
    return Sheet(head + "".join(body) + "</svg>", width, height)


def _strip(trace: Trace, names: list[str], seconds: float, scale: Scale) -> str:
    """One row: the pulse, then each lead for its share of the time."""
    share = seconds / len(names)
    parts = [_pulse(scale.gain)]
    for place, name in enumerate(names):
        samples = trace.leads.get(name)
        left = (_PULSE + place * share * scale.speed) * _UNIT
        parts.append(f'<text x="{left + 80:.0f}" y="-{9 * _UNIT}" font-size="320">{escape(name)}</text>')
        if samples is None:
            continue
        first, last = int(place * share * trace.rate), int((place + 1) * share * trace.rate)
        parts.append(_path(samples[first:last], trace.rate, scale, left))
    return "".join(parts)


def _pulse(gain: int) -> str:
    up = gain * _UNIT
    return f'<path class="pulse" d="M200 0h100v-{up}h500v{up}h100" fill="none" stroke="{INK}" stroke-width="25"/>'


def _path(samples: npt.NDArray[np.float64], rate: float, scale: Scale, left: float) -> str:
    """A line through the samples; where several fall on one point, none of the heights is lost."""
    step = max(1, int(rate / _POINTS))
    whole = len(samples) // step * step
    if whole == 0:
        return ""
    blocks = np.nan_to_num(samples[:whole]).reshape(-1, step)
    chosen = _standing_out(blocks)
    at = np.arange(len(blocks)) * step + chosen
    x = np.rint(left + at / rate * scale.speed * _UNIT).astype(int)
    y = np.rint(-blocks[np.arange(len(blocks)), chosen] * scale.gain * _UNIT).astype(int)
    moves = "".join(f"{dx}{dy:+d} " if dy < 0 else f"{dx} {dy} "
                    for dx, dy in zip(np.diff(x).tolist(), np.diff(y).tolist(), strict=True))  # fmt: skip
    return (f'<path d="M{x[0]} {y[0]}l{moves.rstrip()}" fill="none" stroke="{INK}" stroke-width="22" '
            'stroke-linejoin="round"/>')  # fmt: skip


def _standing_out(blocks: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """Which sample of each block is drawn: a peak or a trough where there is one, else the one in the middle."""
    high, low = blocks.max(axis=1), blocks.min(axis=1)
    peak = (high >= np.roll(high, 1)) & (high >= np.roll(high, -1))
    trough = (low <= np.roll(low, 1)) & (low <= np.roll(low, -1))
    middle = np.full(len(blocks), blocks.shape[1] // 2)
    return np.where(peak, blocks.argmax(axis=1), np.where(trough, blocks.argmin(axis=1), middle))


def _grid(width: int, height: int) -> str:
    across, down = width * _UNIT, height * _UNIT
    return (f'<rect width="{across}" height="{down}" fill="{PAPER}"/>'
            f'<path class="minor" d="{_lines(width, height, 1)}" stroke="{MINOR}" stroke-width="8"/>'
            f'<path class="major" d="{_lines(width, height, 5)}" stroke="{MAJOR}" stroke-width="14"/>')  # fmt: skip


def _lines(width: int, height: int, every: int) -> str:
    upright = "".join(f"M{x * _UNIT} 0v{height * _UNIT}" for x in range(0, width + 1, every))
    return upright + "".join(f"M0 {y * _UNIT}h{width * _UNIT}" for y in range(0, height + 1, every))


def _up(millimetres: float) -> int:
    """To the next 5 mm, so that the sheet ends on a thick line."""
    return int(-(-millimetres // 5) * 5)
