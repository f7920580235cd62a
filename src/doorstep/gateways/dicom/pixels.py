"""Pixels as a picture (PS3.3 C.7.6.3, C.11.1, C.11.2): stored bits, rescale, window, MONOCHROME1, in this order."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from threading import Lock
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pydicom
from PIL import Image

from doorstep.kernel.errors import Invalid

SIZES: Final = (256, 768, 1024, 1600, 2048)
"""Longest sides that are rendered; the first is the preview of a slow link."""
_MOST_PIXELS: Final = 64_000_000
_KEPT: Final = 6
_QUALITY: Final = {256: 70}


@dataclass(frozen=True, slots=True)
class Picture:
    """One frame in real units, and the window that the file asks for. ``first`` is what is dark: MONOCHROME1 or 2."""

    values: npt.NDArray[np.float32]
    center: float
    width: float
    inverted: bool
    lossy: bool
    frames: int
    spacing: float
    """Millimetres a pixel; 0 when the file does not say."""
    hounsfield: bool

    @property
    def rows(self) -> int:
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        return int(self.values.shape[1])


def read(data: bytes, *, frame: int = 0) -> Picture:
    """One frame of a file. Invalid when it cannot be shown."""
    try:
        found = pydicom.dcmread(BytesIO(data))
        frames = int(found.get("NumberOfFrames") or 1)
        if int(found.Rows) * int(found.Columns) * frames > _MOST_PIXELS or int(found.SamplesPerPixel) != 1:
            raise ValueError("size")
        stored = found.pixel_array
        if frames > 1:
            stored = stored[min(max(frame, 0), frames - 1)]
        values = stored.astype(np.float32) * _number(found, "RescaleSlope", 1) + _number(found, "RescaleIntercept", 0)
    except Exception as fault:  # noqa: BLE001 - foreign bytes fail in any way; the page says so and offers the original
        raise Invalid("study.cannot-show", element="picture", why=type(fault).__name__) from fault
    center, width = _window(found, values)
    spacing = found.get("PixelSpacing") or found.get("ImagerPixelSpacing")
    return Picture(
        values, center, width, str(found.PhotometricInterpretation) == "MONOCHROME1",
        str(found.get("LossyImageCompression", "00")) == "01", frames, float(spacing[0]) if spacing else 0.0,
        str(found.get("Modality", "")) == "CT",
    )  # fmt: skip


def gray(picture: Picture, *, center: float, width: float, invert: bool = False) -> npt.NDArray[np.uint8]:
    """Eight bits by the linear window function (PS3.3 C.11.2.1.2.1); dark is 0 whatever the file's sense."""
    if width > 1:
        scaled = (picture.values - (center - 0.5)) / (width - 1) + 0.5
    else:
        scaled = (picture.values > center - 0.5).astype(np.float32)
    shown = np.rint(np.clip(scaled, 0, 1) * 255).astype(np.uint8)
    return 255 - shown if picture.inverted != invert else shown


def jpeg(picture: Picture, *, center: float, width: float, invert: bool, size: int) -> bytes:
    """As a picture of at most ``size`` pixels a side."""
    image = Image.fromarray(gray(picture, center=center, width=width, invert=invert))
    image.thumbnail((size, size), Image.Resampling.BOX, reducing_gap=None)
    out = BytesIO()
    image.save(out, "JPEG", quality=_QUALITY.get(size, 90))
    return out.getvalue()


class Cache:
    """The pictures that were read last, by digest: a window is moved many times over one picture."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, int], Picture] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, int]) -> Picture | None:
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: tuple[str, int], picture: Picture) -> None:
        with self._lock:
            self._known[key] = picture
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def _window(found: pydicom.Dataset, values: npt.NDArray[np.float32]) -> tuple[float, float]:
    """What the file asks for first, else all there is."""
    center, width = _first(found.get("WindowCenter")), _first(found.get("WindowWidth"))
    if center is None or width is None or width < 1:
        low, high = float(values.min()), float(values.max())
        return (low + high + 1) / 2, max(high - low + 1, 2)
    return center, width


def _first(value: Any) -> float | None:
    if value is None or value == "":
        return None
    several = getattr(value, "__iter__", None) is not None and not isinstance(value, str)
    return float(next(iter(value))) if several else float(value)


def _number(found: pydicom.Dataset, name: str, otherwise: float) -> float:
    value = found.get(name)
    return otherwise if value is None or value == "" else float(value)
