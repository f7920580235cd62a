"""The members that begin with "_": id and extensions of primitives (R4 2.6.2.1 to 2.6.2.3)."""

from __future__ import annotations

from typing import Any

from doorstep.kernel.validate.findings import MAX_FINDINGS, Check, Context, Finding, Findings, found, under, wrong_json


def excused(value: dict[str, Any], name: str, bad: list[Finding]) -> list[Finding]:
    """Findings without the nulls of a primitive array whose place is taken by an extension in the sibling."""
    sibling = value.get(f"_{name}")
    if not isinstance(sibling, list):
        return bad
    filled = {f"[{index}]" for index, item in enumerate(sibling) if isinstance(item, dict)}
    return [finding for finding in bad if finding[2] != "validate.null" or finding[0] not in filled]


def beside_one(element: Check, member: Any, has_value: bool, context: Context) -> Findings:
    """id and extensions of one primitive; without a value there must be an extension."""
    bad = element(member, context)
    if bad or has_value or "extension" in member:
        return bad
    return found("structure", "validate.no-value")


def beside_many(element: Check, values: Any, members: Any, context: Context) -> Findings:
    """The array beside a primitive array: of the same length, null where there is nothing to say."""
    if type(members) is not list:
        return wrong_json("array", members)
    items = values if isinstance(values, list) else []
    if not members or items and len(items) != len(members):
        return found("structure", "validate.unequal-arrays", expected=len(items), given=len(members))
    findings: list[Finding] = []
    for index, member in enumerate(members):
        there = index < len(items) and items[index] is not None
        if member is None and there:
            continue
        findings += under(f"[{index}]", beside_one(element, member, there, context) or [])
        if len(findings) >= MAX_FINDINGS:
            break
    return findings or None
