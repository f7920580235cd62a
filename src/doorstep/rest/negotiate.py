"""Content types: R4 3.1.0.1.10 (Accept, Content-Type), 3.1.0.1.11 (_format). JSON is offered, XML and Turtle not."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from doorstep.kernel.errors import BadRequest, NotAcceptable, UnsupportedMedia

JSON_TYPES: Final = frozenset({"application/fhir+json", "application/json", "text/json", "application/json+fhir"})
_SHORT: Final = {"json": "application/fhir+json", "xml": "application/fhir+xml", "ttl": "application/fhir+turtle"}
_LONGEST: Final = 2_000
"""Characters of a header that are looked at."""
_WILD: Final = frozenset({"*/*", "application/*"})
_PARAMETER: Final = re.compile(r';\s*([\w.-]+)\s*=\s*("[^"]*"|[^;\s"]*)\s*')
_VERSIONS: Final = frozenset({"4.0", "4.0.1"})


def check_accept(accept: str, format_: str | None) -> None:
    """Raise NotAcceptable unless JSON answers what the client asks; ``_format`` overrules Accept."""
    if format_ is not None:
        asked = _SHORT.get(format_.lower(), format_.replace(" ", "+") if "/" in format_ else format_)
        if not _acceptable(asked):
            raise NotAcceptable("rest.format-not-offered", element="_format", asked=format_)
    elif accept and not _acceptable(accept[:_LONGEST]):
        raise NotAcceptable("rest.not-acceptable", element="Accept", asked=accept)


def asks_fhir(accept: str, format_: str | None) -> bool:
    """Whether a FHIR type is named outright, which decides how a Binary goes out (R4 3.1.0.1.10.1)."""
    if format_ is not None:
        return True
    names = [name for name, _, _ in _items(accept)]
    return any(name in JSON_TYPES for name in names) or all(name.startswith("application/fhir+") for name in names)


@lru_cache(maxsize=512)
def _acceptable(header: str) -> bool:
    return any(
        quality > 0 and (name in JSON_TYPES or name in _WILD) and parameters.get("fhirversion", "4.0") in _VERSIONS
        for name, quality, parameters in _items(header)
    )


def media_type(header: str) -> tuple[str, dict[str, str]]:
    """Type and parameters of a Content-Type header, lower case."""
    name, _, rest = header.partition(";")
    found = {key.lower(): value.strip('"').lower() for key, value in _PARAMETER.findall(";" + rest)}
    return name.strip().lower(), found


def check_content(header: str, *, offered: frozenset[str] = JSON_TYPES) -> None:
    """Raise UnsupportedMedia unless a request's body is one of the offered types, in UTF-8, for FHIR R4."""
    name, parameters = media_type(header)
    if name not in offered:
        raise UnsupportedMedia("rest.unsupported-media", element="Content-Type", given=header,
                               offered=", ".join(sorted(offered)))
    if parameters.get("charset", "utf-8") not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMedia("rest.not-utf8", element="Content-Type", given=header)
    if parameters.get("fhirversion", "4.0") not in _VERSIONS:
        raise UnsupportedMedia("rest.other-fhir-version", element="Content-Type", given=header)


def pretty(value: str | None) -> bool:
    """R4 3.1.0.1.12."""
    if value not in (None, "true", "false"):
        raise BadRequest("rest.not-a-boolean", element="_pretty", name="_pretty", value=value)
    return value == "true"


def _items(header: str) -> list[tuple[str, float, dict[str, str]]]:
    items = []
    for item in header[:_LONGEST].split(","):
        name, parameters = media_type(item)
        try:
            quality = float(parameters.get("q", "1"))
        except ValueError:
            quality = 0.0
        items.append((name, quality, parameters))
    return items
