"""What every interaction is given: the record, the limits, and how this address is offered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from doorstep.kernel.store import Store

FHIR_JSON: Final = "application/fhir+json"
FHIR_VERSION: Final = "4.0.1"


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may ask for. Each refusal names its limit."""

    body: int = 16 * 1024 * 1024
    """Bytes of a request body, also after unpacking."""
    values: int = 1_200_000
    """Values in one JSON body: 16 MiB of "{}," would fill the memory twenty times over."""
    url: int = 8 * 1024
    """Bytes of path and query."""
    form: int = 256 * 1024
    """Bytes of a search that comes as a form."""
    parameters: int = 200
    """Name=value pairs of one query."""
    entries: int = 2_000
    """Entries of a batch or transaction."""
    page: int = 1_000
    """Resources of one page."""
    default_page: int = 50


@dataclass(frozen=True, slots=True)
class Service:
    """One mounted interface. ``cors`` lists the web origins that may call it from a browser; none by default."""

    store: Store
    base_path: str = "/fhir"
    limits: Limits = field(default_factory=Limits)
    cors: frozenset[str] = frozenset()
    trusted_proxy: bool = False
    """Whether X-Forwarded-Proto, -Host and -For come from our own proxy and may be believed."""
    delete_many: bool = False
    """Whether a conditional delete may remove more than one resource."""
