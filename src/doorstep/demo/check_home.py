"""The walk back home: the township takes the patient over, the family doctor follows up, the resident is heard."""

from __future__ import annotations

import re
from typing import Final

from doorstep.demo.walking import Walking

_LINK: Final = re.compile(r"/voice/[A-Za-z0-9._-]{20,}/")
_HERE: Final = "Organization/shiqiao"


def take_over(walk: Walking) -> None:
    """The plan of the hospital stands in the township's list; accepting it closes the referral that led there."""
    status, bundle = walk.fhir(f"Task?code=down&patient=Patient/{walk.resident.id}&_sort=-_lastUpdated")
    walk.down = bundle["entry"][0]["resource"]["id"]
    walk.stands(walk.down, "sent", "requested", _HERE)
    walk.expect((status, walk.down in walk.at("zhangmin", "/w/mine/").text), (200, True))
    page = walk.at("zhangmin", f"/t/{walk.down}/")
    walk.expect(walk.text("homeward") in page.text, True)
    walk.expect(walk.person("zhangmin").submit(page, "/accept/", {}).status, 200)
    walk.stands(walk.down, "accepted", "accepted", _HERE)
    walk.stands(walk.green, "closed", "completed", "")


def follow_up(walk: Walking) -> None:
    """An absurd value is asked for again; the visit that the plan wanted is the end of the down-referral."""
    _, bundle = walk.fhir(f"Task?code=plan&status=requested&patient=Patient/{walk.resident.id}&_sort=-_lastUpdated")
    visits = [each["resource"] for each in bundle["entry"] if _kind(each["resource"]) == "visit"]
    item = visits[0]["id"]
    walk.expect(item in walk.at("chenxiaomei", "/follow/?what=").text, True)
    page = walk.at("chenxiaomei", f"/follow/{item}/")
    said: dict[str, str | list[str]] = {"way": "home", "systolic": "136", "diastolic": "84", "same": "1"}
    walk.expect(walk.person("chenxiaomei").submit(page, "/record/", {**said, "systolic": "1360"}).status, 422)
    walk.expect(walk.person("chenxiaomei").submit(page, "/record/", said).status, 200)
    walk.stands(item, "done", "completed", "")
    walk.stands(walk.down, "done", "completed", "")


def voice(walk: Walking) -> None:
    """The desk asks about the finished visit; the resident answers once, on a page that needs no account."""
    page = walk.person("zhangmin").submit(walk.at("zhangmin", f"/v/{walk.visit}/"), "/finish/", {})
    walk.expect(page.status, 200)
    asked = walk.person("wangfang").submit(
        walk.at("wangfang", f"/desk/voice/?number={walk.resident.number}"), "/invite/", {"encounter": walk.visit}
    )
    walk.expect(asked.status, 200)
    link = _LINK.findall(asked.text)[0]
    resident = walk.anybody()
    form = resident.get(link)
    walk.expect(resident.submit(form, link, {}).status, 422)
    walk.expect(resident.submit(form, link, {"score": "3"}).status, 200)
    walk.expect(resident.get(link).status, 404)


def _kind(task: dict[str, object]) -> str:
    boxes = task.get("input", [])
    assert isinstance(boxes, list)
    return next((str(each["valueString"]) for each in boxes if each["type"]["coding"][0]["code"] == "kind"), "")
