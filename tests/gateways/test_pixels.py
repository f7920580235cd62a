"""Given real pictures, when they are shown, then bits, rescale, window and MONOCHROME1 are as pydicom's reference has them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels import apply_modality_lut, apply_voi_lut

from doorstep.demo.reading import file
from doorstep.gateways.dicom import pixels
from doorstep.kernel.errors import Invalid


@pytest.mark.parametrize(("name", "center", "width"), [
    ("CT_small.dcm", 40.0, 350.0), ("CT_small.dcm", -600.0, 1500.0), ("693_J2KI.dcm", 40.0, 80.0),
    ("J2K_pixelrep_mismatch.dcm", 40.0, 350.0), ("RG3_J2KI.dcm", 550.0, 1000.0),
])  # fmt: skip
def test_the_window_is_the_one_of_the_standard(name: str, center: float, width: float) -> None:
    found = pydicom.dcmread(BytesIO(file(name)))
    found.WindowCenter, found.WindowWidth = center, width
    real = apply_modality_lut(found.pixel_array, found)
    shown = pixels.read(file(name))
    assert np.array_equal(shown.values, real.astype(np.float32))
    theirs = apply_voi_lut(real.astype(np.float64), found)
    low, high = (found.pixel_array.min(), 0)[1], 2 ** int(found.BitsStored) - 1
    if int(found.PixelRepresentation):
        low, high = -(2 ** (int(found.BitsStored) - 1)), 2 ** (int(found.BitsStored) - 1) - 1
    if "RescaleSlope" in found:
        low, high = (each * float(found.RescaleSlope) + float(found.RescaleIntercept) for each in (low, high))
    expected = np.clip((theirs - low) / (high - low), 0, 1) * 255
    if found.PhotometricInterpretation == "MONOCHROME1":
        expected = 255 - expected
    ours = pixels.gray(shown, center=center, width=width).astype(float)
    assert np.abs(ours - expected).max() <= 1


def test_an_inverted_film_is_dark_where_the_other_is_light() -> None:
    film = pixels.read(file("RG1_J2KI.dcm"))
    assert film.inverted
    usual = pixels.gray(film, center=film.center, width=film.width).astype(int)
    other = pixels.gray(film, center=film.center, width=film.width, invert=True).astype(int)
    assert np.array_equal(usual, 255 - other)
    chest, air = usual[900:1100, 880:960].mean(), usual[1000:1100, 450:550].mean()
    assert chest > air, "the spine is lighter than the lung"


def test_a_slow_link_gets_a_small_one_first() -> None:
    film = pixels.read(file("RG1_J2KI.dcm"))
    sizes = []
    for size in (256, 1024):
        body = pixels.jpeg(film, center=film.center, width=film.width, invert=False, size=size)
        with Image.open(BytesIO(body)) as image:
            assert max(image.size) == size
        sizes.append(len(body))
    assert sizes[0] < 12_000
    assert sizes[0] * 4 < sizes[1] < 300_000


def test_what_cannot_be_shown_is_refused_by_name() -> None:
    ct = file("CT_small.dcm")
    huge = pydicom.dcmread(BytesIO(ct))
    huge.Rows = huge.Columns = 60_000
    out = BytesIO()
    huge.save_as(out)
    for data in (b"", ct[:3000], out.getvalue(), file("waveform_ecg.dcm")):
        with pytest.raises(Invalid, match="study.cannot-show"):
            pixels.read(data)


def test_the_cache_keeps_the_last_few() -> None:
    cache, picture = pixels.Cache(), pixels.read(file("CT_small.dcm"))
    for number in range(8):
        cache.put((str(number), 0), picture)
    assert cache.get(("7", 0)) is picture
    assert cache.get(("0", 0)) is None
