"""The alliance's own rules: versioned Libraries of the record, read by whoever decides and shown to nobody by that."""

from __future__ import annotations

from doorstep.kernel.errors import Gone, NotFound
from doorstep.kernel.read import Reads


def text(reads: Reads, id: str) -> bytes:
    """The stored text of a Library; b"" when there is none.

    What a command goes by is not something that its actor was shown, so it is not written down as seen.
    """
    asked = ("Library", id) in reads.seen
    try:
        body = reads.stored("Library", id).body
    except (NotFound, Gone):
        return b""
    if not asked:
        reads.seen.pop(("Library", id), None)
    return body
