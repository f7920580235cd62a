"""Names of entries in bytes: found where the standard lets them stand, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import exact
from doorstep.kernel.bundle_links import is_condition, is_placeholder, links, placeholder, rewrite

NAME = "urn:uuid:1"
KNOWN = frozenset({NAME, "http://a.example/fhir/Patient/1"})
TARGETS = {NAME: "Patient/x", "http://a.example/fhir/Patient/1": "Patient/y", "Patient?identifier=1": "Patient/z"}

CASES: list[tuple[str, str, str]] = [
    ("a reference", '{"subject":{"reference":"urn:uuid:1"}}', '{"subject":{"reference":"Patient/x"}}'),
    ("blanks are kept", '{"subject":{"reference" :\n "urn:uuid:1" }}', '{"subject":{"reference" :\n "Patient/x" }}'),
    ("a uri", '{"valueUri":"urn:uuid:1"}', '{"valueUri":"Patient/x"}'),
    ("uris in an array", '{"instantiatesUri":["urn:uuid:1", "urn:uuid:2","urn:uuid:1"]}', '{"instantiatesUri":["Patient/x", "urn:uuid:2","Patient/x"]}'),
    ("an identifier stays", '{"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:1"}]}', '{"identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:uuid:1"}]}'),
    ("a text stays", '{"text":"urn:uuid:1","note":"\\"reference\\":\\"urn:uuid:1\\""}', '{"text":"urn:uuid:1","note":"\\"reference\\":\\"urn:uuid:1\\""}'),
    ("part of a value stays", '{"reference":"urn:uuid:11"}', '{"reference":"urn:uuid:11"}'),
    ("an absolute address", '{"reference":"http://a.example/fhir/Patient/1"}', '{"reference":"Patient/y"}'),
    ("an absolute address, slashes escaped", '{"reference":"http:\\/\\/a.example\\/fhir\\/Patient\\/1"}', '{"reference":"Patient/y"}'),
    ("a relative one below the base", '{"reference":"Patient/1"}', '{"reference":"Patient/y"}'),
    ("a relative one elsewhere", '{"reference":"Patient/2"}', '{"reference":"Patient/2"}'),
    ("a relative uri stays", '{"valueUri":"Patient/1"}', '{"valueUri":"Patient/1"}'),
    ("a condition", '{"reference":"Patient?identifier=1"}', '{"reference":"Patient/z"}'),
    ("a link in a narrative", '{"div":"<div><a href=\\"urn:uuid:1\\">urn:uuid:1</a><img src=\'urn:uuid:1\'/></div>"}', '{"div":"<div><a href=\\"Patient/x\\">urn:uuid:1</a><img src=\'Patient/x\'/></div>"}'),
    ("escaped letters", '{"reference":"urn:uuid:\\u0031"}', '{"reference":"Patient/x"}'),
    ("beyond the BMP", '{"display":"𠮷","reference":"urn:uuid:1","x":"𠮷"}', '{"display":"𠮷","reference":"Patient/x","x":"𠮷"}'),
]


@pytest.mark.parametrize(("name", "before", "after"), CASES, ids=[row[0] for row in CASES])
def test_given_a_text_when_rewritten_then_only_links_change(name: str, before: str, after: str) -> None:
    raw = before.encode()
    places = links(raw, full_url="http://a.example/fhir/Observation/1", known=KNOWN)
    assert rewrite(raw, places, TARGETS).decode() == after


def test_given_an_unknown_target_when_rewritten_then_it_stays_and_is_told() -> None:
    raw = b'{"reference":"urn:uuid:9"}'
    places = links(raw, full_url="", known=KNOWN)
    assert [place.target for place in places] == ["urn:uuid:9"]
    assert rewrite(raw, places, TARGETS) == raw
    assert placeholder(raw) == "urn:uuid:9"
    assert placeholder(b'{"reference":"Patient/1","note":"urn:uuid:9"}') is None


def test_names_are_told_apart() -> None:
    assert is_placeholder("urn:oid:1.2") and not is_placeholder("http://x")
    assert is_condition("Patient?x=1") and not is_condition("Planet?x=1") and not is_condition("Patient/1")


LEAF = st.sampled_from([NAME, "urn:uuid:2", "Patient/1", "\"reference\":\"urn:uuid:1\"", "\\", "x"]) | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
TREE = st.recursive(LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["reference", "url", "value", "div", "valueUri", "instantiatesUri", "display"]), inner, max_size=4), max_leaves=15)


@given(tree=st.dictionaries(st.sampled_from(["a", "subject", "reference", "url"]), TREE, max_size=4))
def test_given_any_resource_when_rewritten_then_as_a_walk_over_the_tree_would(tree: Any) -> None:
    raw = exact.encode(tree)
    places = links(raw, full_url="", known=frozenset({NAME}))
    assert exact.decode(rewrite(raw, places, {NAME: "Patient/x"})) == walked(tree, "", inside=False)


def walked(value: Any, member: str, *, inside: bool) -> Any:
    if isinstance(value, dict):
        return {name: walked(inner, name, inside=False) for name, inner in value.items()}
    if isinstance(value, list):
        return [walked(inner, member, inside=True) for inner in value] if all(isinstance(v, str) for v in value) \
            else [walked(inner, "", inside=False) for inner in value]
    holds = member in ("reference", "url", "valueUri", "instantiatesUri")
    return "Patient/x" if value == NAME and holds else value
