"""Given a real 12-lead ECG, when it is read and drawn, then a millivolt is ten millimetres and a second twenty-five."""

from __future__ import annotations

import re
import struct
from io import BytesIO

import pydicom
import pytest
from pydicom.waveforms import multiplex_array

from doorstep.demo.reading import file
from doorstep.gateways.dicom import header
from doorstep.gateways.ecg import drawing, waveform
from doorstep.gateways.ecg.drawing import Scale
from doorstep.kernel.errors import Invalid

REAL = file("waveform_ecg.dcm")


def changed(**of_channels: object) -> bytes:
    """The file with other members of each channel of its rhythm."""
    found = pydicom.dcmread(BytesIO(REAL))
    for channel in found.WaveformSequence[0].ChannelDefinitionSequence:
        for name, value in of_channels.items():
            setattr(channel, name, value)
    out = BytesIO()
    found.save_as(out)
    return out.getvalue()


def test_samples_are_the_rhythm_in_millivolts_though_the_gain_is_not_one() -> None:
    trace = waveform.read(REAL)
    assert tuple(trace.leads) == waveform.STANDARD
    assert (trace.rate, trace.seconds, len(trace.leads["V5"])) == (1000, 10, 10000)
    found = pydicom.dcmread(BytesIO(REAL))
    group = found.WaveformSequence[0]
    raw = struct.unpack(f"<{12 * 10000}h", group.WaveformData)[10::12]  # V5, by hand: 1.25 microvolt a step
    assert [round(float(value), 6) for value in trace.leads["V5"][:500]] == [round(each * 1.25 / 1000, 6) for each in raw[:500]]
    assert trace.leads["II"] * 1000 == pytest.approx(multiplex_array(found, 0, as_raw=False)[:, 1])
    assert 1.8 < trace.leads["V5"].max() < 2.1


@pytest.mark.parametrize(("said", "times", "more"), [
    ({"ChannelSensitivityCorrectionFactor": "2"}, 2, 0.0),
    ({"ChannelBaseline": "100"}, 1, 0.1),
    ({"ChannelSensitivity": "2.5"}, 2, 0.0),
])
def test_sensitivity_correction_and_baseline_count(said: dict[str, object], times: float, more: float) -> None:
    usual, other = waveform.read(REAL), waveform.read(changed(**said))
    assert other.leads["II"] == pytest.approx(usual.leads["II"] * times + more)


def test_what_is_no_trace_is_refused_by_name() -> None:
    for data in (b"", file("CT_small.dcm"), REAL[:5000]):
        with pytest.raises(Invalid, match="study.cannot-show"):
            waveform.read(data)


def test_the_machines_measurements_are_read_with_their_meaning() -> None:
    made = header.read(REAL)
    assert made is not None
    assert {code: str(value) for code, value in made.measured.items()} == {
        "8867-4": "61", "8625-6": "161", "8633-0": "75", "8634-8": "368", "8636-3": "370"}
    assert made.statements == ("RITMO SINUSALE", "ECG NORMALE")


@pytest.mark.parametrize("layout", drawing.LAYOUTS)
@pytest.mark.parametrize(("speed", "gain"), [(25, 10), (50, 20), (25, 5)])
def test_the_drawing_is_to_scale(layout: str, speed: int, gain: int) -> None:
    sheet = drawing.draw(waveform.read(REAL), Scale(speed, gain, layout))
    assert f'width="{sheet.width}mm" height="{sheet.height}mm" viewBox="0 0 {sheet.width * 100} {sheet.height * 100}"' in sheet.svg
    rise = re.search(r'class="pulse" d="M200 0h100v-(\d+)h500v\d+h100"', sheet.svg)
    assert rise is not None
    assert int(rise[1]) == gain * 100
    major = re.search(r'class="major" d="([^"]+)"', sheet.svg)
    assert major is not None
    assert [int(x) for x in re.findall(r"M(\d+) 0v", major[1])] == [x * 500 for x in range(sheet.width // 5 + 1)]
    rows = len(re.findall(r'class="pulse"', sheet.svg))
    assert rows == {"3x4": 4, "6x2": 6, "12x1": 12}[layout]
    assert len(sheet.svg) < 300_000


def test_the_line_is_as_high_and_as_long_as_the_signal() -> None:
    trace = waveform.read(REAL)
    svg = drawing.draw(trace, Scale(layout="12x1")).svg
    lines = re.findall(r'<path d="M(-?\d+) (-?\d+)l([^"]+)" fill', svg)
    assert len(lines) == 12
    left, top, moves = lines[waveform.STANDARD.index("V5")]
    numbers = [int(each) for each in re.findall(r"-?\d+", moves)]
    across, down = numbers[0::2], numbers[1::2]
    assert sum(across) / 100 == pytest.approx(250, abs=0.2)  # ten seconds
    heights, now = [int(top)], int(top)
    for step in down:
        now += step
        heights.append(now)
    assert -min(heights) / 1000 == pytest.approx(trace.leads["V5"].max(), abs=0.02)
    assert int(left) == 1000
