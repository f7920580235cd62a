"""Made-up NDJSON: residents under ids of the sender's, every third line something about one of them without an id."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes, ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress,
}  # fmt: skip


def made(count: int) -> list[bytes]:
    """Lines of which no two are equal, with digits, characters and members that must not change."""
    return [_line(number) for number in range(1, count + 1)]


def _line(number: int) -> bytes:
    if number % 3:
        return (
            f'{{"resourceType":"Patient","id":"r{number}","name":[{{"text":"居民{number} 𠮷"}}],"active":true}}'
        ).encode()
    return (
        '{"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},'
        f'"subject":{{"reference":"Patient/r{number - 1}"}},"valueQuantity":{{"value":{number}.50,"unit":"/min"}}}}'
    ).encode()


def write(directory: Path, lines: list[bytes], suffix: str = "") -> Path:
    """The lines as a file, packed as its name says."""
    file = directory / f"lines.ndjson{suffix}"
    file.write_bytes(PACKERS[suffix](b"\n".join(lines) + b"\n"))
    return file
