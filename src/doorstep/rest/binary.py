"""Binary in its own content type: R4 3.1.0.1.10.1 and the Binary resource (R4 2.39).

A Binary may hold a page with a script in it. It goes out as a download of its own, in a sandbox, never sniffed.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.refs import Stored
from doorstep.rest import negotiate
from doorstep.rest.request import Request
from doorstep.rest.response import Headers, Response, version_headers

_MEDIA: Final = re.compile(r"[\w!#$&^.+-]{1,127}/[\w!#$&^.+-]{1,127}(?:; ?[\w.-]+=[\w.\"-]+)*", re.ASCII)
SANDBOX: Final[Headers] = [
    ("Content-Disposition", "attachment"),
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
]


def wants_raw(request: Request) -> bool:
    """Whether the bytes themselves are asked for: always, unless a FHIR type is named outright."""
    return not request.inner and not negotiate.asks_fhir(request.header("Accept"), request.format)


def raw(stored: Stored) -> Response:
    """The bytes of a stored Binary. An odd content type goes out as plain bytes."""
    resource = exact.decode(stored.body)
    try:
        content = base64.b64decode(resource.get("data", ""), validate=False)
    except binascii.Error:
        content = b""
    given = str(resource.get("contentType", ""))
    media = given if _MEDIA.fullmatch(given) else "application/octet-stream"
    return Response(200, [("Content-Type", media), *SANDBOX, *version_headers(stored)], content, stored=stored)


def is_raw(request: Request) -> bool:
    """Whether a request's body is the content itself and not a Binary resource."""
    return not request.inner and negotiate.media_type(request.content_type)[0] not in negotiate.JSON_TYPES


def wrap(request: Request, content: bytes, *, id: str | None = None) -> dict[str, Any]:
    """A Binary resource of the bytes sent; X-Security-Context names whose rules govern it (R4 2.39.3)."""
    resource: dict[str, Any] = {"resourceType": "Binary"}
    if id is not None:
        resource["id"] = id
    resource["contentType"] = request.content_type.strip()
    context = request.header("X-Security-Context")
    if context:
        resource["securityContext"] = {"reference": context}
    if content:
        resource["data"] = base64.b64encode(content).decode()
    return resource
