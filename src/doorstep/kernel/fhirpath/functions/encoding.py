"""Encoding and escaping of strings (FHIRPath 3.0, section on string manipulation)."""

from __future__ import annotations

import base64
import binascii
import html
import json
from collections.abc import Callable

from doorstep.kernel.fhirpath.environment import Env
from doorstep.kernel.fhirpath.errors import FhirPathError
from doorstep.kernel.fhirpath.nodes import Items
from doorstep.kernel.fhirpath.registry import eager
from doorstep.kernel.fhirpath.singleton import NONE, bounded, string

Change = Callable[[str], str]

_CHANGES: dict[str, dict[str, Change]] = {
    "encode": {
        "hex": lambda text: text.encode().hex(),
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "urlbase64": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    },
    "decode": {
        "hex": lambda text: bytes.fromhex(text).decode(),
        "base64": lambda text: base64.b64decode(text, validate=True).decode(),
        "urlbase64": lambda text: base64.b64decode(text, b"-_", validate=True).decode(),
    },
    "escape": {
        "html": html.escape,
        "json": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    },
    "unescape": {
        "html": html.unescape,
        "json": lambda text: str(json.loads(f'"{text}"')),
    },
}


def _function(name: str) -> Callable[[Env, Items, Items], Items]:
    changes = _CHANGES[name]

    def change(env: Env, items: Items, target: Items) -> Items:
        text, wanted = string(items, name), string(target, name)
        if text is None or wanted is None:
            return NONE
        if wanted not in changes:
            raise FhirPathError("fhirpath.unknown-encoding", name=wanted)
        try:
            return bounded(changes[wanted](text))
        except (ValueError, binascii.Error):
            return NONE

    return change


for _name in _CHANGES:
    eager(_name, 1)(_function(_name))
