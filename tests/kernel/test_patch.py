"""JSON Patch: the examples of RFC 6902 appendix A, exact digits, and bounded work."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import exact, patch
from doorstep.kernel.errors import Invalid, Refusal, TooCostly

APPENDIX_A: list[tuple[str, Any, list[dict[str, Any]], Any]] = [
    ("A.1 add a member", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"foo": "bar", "baz": "qux"}),
    ("A.2 add an item", {"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}],
     {"foo": ["bar", "qux", "baz"]}),
    ("A.3 remove a member", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ("A.4 remove an item", {"foo": ["a", "b", "c"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["a", "c"]}),
    ("A.5 replace", {"baz": "qux"}, [{"op": "replace", "path": "/baz", "value": "boo"}], {"baz": "boo"}),
    ("A.6 move a value", {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
     [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
     {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    ("A.7 move an item", {"foo": ["all", "grass", "cows", "eat"]},
     [{"op": "move", "from": "/foo/1", "path": "/foo/3"}], {"foo": ["all", "cows", "eat", "grass"]}),
    ("A.8 test", {"baz": "qux", "foo": ["a", 2, "c"]},
     [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
     {"baz": "qux", "foo": ["a", 2, "c"]}),
    ("A.10 add an object", {"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
     {"foo": "bar", "child": {"grandchild": {}}}),
    ("A.11 unknown members of an operation are ignored", {"foo": "bar"},
     [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}], {"foo": "bar", "baz": "qux"}),
    ("A.14 escapes in a pointer", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}],
     {"/": 9, "~1": 10}),
    ("A.16 add at the end", {"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
     {"foo": ["bar", ["abc", "def"]]}),
    ("copy", {"a": [1]}, [{"op": "copy", "from": "/a", "path": "/b"}], {"a": [1], "b": [1]}),
    ("replace the whole", {"a": 1}, [{"op": "replace", "path": "", "value": {"b": 2}}], {"b": 2}),
]

REFUSED: list[tuple[str, Any, Any, str]] = [
    ("A.9 failing test", {"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], "patch.test-failed"),
    ("A.12 add below nothing", {"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "q"}], "patch.no-such-path"),
    ("A.15 a string is not a number", {"~1": 10}, [{"op": "test", "path": "/~01", "value": "10"}], "patch.test-failed"),
    ("true is not 1", {"a": 1}, [{"op": "test", "path": "/a", "value": True}], "patch.test-failed"),
    ("replace of nothing", {}, [{"op": "replace", "path": "/a", "value": 1}], "patch.no-such-path"),
    ("remove of nothing", {"a": []}, [{"op": "remove", "path": "/a/0"}], "patch.no-such-path"),
    ("leading zero", {"a": [1, 2]}, [{"op": "remove", "path": "/a/01"}], "patch.no-such-path"),
    ("negative index", {"a": [1, 2]}, [{"op": "remove", "path": "/a/-1"}], "patch.no-such-path"),
    ("a digit that is not ASCII", {"a": [1, 2]}, [{"op": "remove", "path": "/a/١"}], "patch.no-such-path"),
    ("into a string", {"a": "x"}, [{"op": "add", "path": "/a/0", "value": 1}], "patch.no-such-path"),
    ("no slash", {"a": "x"}, [{"op": "remove", "path": "a"}], "patch.bad-path"),
    ("unknown operation", {}, [{"op": "spam", "path": "/a"}], "patch.unknown-operation"),
    ("an operation that is no object", {}, ["add"], "patch.unknown-operation"),
    ("an operation whose name is a list", {}, [{"op": []}], "patch.unknown-operation"),
    ("no value", {}, [{"op": "add", "path": "/a"}], "patch.missing-member"),
    ("path of a wrong type", {}, [{"op": "add", "path": 1, "value": 1}], "patch.missing-member"),
    ("move into itself", {"a": {"b": 1}}, [{"op": "move", "from": "/a", "path": "/a/b/c"}], "patch.into-itself"),
    ("no list", {}, {"op": "add"}, "patch.not-a-list"),
]


@pytest.mark.parametrize(("name", "document", "operations", "expected"), APPENDIX_A, ids=[row[0] for row in APPENDIX_A])
def test_given_a_document_when_patched_then_it_is_as_the_standard_says(
    name: str, document: Any, operations: list[dict[str, Any]], expected: Any
) -> None:
    before = exact.encode(document)
    assert patch.apply(document, operations) == expected
    assert exact.encode(document) == before


@pytest.mark.parametrize(("name", "document", "operations", "key"), REFUSED, ids=[row[0] for row in REFUSED])
def test_given_an_impossible_operation_when_patched_then_it_is_refused_by_name(
    name: str, document: Any, operations: Any, key: str
) -> None:
    with pytest.raises(Invalid) as refused:
        patch.apply(document, operations)
    assert refused.value.key == key
    assert isinstance(operations, dict) or refused.value.elements == ("[0]",)


def test_given_exact_digits_when_another_member_is_patched_then_they_stay() -> None:
    document = exact.decode(b'{"value":5.40,"note":"x"}')
    changed = patch.apply(document, exact.decode(b'[{"op":"replace","path":"/note","value":72.50}]'))
    assert exact.encode(changed) == b'{"value":5.40,"note":72.50}'
    assert patch.apply(document, [{"op": "test", "path": "/value", "value": Decimal("5.4")}]) == document


def test_given_a_copy_that_doubles_when_repeated_then_the_work_is_bounded() -> None:
    bomb = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 60
    with pytest.raises(TooCostly) as refused:
        patch.apply({"a": [1]}, bomb)
    assert refused.value.key in ("patch.too-much", "patch.too-deep")


def test_given_moves_that_nest_when_repeated_then_the_depth_is_bounded() -> None:
    operations: list[dict[str, Any]] = []
    for _ in range(400):
        operations += [{"op": "add", "path": "/b", "value": {}}, {"op": "move", "from": "/a", "path": "/b/a"},
                       {"op": "move", "from": "/b", "path": "/a"}]
    with pytest.raises(TooCostly) as refused:
        patch.apply({"a": 1}, operations)
    assert refused.value.key in ("patch.too-deep", "patch.too-many")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab0"), inner, max_size=3), max_leaves=8,
)
POINTER = st.lists(st.sampled_from(["a", "b", "0", "1", "-", "~", ""]), max_size=3).map(lambda parts: "/" + "/".join(parts))
OPERATION = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]) | JSON},
    optional={"path": POINTER | JSON, "from": POINTER | JSON, "value": JSON},
)


@given(document=JSON, operations=st.lists(OPERATION | JSON, max_size=6) | JSON)
def test_given_any_document_and_any_operations_when_patched_then_only_a_refusal_can_happen(
    document: Any, operations: Any
) -> None:
    refused: Refusal | None = None
    try:
        exact.encode(patch.apply(document, operations))
    except Refusal as error:
        refused = error
    assert refused is None or refused.status < 500
