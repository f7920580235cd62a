"""What recognition of results rests on: windows by item, quality rounds and labels of laboratories, dated prices.

Windows are policies ("recognise.window.RFT"). What a laboratory has passed and what an institution charges stand in one
Library an institution, written by commands; a label is never longer than the policy after the last round it passed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from doorstep.kernel import exact
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import own_rules, systems
from doorstep.terms.catalogue import Test, orderables
from doorstep.terms.policies import policies, policy

PRICE: Final = f"{systems.BASE}/ext/recognition-price"
ROUND: Final = f"{systems.BASE}/ext/recognition-round"
RETRACTED: Final = f"{systems.BASE}/ext/recognition-retracted"
"""On a report whose issuer has taken its recognition back."""
WINDOW: Final = "recognise.window."


@dataclass(frozen=True, slots=True)
class Price:
    """What an institution charges for an item from a day on, in fen (1/100 yuan)."""

    code: str
    fen: int
    since: date


@dataclass(frozen=True, slots=True)
class Round:
    """One external quality evaluation of one item: which, its certificate, the day of its verdict, whether passed."""

    code: str
    scope: str
    name: str
    certificate: str
    on: date
    passed: bool


@dataclass(frozen=True, slots=True)
class Label:
    """What may be printed at an item: scope, and until (and including) which day."""

    scope: str
    certificate: str
    until: date


@cache
def scopes() -> tuple[str, ...]:
    """The printed scopes of a label: national, of the agreeing areas, of the municipality."""
    known = json.loads(files(__package__).joinpath("data/recognition.json").read_text("utf-8"))
    return tuple(known["scopes"])


def items(on: date, reads: Reads | None = None) -> dict[str, tuple[Test, int]]:
    """Item -> (test, window in days), of what is recognised on a day."""
    keys = {row.key for row in policies()}
    return {code: (test, policy(WINDOW + code, on=on, reads=reads).amount)
            for code, test in orderables().items() if WINDOW + code in keys}  # fmt: skip


def library_id(organization: str) -> str:
    return f"recognition.{Ref.parse(organization).id}"


def prices(reads: Reads, organization: str) -> list[Price]:
    """The price list with its history, oldest first."""
    found = [Price(part["item"], int(part["fen"]), date.fromisoformat(part["since"]))
             for part in _rows(reads, organization, PRICE)]  # fmt: skip
    return sorted(found, key=lambda row: (row.since, row.code))


def price(reads: Reads, organization: str, code: str, on: date) -> int | None:
    """What an institution charges for an item on a day, in fen; None when its list does not say."""
    known = [row.fen for row in prices(reads, organization) if row.code == code and row.since <= on]
    return known[-1] if known else None


def rounds(reads: Reads, organization: str) -> list[Round]:
    """The quality evaluations of a laboratory, oldest first."""
    found = [Round(part["item"], part["scope"], part["name"], part["certificate"], date.fromisoformat(part["on"]),
                   part["passed"] == "yes") for part in _rows(reads, organization, ROUND)]  # fmt: skip
    return sorted(found, key=lambda row: (row.on, row.code))


def label(reads: Reads, organization: str, code: str, on: date) -> Label | None:
    """The label of a laboratory for an item on a day: by the last verdict until then, while it is fresh."""
    known = [row for row in rounds(reads, organization) if row.code == code and row.on <= on]
    if not known or not known[-1].passed:
        return None
    last = known[-1]
    until = last.on + timedelta(days=policy("recognise.label", on=on, reads=reads).amount)
    return Label(last.scope, last.certificate, until) if on <= until else None


def retracted(report: dict[str, Any]) -> bool:
    """Whether the issuer has taken the recognition of this one report back."""
    return any(each.get("url") == RETRACTED for each in report.get("extension", ()))


def _rows(reads: Reads, organization: str, url: str) -> list[dict[str, str]]:
    body = own_rules.text(reads, library_id(organization))
    library: dict[str, Any] = exact.decode(body) if body else {}
    return [{part["url"]: part["valueString"] for part in each["extension"]}
            for each in library.get("extension", ()) if each["url"] == url]  # fmt: skip
