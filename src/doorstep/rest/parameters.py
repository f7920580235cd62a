"""What an operation is given: a Parameters resource, or a query string (R4 3.2.0.2)."""

from __future__ import annotations

from typing import Any

from doorstep.kernel import tx
from doorstep.kernel.errors import BadRequest, Invalid
from doorstep.locale_text import CHINESE
from doorstep.rest.request import Request
from doorstep.rest.response import Response, resource
from doorstep.rest.service import Service

Given = dict[str, list[Any]]


def given(service: Service, request: Request, *, names: tuple[str, ...] | None, checked: bool = True) -> Given:
    """Values by name. From a query they are strings; from a Parameters resource whatever it carries.

    A POST whose body is another resource gives that resource as "resource" (R4 3.2.0.2.1). What is sent has the
    structure that the definitions ask, except that an unchecked resource may be anything ($validate looks at it).
    A name that is not among ``names`` is refused under strict handling; None leaves that to whoever reads them.
    """
    found: Given = {}
    for name, value in request.pairs:
        found.setdefault(name, []).append(value)
    if request.method == "POST" and (request.inner or request.environ.get("CONTENT_LENGTH") not in (None, "", "0")
                                     or request.environ.get("HTTP_TRANSFER_ENCODING")):
        _from_body(service, request, found)
        if checked:
            for value in [value for values in found.values() for value in values]:
                if isinstance(value, dict) and "resourceType" in value:
                    tx.checked(value)
    if request.prefer.strict and names is not None:
        for name in found:
            if name not in names:
                raise BadRequest("rest.unknown-parameter", element=name, name=name)
    return found


def one(found: Given, name: str, kind: type = str) -> Any:
    """The single value of a parameter, of one Python type; None when it is not given."""
    values = found.get(name, [])
    if len(values) > 1:
        raise BadRequest("rest.parameter-repeated", element=name, name=name)
    if values and not isinstance(values[0], kind):
        raise BadRequest("rest.parameter-type", element=name, name=name)
    return values[0] if values else None


def flag(found: Given, name: str) -> bool:
    """A boolean parameter; false when it is not given."""
    values = found.get(name, [False])
    if len(values) > 1 or values[0] not in (True, False, "true", "false"):
        raise BadRequest("rest.not-a-boolean", element=name, name=name, value=values[0])
    return values[0] in (True, "true")


def whole(found: Given, name: str) -> int | None:
    """A number from 0 on; None when it is not given."""
    value = one(found, name, object)
    text = str(value)
    if value is None:
        return None
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise BadRequest("rest.not-a-number", element=name, name=name, value=text)
    return int(text[:9])


def language_asked(request: Request, found: Given) -> str | None:
    """displayLanguage, else the language that the request asks answers in; None when it asks none."""
    asked: str | None = one(found, "displayLanguage")
    if asked is None and request.header("Accept-Language"):
        return "zh" if request.language == CHINESE else "en"
    return asked


def answer(**values: str | bool) -> Response:
    """A Parameters resource with those of the values that say something."""
    kinds = {"result": "valueBoolean", "outcome": "valueCode"}
    found = [{"name": name, kinds.get(name, "valueString"): value} for name, value in values.items() if value != ""]
    return resource({"resourceType": "Parameters", "parameter": found})


def _from_body(service: Service, request: Request, found: Given) -> None:
    value, _ = request.resource(service)
    if value["resourceType"] != "Parameters":
        found.setdefault("resource", []).append(value)
        return
    items = value.get("parameter", [])
    tx.checked({**value, "parameter": _without_resources(items)} if items else value)
    for index, item in enumerate(items):
        values = [member for name, member in item.items() if name.startswith("value") or name == "resource"]
        if len(values) != 1:
            raise Invalid("rest.bad-parameters", element=f"Parameters.parameter[{index}]")
        found.setdefault(item["name"], []).append(values[0])


def _without_resources(items: Any) -> Any:
    """Parameters with a value in place of each resource, so that only the envelope is looked at."""
    if not isinstance(items, list):
        return items
    return [
        {**{name: member for name, member in item.items() if name != "resource"}, "valueBoolean": True}
        if isinstance(item, dict) and isinstance(item.get("resource"), dict) else item
        for item in items
    ]
