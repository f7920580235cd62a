"""Version read: R4 3.1.0.3.

``GET [base]/[type]/[id]/_history/[vid]`` answers one version; 410 when that version is the deletion.
"""

from __future__ import annotations

from doorstep.kernel.errors import NotFound
from doorstep.rest.read import shown
from doorstep.rest.request import Request
from doorstep.rest.response import Response
from doorstep.rest.service import Service


def vread(service: Service, request: Request) -> Response:
    """One version of a resource."""
    type_name, id_, version = request.args
    request.allow()
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NotFound("read.no-version", type=type_name, id=id_, version=version)
    with service.store.snapshot(request.actor, audited=False) as snapshot:
        stored = snapshot.vread(type_name, id_, int(version))
    return shown(service, request, stored, "vread")
