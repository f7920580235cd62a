"""Given patterns, when judged, then those that could run for ever are refused and those in use are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.kernel.definitions import definitions
from doorstep.kernel.fhirpath import FhirPathError, compile
from doorstep.kernel.fhirpath.regex import full, search
from doorstep.kernel.fhirpath.regex_cost import cost

RISKY = [
    "(a+)+", "(a*)*", "(a|a)*", "(a|aa)+", "(a|a?)+", "([a-z]+)*x", "(.*)*", "(a?){50}", "(a*){2,9}", "(x+x+)+y", "(?:a|b|ab)*c",
    "([^x]|a|bc)*", "(a)\\1", "(?i)(a|b)*", "(?i:a)", "((ab)?(ab)?)*", "(a|b?)*", "(?=a*)(a*)*", "(\\s*[0-9]{2}\\s*)+",
]  # fmt: skip
SAFE = [
    "", "a", "a+", "(\\w|\\d)+", "a*b*c*", "(abc)+", "(a|b)*", "(ab|cd)*", "([a-z]+\\.)*[a-z]+", "^[A-Z]([A-Za-z0-9_]){0,254}$",
    "(\\d{4})-(\\d{2})", "^\\d{17}[\\dX]$", "https?://[^/]+/.*", "[\\u4e00-\\u9fff]{2,4}", "(?P<y>\\d+)/(?P<m>\\d+)", "^(?!x)a",
    "^urn:oid:[0-2](\\.(0|[1-9][0-9]*))+$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", RISKY)
def test_given_a_pattern_with_exponential_ways_when_judged_then_it_is_not_run(pattern):
    assert cost(pattern) is None
    with pytest.raises(FhirPathError, match="fhirpath.risky-pattern"):
        search(pattern, "a")


@pytest.mark.parametrize("pattern", SAFE)
def test_given_a_pattern_of_everyday_when_judged_then_it_runs(pattern):
    found = cost(pattern)
    assert found is not None
    assert found.steps(200) < 1e8
    search(pattern, "abc")


def test_given_several_open_repetitions_when_the_text_is_long_then_it_is_refused_and_short_ones_run():
    pattern = ".*a.*b.*c"
    assert search(pattern, "xxaxxbxxc")
    with pytest.raises(FhirPathError, match="fhirpath.costly-pattern"):
        search(pattern, "x" * 5_000)


def test_given_a_deterministic_anchored_pattern_when_the_text_is_long_then_it_runs():
    assert search("^[a-z]*$", "x" * 1_000_000)
    assert full("([a-z]+,)*[a-z]+", ",".join(["word"] * 1_000))


def test_given_a_long_pattern_when_compiled_then_it_is_refused():
    with pytest.raises(FhirPathError, match="fhirpath.pattern-too-long"):
        search("a" * 1_001, "a")


def test_given_the_patterns_of_the_standard_when_judged_then_all_of_its_rules_can_run():
    rules = [rule for kind in definitions().types.values() for rule in kind.invariants if "matches(" in rule.expression.lower()]
    assert len({rule.key for rule in rules}) > 5
    for rule in rules:
        compile(rule.expression)
    assert search("^http:\\/\\/hl7\\.org\\/fhirpath\\/System\\.[A-Z][A-Za-z]+$", "http://hl7.org/fhirpath/System.String")
    names = "[^\\s\\.,:;\\'\"\\/|?!@#$%&*()\\[\\]{}]{1,64}"
    assert full(f"{names}(\\.{names}(\\[x\\])?(\\:[^\\s\\.]+)?)*", "Observation.value[x].coding")


patterns = st.recursive(
    st.sampled_from(["a", "b", "[ab]", ".", "\\w", "[^b]", "ab"]),
    lambda inner: st.one_of(
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["*", "+", "?", "{2,3}", "{30}", "{0,200}", "*?"])),
    ),
    max_leaves=6,
)


@given(patterns, st.sampled_from(["", "^"]), st.sampled_from(["$", "!$"]))
def test_given_any_pattern_that_is_let_through_when_it_fails_late_then_it_still_ends(pattern, before, after):
    whole = before + pattern + after
    if cost(whole) is not None:
        for text in ("a" * 30 + "c", "ab" * 15 + "c", "a" * 15 + "b" * 15 + "!"):
            search(whole, text)
