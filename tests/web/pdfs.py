"""Lines of a PDF in millimetres of paper: enough of the operators (ISO 32000-1, 8.5) to measure what a browser prints."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

Matrix = tuple[float, float, float, float, float, float]
Line = tuple[float, float, float, float]
_TOKEN = re.compile(rb"-?\d*\.?\d+(?=[\s\]])|/?[A-Za-z*']+")
_MM = 25.4 / 72


def lines(pdf: bytes) -> list[Line]:
    """Every straight stroke of every page: x and y of both ends."""
    found: list[Line] = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            text = zlib.decompress(match[1])
        except zlib.error:
            continue
        if b" cm" in text:
            found += _of(text)
    return found


def _of(text: bytes) -> Iterator[Line]:
    now: Matrix = (1, 0, 0, 1, 0, 0)
    kept: list[Matrix] = []
    numbers: list[float] = []
    at = (0.0, 0.0)
    for token in _TOKEN.findall(text):
        if token[:1] in b"-.0123456789":
            numbers.append(float(token))
            continue
        if token == b"q":
            kept.append(now)
        elif token == b"Q" and kept:
            now = kept.pop()
        elif token == b"cm" and len(numbers) >= 6:
            now = _times(tuple(numbers[-6:]), now)  # type: ignore[arg-type]
        elif token in (b"m", b"l") and len(numbers) >= 2:
            point = _through(now, numbers[-2], numbers[-1])
            if token == b"l":
                yield (*at, *point)
            at = point
        numbers = []


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
            a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5])


def _through(m: Matrix, x: float, y: float) -> tuple[float, float]:
    return (x * m[0] + y * m[2] + m[4]) * _MM, (x * m[1] + y * m[3] + m[5]) * _MM
