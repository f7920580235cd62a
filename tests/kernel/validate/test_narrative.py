"""Given a narrative, when it is checked, then only harmless, well-formed XHTML passes (R4 2.4.2)."""

from __future__ import annotations

import pytest

from doorstep.kernel.validate import narrative
from doorstep.kernel.validate.findings import MAX_FINDINGS, PLAIN


def div(inside: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml">{inside}</div>'


HARMLESS = (
    "诊断：2 型糖尿病 𠮷",
    '<p class="a" style="color: red; background: url(data:image/png;base64,AA)">a<br/>b</p>',
    '<a href="http://example.org">a</a><a href="#b">b</a><a name="c">c</a><a href="mailto:a@example.org">d</a>',
    '<img src="#pic" alt="a"/><img src="data:image/png;base64,iVBO" alt="b"/>',
    '<table border="1"><thead><tr><th colspan="2">a</th></tr></thead><tbody><tr><td>b</td><td>c</td></tr></tbody></table>',
    "a&nbsp;b &copy; &#160; &#x4E2D; &amp; &lt;script&gt;",
    '<p xml:lang="zh" lang="zh">a</p>',
    "<!-- a comment -->text",
)


@pytest.mark.parametrize("inside", HARMLESS)
def test_formatting_passes(inside: str) -> None:
    assert narrative.check(div(inside), PLAIN) is None


def test_blank_space_around_the_div_passes() -> None:
    assert narrative.check(f"\n {div('a')} ", PLAIN) is None


def test_every_fault_is_named() -> None:
    found = narrative.check(div('<script>a</script><p onclick="a">b</p>'), PLAIN) or []
    assert [(key, params["given"]) for _, _, key, params in found] == [
        ("validate.narrative-element", "script"),
        ("validate.narrative-attribute", "onclick"),
    ]


def test_entities_of_a_document_type_are_never_expanded() -> None:
    bomb = '<!DOCTYPE div [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + div("&b;")
    keys = [key for _, _, key, _ in narrative.check(bomb, PLAIN) or []]
    assert keys in (["validate.narrative-doctype"], ["validate.narrative-entity"])


def test_a_document_type_that_points_elsewhere_is_refused_unread() -> None:
    text = '<!DOCTYPE div SYSTEM "file:///etc/passwd">' + div("a")
    assert [key for _, _, key, _ in narrative.check(text, PLAIN) or []] == ["validate.narrative-doctype"]


def test_a_hundred_faults_are_enough() -> None:
    assert len(narrative.check(div("<b onclick='a'>c</b>" * 10_000), PLAIN) or []) == MAX_FINDINGS


def test_deep_nesting_is_read_without_recursion() -> None:
    assert narrative.check(div("<b>" * 50_000 + "a" + "</b>" * 50_000), PLAIN) is None


def test_blank_narratives_are_known() -> None:
    assert [narrative.is_blank(div(inside)) for inside in ("", " \n", "<p> </p>", "<!-- a -->", "a", '<img src="#a"/>')] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
