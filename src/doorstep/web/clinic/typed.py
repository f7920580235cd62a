"""What a visit's form holds, as it was typed: from a request or a draft, and as the sheet that a signature takes.

Only names that the form has are taken, each with a bounded number of values, so that a draft holds nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from doorstep.journeys.ordering import Line
from doorstep.journeys.visiting import Sheet, Used
from doorstep.kernel.errors import Invalid
from doorstep.terms.visit_forms import BOXES
from doorstep.workflows.diagnosis import Diagnosed
from doorstep.workflows.prescription import Written
from doorstep.workflows.recognition import Redo
from doorstep.workflows.visit import Findings

SIGNS: Final = ("systolic", "diastolic", "heart_rate", "temperature", "oxygen", "weight")
FREE: Final = "text:"
"""What a diagnosis begins with that is words alone."""
_LISTS: Final = ("dx", "dx_sure", "line", "drug", "quote")
_SINGLE: Final = (*BOXES, *SIGNS, "dx_main", "confirmed", "valid")
_BY_CODE: Final = re.compile(
    r"(?:priority|centre|use|critical|why|explained|dose|route|frequency|days|advice|override)\.[A-Z0-9]{1,12}\Z"
)
_MOST: Final = 40


class Typed:
    """Box -> values. ``one`` and ``all`` read, ``put`` and ``drop`` change; nothing else is kept."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self.values: dict[str, list[str]] = {
            name: [str(each) for each in found][:_MOST] for name, found in values.items()
            if name in _LISTS or name in _SINGLE or _BY_CODE.match(name)
        }  # fmt: skip

    def one(self, name: str, usual: str = "") -> str:
        found = self.values.get(name)
        return found[-1] if found else usual

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def put(self, name: str, *values: str) -> None:
        self.values[name] = list(values)

    def add(self, name: str, value: str) -> bool:
        """Add a value to a list; False when it is there already or the list is full."""
        if value in self.all(name) or len(self.all(name)) >= _MOST:
            return False
        self.values.setdefault(name, []).append(value)
        return True

    def drop(self, name: str, value: str) -> None:
        self.values[name] = [each for each in self.all(name) if each != value]

    def forget(self, code: str, parts: Iterable[str]) -> None:
        """What was said about a line that is gone."""
        for part in parts:
            self.values.pop(f"{part}.{code}", None)

    @property
    def empty(self) -> bool:
        return not any(each.strip() for found in self.values.values() for each in found)


def posted(data: Any) -> Typed:
    """What a request carries."""
    return Typed({name: data.getlist(name) for name in data})


def beginning(encounter: Mapping[str, Any], *, signed: bool) -> Typed:
    """An empty form: the complaint is what the visit was opened with, until a note was signed."""
    said = str(encounter.get("reasonCode", [{}])[0].get("text", ""))
    return Typed({} if signed else {"complaint": [said]})


def sheet(typed: Typed) -> Sheet:
    """The form as the command takes it; what cannot be read is refused by its box."""
    used = tuple(Used(code, typed.one(f"use.{code}"), typed.one(f"critical.{code}") == "yes")
                 for code in typed.all("line") if typed.one(f"use.{code}"))  # fmt: skip
    taken = {each.item for each in used}
    return Sheet(
        {box: typed.one(box) for box in BOXES}, Findings(**{box: typed.one(box) for box in SIGNS}),
        diagnosed(typed), used, tuple(_line(typed, code) for code in typed.all("line") if code not in taken),
        written(typed), tuple(typed.all("quote")), typed.one("confirmed") == "yes", _valid(typed.one("valid", "1")),
    )  # fmt: skip


def diagnosed(typed: Typed) -> tuple[Diagnosed, ...]:
    """The diagnoses of the form, the first the main one until another is chosen."""
    main = typed.one("dx_main") or next(iter(typed.all("dx")), "")
    return tuple(
        Diagnosed("" if each.startswith(FREE) else each, each.removeprefix(FREE) if each.startswith(FREE) else "",
                  confirmed=each in typed.all("dx_sure"), main=each == main)
        for each in typed.all("dx")
    )  # fmt: skip


def written(typed: Typed) -> tuple[Written, ...]:
    """The prescription lines of the form."""
    return tuple(
        Written(code, typed.one(f"dose.{code}"), typed.one(f"route.{code}"), typed.one(f"frequency.{code}"),
                typed.one(f"days.{code}"), typed.one(f"advice.{code}"), typed.one(f"override.{code}"))
        for code in typed.all("drug")
    )  # fmt: skip


def _line(typed: Typed, code: str) -> Line:
    why = typed.one(f"why.{code}")
    redo = Redo(why, typed.one(f"explained.{code}") == "yes") if why else None
    return Line(code, typed.one(f"centre.{code}"), typed.one(f"priority.{code}", "routine"), redo=redo)


def _valid(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 2:
        raise Invalid("prescription.valid-days", element="valid")
    return int(text)
