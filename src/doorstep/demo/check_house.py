"""The walk goes on: a bed, a stay with its outcome, a follow-up, and the alliance's figures that have moved."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Protocol

from doorstep.demo.browser import Browser, Page
from doorstep.demo.people import Resident
from doorstep.kernel.clock import HOME

_BED = re.compile(r'<option value="(hospital-[a-z0-9-]+)"')
_OFFER = re.compile(r'value="(Organization/hospital nephrology (Location/[A-Za-z0-9.-]+))"')
_CODE = re.compile(r"DSR-[0-9A-Z.-]+")
_NUMBER = re.compile(r'figure-value"><b class="number">([^<]*)')
_OUTCOME = "/ext/outcome"


class Walking(Protocol):
    """What these steps need of a walk."""

    resident: Resident
    visit: str

    def person(self, account: str) -> Browser: ...

    def at(self, account: str, path: str) -> Page: ...

    def fhir(self, address: str) -> tuple[int, dict[str, Any]]: ...

    def stands(self, task: str, state: str, status: str, owner: str) -> None: ...

    def text(self, what: str) -> str: ...

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


def green(walk: Walking) -> None:
    """By the green channel a free bed is asked for, is nobody else's from then on, and the slip's code leads to it."""
    doctor, free = walk.person("zhangmin"), f"/refer/{walk.visit}/free/?specialty=nephrology&priority=stat"
    wanted, bed = _OFFER.findall(walk.at("zhangmin", free).text)[0]
    sheet: dict[str, str | list[str]] = {
        "way": "refer", "priority": "stat", "specialty": "nephrology", "kind": "general", "later": "yes", "to": wanted,
        "impression": walk.text("impression"), "illness": walk.text("illness"),
    }  # fmt: skip
    sent = doctor.submit(walk.at("zhangmin", f"/refer/{walk.visit}/"), "/send/", sheet)
    walk.expect(sent.status, 200)
    task = sent.address.rstrip("/").rpartition("/")[2]
    walk.stands(task, "sent", "requested", "Organization/hospital")
    walk.expect(f'value="{wanted}"' in walk.at("zhangmin", free).text, False)
    page = walk.at("zhaoqian", f"/referral/{task}/")
    walk.expect(walk.person("zhaoqian").submit(page, "/accept/", {"where": bed}).status, 200)
    walk.stands(task, "accepted", "accepted", "Organization/hospital")
    code = _CODE.findall(walk.at("zhangmin", f"/p/referral/{task}/slip/").text)[0]
    arriving = walk.at("liting", f"/arrive/?code={code}")
    walk.expect(walk.person("liting").submit(arriving, "/here/", {"level": "1"}).status, 200)
    walk.stands(task, "arrived", "in-progress", "Organization/hospital")


def figures(walk: Walking) -> None:
    """The manager's figure counts the referrals that were sent and opens them as rows; too few to tell are hidden."""
    month = f"{datetime.now(HOME):%Y-%m}"
    page = walk.at("zhouwei", f"/alliance/referral-sent/?period={month}")
    walk.expect(page.status, 200)
    number, rows = _NUMBER.findall(page.text)[0], page.text.count('<td class="mono">')
    walk.expect(rows, 2 * int(number) if number.isdecimal() else 0)
    walk.expect(number in ("", "0"), False)
