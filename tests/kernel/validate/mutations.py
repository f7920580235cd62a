"""Ways to spoil a valid resource. Each mutation is (kind, spoilt resource, path of the element that must be named)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from doorstep.kernel.definitions import definitions
from tests.kernel.validate.nodes import Node, at, changed, without

Spoilt = tuple[Any, str]
Mutation = Callable[[Any, Node], Iterator[Spoilt]]

TEXTUAL = frozenset(
    "string markdown code uri url canonical id oid uuid date dateTime instant time base64Binary".split()
)
WHOLE = frozenset(("integer", "positiveInt", "unsignedInt"))
PATTERNS = {
    "code": ("a  b", " a", "a ", "a\u0001"),
    "uri": ("http://example.org/a b",),
    "canonical": ("http://example.org/a b",),
    "url": ("http://example.org/a b",),
    "id": ("a_b", "x" * 65, "甲", "a\n"),
    "oid": ("urn:oid:3.1", "1.2.3"),
    "uuid": ("urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "c757873d-ec9a-4326-a141-556f43239520"),
    "time": ("24:00:00", "09:30", "09:30:00Z"),
    "base64Binary": ("SGk", "S@k=", "===="),
    "string": ("a\u0000b", "\u001b[0m"),
    "markdown": ("a\u0007",),
}
DATES = {
    "date": (
        "2021-02-29",
        "2021-13-01",
        "2021-00-10",
        "0000",
        "20210101",
        "2021-1-1",
        "yesterday",
        "2021-02-03T10:00:00Z",
    ),
    "dateTime": (
        "2021-04-31",
        "2021-02-03T10:00",
        "2021-02-03T10:00:00",
        "2021-02-03T25:00:00Z",
        "2021-02-03 10:00:00Z",
    ),
    "instant": ("2021-02-03", "2021-02-30T10:00:00Z", "2021-02-03T10:00:00", "2021-02-03T10:00:00+15:00"),
}


def drop_required(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.min and not node.element.many and not node.element.choice:
        holder = at(resource, node.steps[:-1])
        if f"_{node.name}" not in holder and len(holder) > 1:
            yield without(resource, node.steps), node.path


def wrong_json_type(resource: Any, node: Node) -> Iterator[Spoilt]:
    value = at(resource, node.steps)
    if node.element.type in TEXTUAL:
        yield changed(resource, node.steps, 17), node.path
        yield changed(resource, node.steps, {"value": value}), node.path
    elif node.element.type in WHOLE or node.element.type == "decimal":
        yield changed(resource, node.steps, str(value)), node.path
    elif node.element.type == "boolean":
        yield changed(resource, node.steps, "true"), node.path
        yield changed(resource, node.steps, 1), node.path
    elif isinstance(value, dict):
        yield changed(resource, node.steps, "text"), node.path


def unknown_member(resource: Any, node: Node) -> Iterator[Spoilt]:
    if isinstance(at(resource, node.steps), dict):
        yield changed(resource, (*node.steps, "bogus"), "x"), f"{node.path}.bogus"
        yield changed(resource, (*node.steps, "_bogus"), {"id": "x"}), f"{node.path}._bogus"


def code_outside_value_set(resource: Any, node: Node) -> Iterator[Spoilt]:
    url = node.element.required
    value_set = definitions().value_set(url) if url else None
    if value_set is None or not value_set.complete:
        return
    if node.element.type == "code":
        yield changed(resource, node.steps, "no-such-code"), node.path
        yield changed(resource, node.steps, at(resource, node.steps).upper() + "Z"), node.path
    elif node.element.type == "CodeableConcept" and "extension" not in at(resource, node.steps):
        coding = {"system": "http://example.org/other", "code": "x"}
        yield changed(resource, node.steps, {"coding": [coding]}), f"{node.path}.coding"
        yield changed(resource, node.steps, {"text": "only words"}), node.path


def no_such_date(resource: Any, node: Node) -> Iterator[Spoilt]:
    for wrong in DATES.get(node.element.type, ()):
        yield changed(resource, node.steps, wrong), node.path


def empty(resource: Any, node: Node) -> Iterator[Spoilt]:
    value = at(resource, node.steps)
    if node.element.many:
        yield changed(resource, node.steps[:-1], []), node.path.rpartition("[")[0]
    if isinstance(value, dict) and node.element.type != "Resource":
        yield changed(resource, node.steps, {}), node.path
    if isinstance(value, str):
        yield changed(resource, node.steps, ""), node.path


def two_choices(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.choice:
        others = [name for name in node.owner.choices[node.element.choice] if name != node.name]
        booleans = [name for name in others if name.endswith("Boolean")] or others
        value: Any = True if booleans[0].endswith("Boolean") else {"id": "x"}
        holder = node.path.rpartition(".")[0]
        yield changed(resource, (*node.steps[:-1], booleans[0]), value), f"{holder}.{node.element.choice}[x]"


def bad_pattern(resource: Any, node: Node) -> Iterator[Spoilt]:
    is_id = node.name == "id" and node.owner.kind == "resource"
    for wrong in PATTERNS.get("id" if is_id else node.element.type, ()):
        yield changed(resource, node.steps, wrong), node.path


def wrong_reference(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.type != "Reference":
        return
    place = f"{node.path}.reference"
    for wrong in ("Nowhere/1", "patient", "Patient/", "Patient/a b", "Patient/a_b", "#nobody", "/Patient/1"):
        yield changed(resource, (*node.steps, "reference"), wrong), place
    if resource["resourceType"] != "Bundle":
        yield changed(resource, (*node.steps, "reference"), "Patient?name=x"), place
    if node.element.targets and "Resource" not in node.element.targets:
        other = "Slot" if "Slot" not in node.element.targets else "Patient"
        yield changed(resource, (*node.steps, "reference"), f"{other}/1"), place
        yield changed(resource, (*node.steps, "reference"), f"https://example.org/fhir/{other}/1"), place
        yield changed(resource, node.steps, {"display": "x", "type": other}), f"{node.path}.type"


def null(resource: Any, node: Node) -> Iterator[Spoilt]:
    parent = at(resource, node.steps[:-1])
    if not (isinstance(parent, list) and f"_{node.name}" in at(resource, node.steps[:-2])):
        yield changed(resource, node.steps, None), node.path
    if not node.element.many:
        yield changed(resource, node.steps, [None]), node.path


def other_multiplicity(resource: Any, node: Node) -> Iterator[Spoilt]:
    value = at(resource, node.steps)
    if node.element.many:
        yield changed(resource, node.steps[:-1], value), node.path.rpartition("[")[0]
    else:
        yield changed(resource, node.steps, [value]), node.path


def odd_number(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.type in WHOLE:
        for wrong in (Decimal("1.0"), Decimal("1E1"), 2**31, -(2**31) - 1):
            yield changed(resource, node.steps, wrong), node.path
        if node.element.type != "integer":
            yield changed(resource, node.steps, -1), node.path
    if node.element.type == "decimal":
        for number in (Decimal("1E+999999"), Decimal("1E-999999"), Decimal("NaN"), 10**400, True):
            yield changed(resource, node.steps, number), node.path


def odd_extension(resource: Any, node: Node) -> Iterator[Spoilt]:
    url = "http://example.org/extension"
    if isinstance(at(resource, node.steps), dict) and "extension" in definitions().types[node.element.type].elements:
        where = f"{node.path}.extension[0]"
        both = {"url": url, "valueString": "x", "extension": [{"url": "a", "valueString": "b"}]}
        yield changed(resource, (*node.steps, "extension"), [{"url": url}]), where
        yield changed(resource, (*node.steps, "extension"), [both]), where
        yield changed(resource, (*node.steps, "extension"), [{"valueString": "x"}]), f"{where}.url"
        yield changed(resource, (*node.steps, "extension"), [{"url": url, "valueBogus": "x"}]), f"{where}.valueBogus"
    elif node.element.type in TEXTUAL and not node.element.many and node.name != "id":
        where = (*node.steps[:-1], f"_{node.name}")
        named = f"{node.path.rpartition('.')[0]}._{node.name}"
        yield changed(without(resource, node.steps), where, {"id": "a"}), named
        yield changed(resource, where, {"value": "x"}), f"{named}.value"
        yield changed(resource, where, [{"id": "a"}]), named
        yield changed(resource, where, {}), named


def unsafe_narrative(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.type != "xhtml":
        return
    for inside in UNSAFE:
        yield changed(resource, node.steps, f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'), node.path
    for whole in ("text", "<div>a</div>", '<p xmlns="http://www.w3.org/1999/xhtml">a</p>', DOCTYPE):
        yield changed(resource, node.steps, whole), node.path


def misplaced_resource(resource: Any, node: Node) -> Iterator[Spoilt]:
    if node.element.type == "Resource":
        yield changed(resource, (*node.steps, "resourceType"), "Patiant"), f"{node.path}.resourceType"
        yield without(resource, (*node.steps, "resourceType")), f"{node.path}.resourceType"
        if node.name == "contained":
            inner = [{"resourceType": "Patient", "id": "x"}]
            yield changed(resource, (*node.steps, "contained"), inner), f"{node.path}.contained"


DOCTYPE = '<!DOCTYPE div [<!ENTITY a "b">]><div xmlns="http://www.w3.org/1999/xhtml">&a;</div>'
UNSAFE = (
    "<script>alert(1)</script>",
    '<p onclick="alert(1)">a</p>',
    '<a href="javascript:alert(1)">a</a>',
    '<a href=" java&#10;script:alert(1)">a</a>',
    '<a href="JAVASCRIPT&#58;alert(1)">a</a>',
    '<a href="vbscript:x">a</a>',
    '<a href="data:text/html;base64,PHA+">a</a>',
    '<img src="data:image/svg+xml,x" alt="a"/>',
    '<form action="http://example.org"><input name="a"/></form>',
    '<iframe src="http://example.org">a</iframe>',
    '<object data="a">b</object>',
    '<embed src="a"/>',
    '<link rel="stylesheet" href="a"/>',
    "<style>p {}</style>",
    '<svg xmlns="http://www.w3.org/2000/svg"><g/></svg>',
    '<x:script xmlns:x="http://www.w3.org/1999/xhtml">a</x:script>',
    '<p style="width: expression(alert(1))">a</p>',
    '<p style="background: url(javascript:alert(1))">a</p>',
    '<p style="background: \\75rl(a)">a</p>',
    '<p xmlns="">a</p>',
    "<p>&nosuch;</p>",
    "<p>a",
    "<p>a & b</p>",
    "<p a=1>b</p>",
    "<?php echo 1 ?>",
    '<p srcdoc="a">b</p>',
    '<base href="http://example.org"/>',
    '<meta http-equiv="refresh" content="0"/>',
)

MUTATIONS: tuple[Mutation, ...] = (
    drop_required,
    wrong_json_type,
    unknown_member,
    code_outside_value_set,
    no_such_date,
    empty,
    two_choices,
    bad_pattern,
    wrong_reference,
    null,
    other_multiplicity,
    odd_number,
    odd_extension,
    unsafe_narrative,
    misplaced_resource,
)
