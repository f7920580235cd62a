"""Files that somebody sends from a page: how large one may be, and how one is given back."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpResponse

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


def attached(request: Any, name: str) -> tuple[bytes | None, str]:
    """(the bytes of a file of a form, its name): None when none was chosen, no bytes when it is empty."""
    file = request.FILES.get(name)
    if file is None:
        return None, ""
    if file.size > MOST:
        raise Invalid("inquiry.file-large", element=name, most=MOST // MEGABYTE)
    return bytes(file.read()), str(file.name)


def shown(kind: str, data: bytes, name: str) -> HttpResponse:
    """A picture in the browser, a document as a file of its own. Nothing in it is run."""
    response = HttpResponse(data, content_type=kind)
    way = "inline" if kind.startswith("image/") else "attachment"
    response.headers["Content-Disposition"] = f'{way}; filename="{name}.{kind.partition("/")[2]}"'
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
