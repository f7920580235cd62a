"""ER7, the encoding with bars: HL7 v2.5.1 chapter 2, sections 2.5 (delimiters), 2.7 (escapes), 2.14.9.18 (MSH-18).

A message is decoded first and split afterwards: the second byte of a character in GB 18030 may be a bar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from doorstep.kernel.errors import BadRequest

MOST_SEGMENTS: Final = 5000
_CHARSETS: Final = {
    "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8", "UTF8": "utf-8", "UNICODE": "utf-8", "ASCII": "ascii",
    "8859/1": "latin-1", "ISO8859-1": "latin-1", "GB 18030-2000": "gb18030", "GB18030": "gb18030",
    "GB18030-2000": "gb18030", "GB 18030": "gb18030", "GBK": "gb18030", "GB2312": "gb18030", "GB 2312": "gb18030",
}  # fmt: skip
"""MSH-18 (HL7 table 0211, and how it is written in practice) -> codec. GB 18030 contains GBK and GB 2312."""
_UNNAMED: Final = ("utf-8", "gb18030")
"""What is tried when a message names no character set: GB 18030 text is hardly ever valid UTF-8."""
_ESCAPE: Final = re.compile(r"\\([A-Za-z.][^\\\r]{0,200}|[FSTREH])\\")


@dataclass(frozen=True, slots=True)
class Message:
    """A message split into segments and fields; fields are kept raw and read with ``part``."""

    segments: tuple[tuple[str, ...], ...]
    separators: str
    charset: str

    @property
    def head(self) -> tuple[str, ...]:
        return self.segments[0]

    def header(self, number: int, component: int = 1) -> str:
        """One component of MSH by the standard's numbers."""
        return self.part(self.head, number, component)

    def part(self, segment: tuple[str, ...], field: int, component: int = 1, repetition: int = 0) -> str:
        """One component of a field's repetition, its escapes undone; "" where there is none."""
        _, inner, repeat, _, sub = tuple(self.separators)
        if field >= len(segment):
            return ""
        repetitions = segment[field].split(repeat)
        if repetition >= len(repetitions):
            return ""
        components = repetitions[repetition].split(inner)
        if component > len(components):
            return ""
        return self._plain(components[component - 1].split(sub)[0]).strip()

    def repetitions(self, segment: tuple[str, ...], field: int) -> int:
        """How often a field repeats."""
        return len(segment[field].split(self.separators[2])) if field < len(segment) and segment[field] else 0

    def _plain(self, text: str) -> str:
        if "\\" not in text or self.separators[3] != "\\":
            return text
        return _ESCAPE.sub(lambda found: self._escaped(found[1]), text)

    def _escaped(self, what: str) -> str:
        bar, inner, repeat, escape, sub = tuple(self.separators)
        known = {"F": bar, "S": inner, "T": sub, "R": repeat, "E": escape, ".br": "\n", "H": "", "N": ""}
        if what in known:
            return known[what]
        if what[0] == "X":
            try:
                return bytes.fromhex(what[1:]).decode(self.charset, "replace")
            except ValueError:
                return ""
        return ""


def decode(raw: bytes) -> tuple[str, str]:
    """(text, codec). BadRequest for an unknown character set and for bytes that are none of it."""
    named = _named(raw)
    if named and named.upper() not in _CHARSETS:
        raise BadRequest("lab.hl7-charset", element="MSH-18", given=named[:40])
    for codec in (_CHARSETS[named.upper()],) if named else _UNNAMED:
        try:
            return raw.decode(codec), codec
        except UnicodeDecodeError:
            continue
    raise BadRequest("lab.hl7-bytes", element="MSH-18", given=named or "-")


def encode(text: str) -> bytes:
    """A message that was pasted as text, in the character set that it names."""
    plain = text.strip("\r\n ").replace("\r\n", "\r").replace("\n", "\r") + "\r"
    named = _named(plain.encode("utf-8", "replace")).upper()
    return plain.encode(_CHARSETS.get(named, "utf-8"), "replace")


def parse(raw: bytes) -> Message:
    """Bytes of one message. BadRequest (with the element) for what is none."""
    text, codec = decode(raw)
    lines = [line for line in re.split(r"\r\n|\r|\n", text.strip("\r\n\ufeff ")) if line]
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < _HEAD:
        raise BadRequest("lab.hl7-no-header", element="MSH")
    separators = lines[0][3:8]
    if len(set(separators)) < _SEPARATORS or any(each.isalnum() or each.isspace() for each in separators):
        raise BadRequest("lab.hl7-separators", element="MSH-2", given=separators)
    if len(lines) > MOST_SEGMENTS:
        raise BadRequest("lab.hl7-too-many", element="MSH", most=MOST_SEGMENTS)
    if any(line.startswith("MSH") for line in lines[1:]):
        raise BadRequest("lab.hl7-two-messages", element="MSH")
    bar = separators[0]
    segments = []
    for line in lines:
        name, _, rest = line.partition(bar)
        if not re.fullmatch(r"[A-Z][A-Z0-9]{2}", name):
            raise BadRequest("lab.hl7-segment", element=name[:10], given=line[:40])
        fields = (name, bar, *rest.split(bar)) if name == "MSH" else (name, *rest.split(bar))
        segments.append(tuple(fields))
    return Message(tuple(segments), separators, codec)


def escape(text: str) -> str:
    """Text as a field holds it, with the usual separators; line ends become blanks."""
    told = "".join(_ESCAPES.get(each, each) for each in text)
    return " ".join(told.split())


_ESCAPES: Final = {"|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\\": "\\E\\"}
_SEPARATORS: Final = 5
_HEAD: Final = 9
"""Characters of the shortest "MSH|^~\\&|"."""


def _named(raw: bytes) -> str:
    """MSH-18 as it is written, read from the bytes: its value is ASCII whatever the rest is."""
    first = re.split(rb"[\r\n]", raw.lstrip(b"\r\n \xef\xbb\xbf"), maxsplit=1)[0]
    if len(first) < _HEAD:
        return ""
    fields = first.split(first[3:4])
    position = 17  # MSH-18: the separator itself is MSH-1
    value = fields[position] if len(fields) > position else b""
    text = re.split(rb"[~^]", value, maxsplit=1)[0].strip()
    if text and all(32 <= byte < 127 for byte in text):
        return text.decode("ascii")
    # A bar inside a Chinese name has moved the fields: a name of a character set stands out by itself.
    known = [each for each in fields if each.decode("latin-1").upper() in _CHARSETS]
    return known[0].decode("ascii") if text and known else ""
