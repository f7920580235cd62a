"""The walk in the hospital: a bed by the green channel, and a stay in it that ends with a plan for home."""

from __future__ import annotations

import re

from doorstep.demo.walking import Walking

_OFFER = re.compile(r'value="(Organization/hospital nephrology (Location/[A-Za-z0-9.-]+))"')
_CODE = re.compile(r"DSR-[0-9A-Z.-]+")
_OUTCOME = "/ext/outcome"


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
    task = walk.green = sent.address.rstrip("/").rpartition("/")[2]
    walk.stands(task, "sent", "requested", "Organization/hospital")
    walk.expect(f'value="{wanted}"' in walk.at("zhangmin", free).text, False)
    page = walk.at("zhaoqian", f"/referral/{task}/")
    walk.expect(walk.person("zhaoqian").submit(page, "/accept/", {"where": bed}).status, 200)
    walk.stands(task, "accepted", "accepted", "Organization/hospital")
    code = _CODE.findall(walk.at("zhangmin", f"/p/referral/{task}/slip/").text)[0]
    arriving = walk.at("liting", f"/arrive/?code={code}")
    walk.expect(walk.person("liting").submit(arriving, "/here/", {"level": "1"}).status, 200)
    walk.stands(task, "arrived", "in-progress", "Organization/hospital")


def stay(walk: Walking) -> None:
    """Without a bed nobody is admitted; into the one that was kept they are, and leave it better, with a plan."""
    doctor, page = walk.person("chenzhiyuan"), walk.at("chenzhiyuan", f"/ward/admit/?referral={walk.green}")
    walk.expect(doctor.submit(page, "/ward/admit/", {"bed": ""}).status, 422)
    lies = doctor.submit(page, "/ward/admit/", {})
    walk.expect(lies.status, 200)
    encounter = lies.address.rstrip("/").rpartition("/")[2]
    leaving = walk.at("chenzhiyuan", f"/ward/{encounter}/discharge/")
    closing: dict[str, str | list[str]] = {
        "outcome": "improved", "disposition": "primary", "diagnosis": walk.text("diagnosis"),
        "course": walk.text("treatment"), "advice": walk.text("homeward"),
    }  # fmt: skip
    walk.expect(doctor.submit(leaving, "/discharge/", closing).status, 200)
    _, found = walk.fhir(f"Encounter/{encounter}")
    outcome = next(each["valueCoding"]["code"] for each in found["extension"] if each["url"].endswith(_OUTCOME))
    walk.expect((found["status"], outcome.rpartition(".")[2]), ("finished", "improved"))
    walk.stands(walk.green, "returned", "in-progress", "Organization/shiqiao")
