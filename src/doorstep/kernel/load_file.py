"""A file that is loaded: what kind it is, its lines in chunks, and what names its content."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from doorstep.kernel.errors import Malformed

CHUNK: Final = 2_000
"""Lines that are prepared at once and committed together. With 500, pages were written twice as often."""

_OPENERS: Final[dict[str, Callable[..., Any]]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines with their numbers, counted from 1; ``read`` is how many bytes of the file lie behind them."""

    lines: list[tuple[int, bytes]]
    read: int


def is_ndjson(file: Path) -> bool:
    """By its name: .ndjson or .jsonl, else .json; other names are refused."""
    name = file.name.removesuffix(file.suffix) if file.suffix in _OPENERS else file.name
    if name.endswith((".ndjson", ".jsonl")):
        return True
    if name.endswith(".json"):
        return False
    raise Malformed("load.unknown-kind", file=file.name)


def whole(file: Path) -> bytes:
    """All of it, unpacked."""
    with file.open("rb") as packed, _unpacked(file, packed) as stream:
        return stream.read()


def chunks(file: Path, wanted: Callable[[int], bool]) -> Iterator[Chunk]:
    """The lines that are wanted by number and not blank."""
    lines: list[tuple[int, bytes]] = []
    with file.open("rb") as packed, _unpacked(file, packed) as stream:
        for number, line in enumerate(stream, 1):
            if not wanted(number) or not line.strip():
                continue
            lines.append((number, line))
            if len(lines) == CHUNK:
                yield Chunk(lines, packed.tell())
                lines = []
    if lines:
        yield Chunk(lines, file.stat().st_size)


def fingerprint(file: Path) -> str:
    """The same for a copy under another name, another for a file that was changed."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def _unpacked(file: Path, packed: IO[bytes]) -> Iterator[IO[bytes]]:
    """The content; a packed file that is cut or altered is refused when that shows."""
    opener = _OPENERS.get(file.suffix)
    try:
        if opener is None:
            yield packed
        else:
            with opener(packed, "rb") as stream:
                yield stream
    except _DAMAGED as error:
        raise Malformed("load.damaged", file=file.name, reason=str(error)) from error
    except OSError as error:
        if error.errno is None:  # bz2's way to say that the data are none
            raise Malformed("load.damaged", file=file.name, reason=str(error)) from error
        raise
