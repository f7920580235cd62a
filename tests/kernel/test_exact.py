"""Given resource JSON, when it is read and written, then nothing that the sender wrote is altered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel import exact
from doorstep.kernel.errors import Malformed, TooLarge

SERVER = {"id": "x1", "version": 3, "updated": "2026-01-02T03:04:05.678+08:00"}
SPLICED = [
    (b'{"resourceType":"Basic"}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"}}'),
    (b'{"resourceType":"Basic","id":"old","a":5.40}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"a":5.40}'),
    (b'{"resourceType":"Basic","id":"old","a":{"id":"keep"}}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"a":{"id":"keep"}}'),
    (b'{"resourceType":"Basic","a":{"meta":1},"id":"old"}',
     b'{"resourceType":"Basic","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"a":{"meta":1},"id":"x1"}'),
    (b'{"resourceType":"Basic","id":"old","meta":{"tag":[{"code":"}"}]},"a":1}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00","tag":[{"code":"}"}]},"a":1}'),
    (b'{"resourceType":"Basic","a":{"id":"keep"}}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"a":{"id":"keep"}}'),
    (b'{"resourceType":"Basic","a":"\\"id\\""}',
     b'{"resourceType":"Basic","id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"a":"\\"id\\""}'),
    (b'{"z":1e2,"meta":{"lastUpdated":"x","tag":[{"code":"a,}"}],"versionId":"1"},"resourceType":"Basic", "n":{"id":"keep"}}',
     b'{"z":1e2,"meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00","tag":[{"code":"a,}"}]},"resourceType":"Basic","id":"x1", "n":{"id":"keep"}}'),
    (b'{}', b'{"id":"x1","meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"}}'),
    (b'{"meta":{},"id":"q"}', b'{"meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"id":"x1"}'),
    (b'{\n  "id": "q",\r\n\t"a": [ 1, "x \\" y" ]\n}',
     b'{"meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"id":"x1","a":[1,"x \\" y"]}'),
    (b'{"id" : "q" , "n" : 12 }',
     b'{"meta":{"versionId":"3","lastUpdated":"2026-01-02T03:04:05.678+08:00"},"id" : "x1" , "n" : 12 }'),
]


@pytest.mark.parametrize(("raw", "expected"), SPLICED)
def test_server_members_are_spliced_and_the_rest_stays(raw: bytes, expected: bytes) -> None:
    assert exact.splice(raw, **SERVER) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8", exclude_characters="\0"))
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-10**9, max_value=10**9, places=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6, alphabet="abé𠮷\"\\"), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=6, alphabet="abc\"\\é"), json_values, max_size=5), st.booleans(), st.booleans())
def test_any_object_keeps_its_members_and_their_order(members: dict, with_id: bool, with_meta: bool) -> None:
    sent = {**members, **({"id": "old"} if with_id else {}), **({"meta": {"source": "s"}} if with_meta else {})}
    back = exact.decode(exact.splice(exact.encode(sent), **SERVER))
    assert back["id"] == "x1"
    assert {k: v for k, v in back["meta"].items() if k not in ("versionId", "lastUpdated")} == sent.get("meta", {})
    assert [k for k in back if k not in ("id", "meta")] == [k for k in sent if k not in ("id", "meta")]
    assert exact.encode({k: v for k, v in back.items() if k not in ("id", "meta")}) == exact.encode(
        {k: v for k, v in sent.items() if k not in ("id", "meta")}
    )


@pytest.mark.parametrize("text", ["5.40", "1.0E+2", "0.000", "-0.0", "123456789012345678901234567890", "72.50"])
def test_digits_survive(text: str) -> None:
    assert exact.encode(exact.decode(f'{{"a":{text}}}')) == f'{{"a":{text}}}'.encode()


REFUSED = [
    (b'{"a":NaN}', "exact.not-json"),
    (b'{"a":Infinity}', "exact.not-json"),
    (b'{"a":1,"a":2}', "exact.duplicate-member"),
    (b'{"b":{"a":1,"a":1}}', "exact.duplicate-member"),
    (b'{"a" :1,"c":"\\":","b":1,"b":1}', "exact.duplicate-member"),
    (b'{"a" :1,"b":1,"b":1}', "exact.duplicate-member"),
    (b'{"a":"\xff"}', "exact.not-utf8"),
    (b'{"a":"\\ud800"}', "exact.not-json"),
    (b'{"a":"x\\u0000"}', "exact.nul"),
    (b'{"a":"x\x00"}', "exact.not-json"),
    (b"[" * 10_000 + b"]" * 10_000, "exact.too-deep"),
    (b'{"a":' * 100 + b"1" + b"}" * 100, "exact.too-deep"),
    (b'{"a":', "exact.not-json"),
    (b"", "exact.not-json"),
    (b'{"a":' + b"9" * 5000 + b"}", "exact.not-json"),
]


@pytest.mark.parametrize(("raw", "key"), REFUSED, ids=[key + str(n) for n, (_, key) in enumerate(REFUSED)])
def test_what_is_not_json_is_refused_by_name(raw: bytes, key: str) -> None:
    with pytest.raises(Malformed) as refused:
        exact.decode(raw)
    assert refused.value.key == key


def test_a_duplicate_is_named() -> None:
    with pytest.raises(Malformed) as refused:
        exact.decode(b'{"resourceType":"Basic","code":{"text":"a","text":"b"}}')
    assert refused.value.elements == ("text",)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    assert exact.decode(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


def test_colons_and_braces_inside_strings_do_not_count() -> None:
    assert exact.decode('{"a":"{:[\\":","b":"𠮷:"}'.encode()) == {"a": '{:[":', "b": "𠮷:"}


@pytest.mark.parametrize("inmost", [b"", b"1", b'"[[["', b"null"])
@pytest.mark.parametrize("begins", [b"[", b'{"a":'])
def test_nesting_is_counted_to_the_level(begins: bytes, inmost: bytes) -> None:
    ends = b"]" if begins == b"[" else b"}"
    begins, inmost = (begins, inmost) if inmost or begins == b"[" else (begins, b"{}")
    own = 1 if inmost == b"{}" else 0
    deepest = exact.MAX_DEPTH - own
    assert exact.decode(begins * deepest + inmost + ends * deepest)
    with pytest.raises(Malformed) as refused:
        exact.decode(b"[1," + begins * deepest + inmost + ends * deepest + b"]")
    assert refused.value.key == "exact.too-deep"


def test_too_many_bytes_are_refused_before_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact, "MAX_BYTES", 10)
    with pytest.raises(TooLarge):
        exact.decode(b'{"a":"0123456789"}')
