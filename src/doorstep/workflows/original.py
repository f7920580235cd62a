"""The file with which an issuer answers: its bytes say what it is, and what a machine would run is refused."""

from __future__ import annotations

from typing import Final

from doorstep.kernel.errors import Invalid
from doorstep.workflows import paper

_ENDS: Final = {"image/jpeg": b"\xff\xd9", "image/png": b"IEND", "application/pdf": b"%%EOF"}
"""Without this a file was cut off on its way."""
_PROGRAMS: Final = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"<script")
"""How something begins that a machine runs."""
_RUN: Final = frozenset((
    "exe", "com", "scr", "bat", "cmd", "msi", "dll", "js", "vbs", "ps1", "sh", "jar", "apk", "hta", "lnk", "html",
    "htm", "svg",
))  # fmt: skip
"""How a file is called that a machine would run, whatever it holds."""
_WITHIN: Final = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")
"""What a document does that is more than paper."""
_LONGEST: Final = 100


def kind_of(data: bytes, name: str) -> str:
    """The content type of a file; Invalid names the box and says what is wrong with it."""
    if not data:
        raise Invalid("inquiry.file-empty", element="file")
    if data[:64].lstrip().startswith(_PROGRAMS) or _ending(name) in _RUN:
        raise Invalid("inquiry.file-program", element="file")
    kind = paper.known(data)
    if not kind:
        raise Invalid("inquiry.file-kind", element="file")
    if kind == "application/pdf" and any(each in data for each in _WITHIN):
        raise Invalid("inquiry.file-program", element="file")
    if _ENDS[kind] not in data:
        raise Invalid("inquiry.file-cut", element="file")
    return kind


def called(name: str) -> str:
    """The name of a file without where it lay, as short as a line."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(each for each in last if each.isprintable()).strip()[-_LONGEST:]


def _ending(name: str) -> str:
    return name.strip().rpartition(".")[2].lower()
