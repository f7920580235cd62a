"""Files that somebody sends from a page: how large one may be."""

from __future__ import annotations

from typing import Any, Final

from doorstep.kernel.errors import Invalid

MEGABYTE: Final = 1024 * 1024
MOST: Final = 64 * MEGABYTE


def photo(request: Any, name: str) -> bytes:
    """The bytes of a file of a form; none when none was chosen, Invalid when it is too large."""
    file = request.FILES.get(name)
    if file is None or not file.size:
        return b""
    if file.size > MOST:
        raise Invalid("handover.paper-large", element=name, most=MOST // MEGABYTE)
    return bytes(file.read())
