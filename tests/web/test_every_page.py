"""Given every address of the pages, when it is asked by somebody whom it is not for, then its rule refuses; one without a rule fails.

The table (page_rules.py) is read against the addresses themselves, so that a page that is added without a rule is found.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, get_resolver

from doorstep.web.accounts.models import Account
from tests.district import who
from tests.web.conftest import PASSWORD, Door
from tests.web.page_rules import (
    ASKING_WHY,
    BENCH,
    CARERS,
    CARRYING,
    COORDINATORS,
    DEMO,
    DESKS,
    FIGURES,
    FRONT,
    LIBRARY,
    MACHINE,
    OFFICER,
    OFFICES,
    PEOPLE,
    REGISTERING,
    RESIDENTS,
    REVIEWING,
    RULES,
    SAVINGS,
    SECURITY,
    SOMEBODY,
    SOMEONE,
    STAFF,
    TAKING,
    TOWNSHIP,
    WARDS,
    WEEKS,
)

REFUSED: dict[str, dict[str, str]] = {
    SOMEONE: {"nobody": "sign in"},
    SOMEBODY: {"nobody": "sign in"},
    STAFF: {"nobody": "sign in", "resident": "refused"},
    TOWNSHIP: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    PEOPLE: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "zhangmin": "refused"},
    SECURITY: {"nobody": "sign in", "resident": "refused", "fengkai": "refused", "zhangmin": "refused"},
    OFFICER: {"nobody": "sign in", "resident": "refused", "zhangmin": "refused", "wugang": "refused"},
    ASKING_WHY: {"nobody": "sign in", "resident": "refused", "zhangmin": "refused", "fengkai": "refused"},
    REGISTERING: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    FRONT: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    COORDINATORS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "liting": "refused"},
    DESKS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "zhangmin": "refused"},
    WEEKS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "zhangmin": "refused"},
    REVIEWING: {"nobody": "sign in", "resident": "refused", "wanglei": "refused"},
    RESIDENTS: {"nobody": "sign in", "zhangmin": "refused", "wugang": "refused"},
    SAVINGS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "xujing": "refused"},
    FIGURES: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "xujing": "refused"},
    LIBRARY: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "zhangmin": "refused"},
    OFFICES: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    CARERS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    WARDS: {"nobody": "sign in", "resident": "refused", "wanglei": "refused", "wugang": "refused"},
    BENCH: {"nobody": "sign in", "resident": "refused", "zhangmin": "refused", "wugang": "refused"},
    TAKING: {"nobody": "sign in", "resident": "refused", "xujing": "refused", "wugang": "refused"},
    CARRYING: {"nobody": "sign in", "resident": "refused", "xujing": "refused", "wugang": "refused"},
    DEMO: {"nobody": "absent", "zhangmin": "absent", "wugang": "absent"},
}
"""Rule -> who -> what they get, whatever they ask."""
LET_IN = {BENCH: "wanglei", TAKING: "zhangmin", CARRYING: "zhangmin", SOMEONE: "resident", SOMEBODY: "resident", STAFF: "wanglei", TOWNSHIP: "zhangmin", PEOPLE: "wugang fengkai", SECURITY: "wugang",
          OFFICER: "xujing", ASKING_WHY: "xujing", REGISTERING: "liting", REVIEWING: "liting", FRONT: "liting", DESKS: "liting", COORDINATORS: "zhangmin", WEEKS: "fengkai", RESIDENTS: "resident",
          WARDS: "zhangmin", SAVINGS: "zhangmin", LIBRARY: "wugang", FIGURES: "zhouwei", CARERS: "zhangmin", OFFICES: "liting"}
"""Rule -> people of whom it does not refuse all: the control."""


def addresses(patterns: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """(address, view) of everything below."""
    for each in patterns:
        if isinstance(each, URLPattern):
            yield before + str(each.pattern), each.callback
        else:
            yield from addresses(each.url_patterns, before + str(each.pattern))


def ask(client: Any, address: str, method: str) -> str:
    path = "/" + re.sub(r"<[^>]+>", "nothing", address)
    answer = getattr(client, method)(path)
    assert answer.status_code < 500, (method, path, answer.status_code)
    if answer.status_code == 302 and answer["Location"].startswith("/sign-in/?"):
        return "sign in"
    return {403: "refused", 404: "absent", 405: "no such method"}.get(answer.status_code, "let in")


@pytest.fixture
def everybody(door: Door) -> dict[str, Any]:
    Account.objects.make("resident", PASSWORD, f"Patient/{who().id}")
    found = {name: door.enter(name) for name in ("resident", "zhangmin", "wanglei", "fengkai", "wugang", "xujing", "liting", "zhouwei")}
    door.prove_factors()
    return {"nobody": door.client(), **found}


@pytest.fixture
def district_url(district_on_one_engine: str) -> str:
    """Who may open a page is the same on every engine."""
    return district_on_one_engine


def test_every_address_has_a_rule_and_every_rule_an_address(door: Door) -> None:
    there = {address for address, _ in addresses(get_resolver().url_patterns)}
    assert sorted(there - RULES.keys()) == [], "a new page needs its line in tests/web/page_rules.py"
    assert sorted(RULES.keys() - there) == []


def test_every_page_refuses_whom_it_is_not_for(everybody: dict[str, Any]) -> None:
    wrong = []
    for address, rule in RULES.items():
        for name, expected in REFUSED.get(rule, {}).items():
            got = {ask(everybody[name], address, method) for method in ("get", "post")} - {"no such method"}
            if got != {expected}:
                wrong.append((address, name, expected, got))
    assert wrong == []


def test_no_page_refuses_everybody(everybody: dict[str, Any]) -> None:
    """The control: a guard that refused all would pass the test above."""
    leaving = ("me/devices/end/",)
    wrong = []
    for address, rule in RULES.items():
        if rule in LET_IN and address not in leaving:
            got = {ask(everybody[name], address, method) for name in LET_IN[rule].split() for method in ("get", "post")}
            if not got & {"let in", "absent"}:
                wrong.append((address, got))
    assert wrong == []


def test_every_form_needs_its_token_except_where_programs_speak(everybody: dict[str, Any], door: Door) -> None:
    careful = door.client(enforce_csrf_checks=True)
    careful.cookies = everybody["zhangmin"].cookies
    for address, view in addresses(get_resolver().url_patterns):
        path = "/" + re.sub(r"<[^>]+>", "nothing", address)
        exempt = bool(getattr(view, "csrf_exempt", False))
        assert not exempt or RULES[address] == MACHINE, f"{address} takes forms without a token"
        if not exempt:
            assert careful.post(path).status_code == 403, address
    assert everybody["zhangmin"].get("/clinic/").status_code == 200


def test_a_form_without_its_token_is_refused_in_words(everybody: dict[str, Any], door: Door) -> None:
    answer = door.client(enforce_csrf_checks=True).post("/sign-in/")
    assert answer.status_code == 403
    assert "请重新打开页面" in answer.content.decode()
