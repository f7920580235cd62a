"""The walk goes on: a bed, a stay with its outcome, a follow-up, and the alliance's figures that have moved."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Protocol

from doorstep.demo.browser import Browser, Page
from doorstep.demo.people import Resident
from doorstep.kernel.clock import HOME

_BED = re.compile(r'<option value="(hospital-[a-z0-9-]+)"')
_NUMBER = re.compile(r'figure-value"><b class="number">([^<]*)')
_OUTCOME = "/ext/outcome"


class Walking(Protocol):
    """What these steps need of a walk."""

    resident: Resident

    def person(self, account: str) -> Browser: ...

    def at(self, account: str, path: str) -> Page: ...

    def fhir(self, address: str) -> tuple[int, dict[str, Any]]: ...

    def expect(self, found: object, wanted: object) -> None: ...


def stay(walk: Walking) -> None:
    """Without a bed nobody is admitted; into one that is free they are, and leave it better."""
    doctor, page = walk.person("chenzhiyuan"), walk.at("chenzhiyuan", "/ward/admit/")
    given = {"number": walk.resident.number, "diagnosis": "-", "presence": "identity", "source": "direct"}
    walk.expect(doctor.post_as(page, "/ward/admit/", given).status, 422)
    bed = next(iter(_BED.findall(page.text)))
    lies = doctor.post_as(page, "/ward/admit/", {**given, "bed": bed})
    walk.expect(lies.status, 200)
    encounter = lies.address.rstrip("/").rpartition("/")[2]
    leaving = walk.at("chenzhiyuan", f"/ward/{encounter}/discharge/")
    closing: dict[str, str | list[str]] = {
        "outcome": "improved", "disposition": "home", "diagnosis": "-", "course": "-", "advice": "-", "receiver": "",
    }  # fmt: skip
    walk.expect(doctor.submit(leaving, "/discharge/", closing).status, 200)
    _, found = walk.fhir(f"Encounter/{encounter}")
    outcome = next(each["valueCoding"]["code"] for each in found["extension"] if each["url"].endswith(_OUTCOME))
    walk.expect((found["status"], outcome.rpartition(".")[2]), ("finished", "improved"))


def figures(walk: Walking) -> None:
    """The manager's figure counts the referrals that were sent and opens them as rows; too few to tell are hidden."""
    month = f"{datetime.now(HOME):%Y-%m}"
    page = walk.at("zhouwei", f"/alliance/referral-sent/?period={month}")
    walk.expect(page.status, 200)
    number, rows = _NUMBER.findall(page.text)[0], page.text.count('<td class="mono">')
    walk.expect(rows, 2 * int(number) if number.isdecimal() else 0)
    walk.expect(number in ("", "0"), False)
