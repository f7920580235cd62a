"""The main line from outside: the pages as people use them, and the FHIR interface as a system does.

A township doctor opens a visit, orders a test, the laboratory reports, the doctor refers, the hospital accepts and
returns the patient with a plan, the township acknowledges; an institution that has nothing to do with it sees nothing.
Each step is printed with "ok" or "failed"; what follows a failed step is not tried.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from doorstep import locale_text
from doorstep.demo import check_centre, check_figures, check_home, check_house
from doorstep.demo.browser import Browser, Page
from doorstep.demo.opening import day_of
from doorstep.demo.people import actor, data, main_resident
from doorstep.demo.population import SEED
from doorstep.demo.walking import TASK
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import HOME
from doorstep.terms.recognition import scopes

_EARLIER = re.compile(r'name="look" value="(RFT DiagnosticReport/[A-Za-z0-9.-]+)"')
_ALARM = re.compile(r'data-alarm="([A-Za-z0-9-]+)\.')
_REFERRAL = re.compile(r"/referral/([A-Za-z0-9.-]+)/")
_VISIT = re.compile(r"/v/([A-Za-z0-9.-]+)/")


class Failed(Exception):
    """A step did not come out as it should."""


class Walk:
    """One walk: who is signed in where, and what has been made so far."""

    def __init__(self, base_url: str, data_dir: Path, database: str = "") -> None:
        self.base = base_url.rstrip("/")
        self._passwords: dict[str, str] = json.loads((data_dir / "demo-accounts.json").read_text("utf-8"))
        url = database or f"sqlite:///{data_dir}"
        store = stores.open(url, exclusive=False) if url.startswith("sqlite") else stores.open(url)
        try:
            self._token = store.issue_token("check", SYSTEM, ttl=900)
            self._stranger = store.issue_token("check-stranger", actor("hejing"), ttl=900)
            self.resident = main_resident(day_of(store), seed=SEED)
        finally:
            store.close()
        self._people: dict[str, Browser] = {}
        self.visit = self.order = self.referral = self.study = self.green = self.down = self.since = ""
        self.before: dict[str, int] = {}

    # -- the steps, in order

    def interface(self) -> None:
        """The FHIR interface wants a token, and answers with one."""
        _expect(self.fhir("Patient", token="")[0], 401)
        status, bundle = self.fhir(f"Patient?identifier=urn:oid:2.16.156.10011.1.3|{self.resident.number}")
        _expect((status, len(bundle["entry"])), (200, 1))
        _expect(bundle["entry"][0]["resource"]["name"][0]["text"], self.resident.name)

    def sign_in(self) -> None:
        """A wrong password is refused, a right one leads to the doctor's page."""
        browser = Browser(self.base)
        page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": "zhangmin", "password": "wrong"})
        _expect(page.status, 403)
        _expect(self.at("zhangmin", "/").address, f"{self.base}/clinic/")

    def open_visit(self) -> None:
        """The doctor finds the resident by number and opens a visit."""
        doctor = self.person("zhangmin")
        found = doctor.submit(doctor.get("/clinic/"), "/clinic/find/", {"number": self.resident.number})
        given: dict[str, str | list[str]] = {"complaint": self.text("complaint"), "presence": "identity"}
        opened = doctor.submit(found, f"/clinic/open/{self.resident.id}/", given)
        self.visit = _found(_VISIT, opened.address)
        status, encounter = self.fhir(f"Encounter/{self.visit}")
        _expect((status, encounter["status"], encounter["serviceProvider"]["reference"]),
                (200, "in-progress", "Organization/shiqiao"))  # fmt: skip

    def place_order(self) -> None:
        """The doctor orders a test; the laboratory is the next actor and has a deadline."""
        page = self.at("zhangmin", f"/v/{self.visit}/")
        lines: dict[str, str | list[str]] = {
            "line": ["RFT"], "priority.RFT": "urgent", "why.RFT": "04", "explained.RFT": "yes",
        }  # fmt: skip
        page = self.person("zhangmin").submit(page, "/sign/", lines)
        self.order = self.new_task(page)
        self.stands(self.order, "ordered", "requested", "Organization/laboratory")

    def release_report(self) -> None:
        """A result without a number is refused with its box named; the right one completes the laboratory's part."""
        technician, page = self.person("wanglei"), self.at("wanglei", f"/t/{self.order}/")
        wrong = technician.submit(page, "/report/", {"result.14682-9": "182"})
        _expect(wrong.status, 422)
        results: dict[str, str | list[str]] = {
            "result.14682-9": "182", "result.22664-7": "12.40", "result.14933-6": "466",
        }  # fmt: skip
        _expect(technician.submit(page, "/report/", results).status, 200)
        self.stands(self.order, "reported", "in-progress", "Organization/shiqiao")
        raw = self.fhir_text(f"Observation?subject=Patient/{self.resident.id}&code=22664-7&_sort=-date&_count=1")
        _expect('"value":12.40' in raw.replace(" ", ""), True)

    def read_report(self) -> None:
        """The doctor sees the result in the visit and marks it as read."""
        page = self.at("zhangmin", f"/v/{self.visit}/")
        _expect("12.40" in page.text, True)
        page = self.person("zhangmin").submit(self.at("zhangmin", f"/t/{self.order}/"), "/acknowledge/", {})
        _expect(page.status, 200)
        self.stands(self.order, "read", "completed", "")

    def send_referral(self) -> None:
        """Without consent the referral is refused; with it the hospital is the next actor."""
        doctor, page = self.person("zhangmin"), self.at("zhangmin", f"/refer/{self.visit}/")
        sheet: dict[str, str | list[str]] = {
            "way": "refer", "specialty": "nephrology", "priority": "urgent", "impression": self.text("impression"),
            "illness": self.text("illness"), "to": "Organization/hospital nephrology ",
        }  # fmt: skip
        _expect(doctor.submit(page, "/send/", sheet).status, 422)
        self.referral = _found(_REFERRAL, doctor.submit(page, "/send/", {**sheet, "consent": "yes"}).address)
        self.stands(self.referral, "sent", "requested", "Organization/hospital")

    def only_the_receiver(self) -> None:
        """The sender cannot accept its own referral."""
        page = self.at("zhangmin", f"/t/{self.referral}/")
        _expect(self.person("zhangmin").post_as(page, f"/t/{self.referral}/accept/", {"place": "1"}).status, 403)
        self.stands(self.referral, "sent", "requested", "Organization/hospital")

    def accept(self) -> None:
        """The hospital accepts, once."""
        desk, page = self.person("zhaoqian"), self.at("zhaoqian", f"/t/{self.referral}/")
        _expect(desk.submit(page, "/accept/", {"place": self.text("place")}).status, 200)
        _expect(desk.submit(page, "/accept/", {"place": self.text("place")}).status, 409)
        self.stands(self.referral, "accepted", "accepted", "Organization/hospital")

    def arrive(self) -> None:
        """The patient arrives."""
        page = self.at("zhaoqian", f"/t/{self.referral}/")
        _expect(self.person("zhaoqian").submit(page, "/arrive/", {}).status, 200)
        self.stands(self.referral, "arrived", "in-progress", "Organization/hospital")

    def give_back(self) -> None:
        """Without a reply the hospital cannot close; with reply and plan the patient goes back."""
        doctor, page = self.person("chenzhiyuan"), self.at("chenzhiyuan", f"/t/{self.referral}/")
        _expect(doctor.submit(page, "/return/", {}).status, 422)
        day = (datetime.now(HOME).date() + timedelta(days=7)).isoformat()
        reply: dict[str, str | list[str]] = {
            "diagnosis": self.text("diagnosis"), "treatment": self.text("treatment"), "advice": self.text("advice"),
            "items[0].text": self.text("plan"), "items[0].by": day,
        }  # fmt: skip
        _expect(doctor.submit(page, "/return/", reply).status, 200)
        self.stands(self.referral, "returned", "in-progress", "Organization/shiqiao")

    def acknowledge(self) -> None:
        """The township acknowledges; the plan is in its list, and the referral is over."""
        page = self.at("zhangmin", f"/t/{self.referral}/")
        _expect(self.text("advice") in page.text, True)
        _expect(self.person("zhangmin").submit(page, "/acknowledge/", {}).status, 200)
        self.stands(self.referral, "closed", "completed", "")
        _expect(self.text("plan") in self.at("zhangmin", "/w/mine/").text, True)

    def stranger(self) -> None:
        """Another township finds none of it: not on the pages, not over FHIR."""
        referral, resident = self.referral, self.resident.id
        pages = (f"/t/{referral}/", f"/v/{self.visit}/", f"/r/{resident}/", f"/p/referral/{referral}/")
        _expect([self.at("hejing", page).status for page in pages], [404] * len(pages))
        addresses = (f"Patient/{self.resident.id}", f"Task/{self.referral}", f"Encounter/{self.visit}")
        _expect([self.fhir(address, token=self._stranger)[0] for address in addresses], [404] * len(addresses))
        status, bundle = self.fhir(f"Observation?patient=Patient/{self.resident.id}", token=self._stranger)
        _expect((status, len(bundle.get("entry", ()))), (200, 0))

    def testimony(self) -> None:
        """Every transition has left one Provenance: who, for which institution, when."""
        status, bundle = self.fhir(f"Provenance?target=Task/{self.referral}&_sort=recorded")
        acts = [entry["resource"]["activity"]["coding"][0]["code"] for entry in bundle["entry"]]
        _expect((status, acts), (200, ["send", "accept", "arrive", "return", "acknowledge"]))

    def recognise(self) -> None:
        """The same test is not ordered twice: the result is used, and what that saved is in the decision."""
        keeper, shelf = self.person("zhouwei"), self.at("zhouwei", "/admin/recognition/")
        passed = {"organization": "Organization/laboratory", "item": "RFT", "scope": scopes()[1], "name": "check",
                  "certificate": "check", "passed": "yes"}  # fmt: skip
        charged = {"organization": "Organization/shiqiao", "item": "RFT", "yuan": "121.90"}
        for act, boxes in (("add-round", passed), ("add-price", charged)):
            _expect(keeper.post_as(shelf, f"/admin/recognition/{act}/", boxes).status, 200)
        doctor, page = self.person("zhangmin"), self.at("zhangmin", f"/v/{self.visit}/")
        again = doctor.submit(page, "/sign/", {"line": ["RFT"]})
        _expect(again.status, 422)
        chosen = _found(_EARLIER, again.text).partition(" ")[2]
        _expect(doctor.submit(again, "/sign/", {"use.RFT": chosen}).status, 200)
        status, bundle = self.fhir(f"Task?code=recognition&business-status=recognised&encounter=Encounter/{self.visit}")
        told = {box["type"]["coding"][0]["code"]: box for box in bundle["entry"][0]["resource"]["input"]}
        _expect((status, told["fen"]["valueString"]), (200, "12190"))

    def critical_value(self) -> None:
        """A critical potassium is released by two, stands on the doctor's page, and is answered with a read-back."""
        doctor, page = self.person("zhangmin"), self.at("zhangmin", f"/v/{self.visit}/")
        before = set(TASK.findall(page.text))
        placed = doctor.submit(page, "/sign/", {"line": ["LYTE"], "priority.LYTE": "stat"})
        task = next(found for found in TASK.findall(placed.text) if found not in before)
        values: dict[str, str | list[str]] = {
            "result.2823-3": "6.80", "result.2951-2": "140", "result.2075-0": "101",
        }  # fmt: skip
        held = self.person("wanglei").submit(self.at("wanglei", f"/t/{task}/"), "/report/", values)
        _expect(held.status, 200)
        self.stands(task, "checking", "in-progress", "Organization/laboratory")
        _expect(self.person("linhua").submit(self.at("linhua", f"/t/{task}/"), "/release/", {}).status, 200)
        alarm = _found(_ALARM, self.at("zhangmin", "/w/sent/").text)
        self.stands(alarm, "notified", "requested", "Organization/shiqiao")
        page = self.at("zhangmin", f"/t/{alarm}/")
        _expect(doctor.submit(page, "/acknowledge/", {"reason": "treat"}).status, 422)
        _expect(doctor.submit(page, "/acknowledge/", {"reason": "treat", "readback": "yes"}).status, 200)
        self.stands(alarm, "acknowledged", "in-progress", "Organization/shiqiao")

    # -- means

    def person(self, account: str) -> Browser:
        """Somebody who is signed in with their password."""
        if account not in self._people:
            browser = Browser(self.base)
            values: dict[str, str | list[str]] = {"username": account, "password": self._passwords[account]}
            page = browser.submit(browser.get("/sign-in/"), "/sign-in/", values)
            _expect(page.status, 200)
            self._people[account] = browser
        return self._people[account]

    def anybody(self) -> Browser:
        """Somebody without an account."""
        return Browser(self.base)

    def at(self, account: str, path: str) -> Page:
        return self.person(account).get(path)

    def new_task(self, page: Page) -> str:
        """The one Task that a visit's page links to."""
        return _found(TASK, page.text)

    def stands(self, task: str, state: str, status: str, owner: str) -> None:
        """A Task's state, FHIR status and next actor; a deadline if and only if somebody has to act."""
        _, found = self.fhir(f"Task/{task}")
        shown = (found["businessStatus"]["coding"][0]["code"], found["status"],
                 found.get("owner", {}).get("reference", ""), "period" in found["restriction"])  # fmt: skip
        _expect(shown, (state, status, owner, bool(owner)))

    def fhir(self, address: str, *, token: str | None = None) -> tuple[int, dict[str, Any]]:
        status, text = self._ask(address, self._token if token is None else token)
        return status, json.loads(text)

    def fhir_text(self, address: str) -> str:
        return self._ask(address, self._token)[1]

    def expect(self, found: object, wanted: object) -> None:
        _expect(found, wanted)

    def text(self, what: str) -> str:
        """What a person of the story types."""
        return str(data("story")[what])

    def _ask(self, address: str, token: str) -> tuple[int, str]:
        headers = {"Accept": "application/fhir+json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{self.base}/fhir/{address}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()


STEPS = (
    (Walk.interface, "demo.check-interface"),
    (Walk.sign_in, "demo.check-sign-in"),
    (check_figures.count, "demo.check-count"),
    (Walk.open_visit, "demo.check-open-visit"),
    (Walk.place_order, "demo.check-order"),
    (Walk.release_report, "demo.check-report"),
    (Walk.read_report, "demo.check-read"),
    (check_centre.record, "demo.check-record"),
    (check_centre.read, "demo.check-trace"),
    (Walk.send_referral, "demo.check-refer"),
    (Walk.only_the_receiver, "demo.check-only-receiver"),
    (Walk.accept, "demo.check-accept"),
    (Walk.arrive, "demo.check-arrive"),
    (Walk.give_back, "demo.check-return"),
    (Walk.acknowledge, "demo.check-acknowledge"),
    (Walk.stranger, "demo.check-stranger"),
    (Walk.testimony, "demo.check-testimony"),
    (Walk.recognise, "demo.check-recognise"),
    (Walk.critical_value, "demo.check-critical"),
    (check_house.green, "demo.check-green"),
    (check_house.stay, "demo.check-stay"),
    (check_home.take_over, "demo.check-take-over"),
    (check_home.follow_up, "demo.check-follow-up"),
    (check_home.voice, "demo.check-voice"),
    (check_figures.moved, "demo.check-figures"),
)


def run(base_url: str, data_dir: Path | str, *, database: str = "") -> int:
    """Walk the main line on a running demo; 0 when every step is ok."""
    walk = Walk(base_url, Path(data_dir), database)
    for number, (step, key) in enumerate(STEPS, 1):
        try:
            step(walk)
        except (Failed, LookupError, StopIteration, OSError, ValueError) as wrong:
            _say(f"failed {number:2d}  {_text(key)}\n           {type(wrong).__name__}: {wrong}")
            return 1
        _say(f"ok     {number:2d}  {_text(key)}")
    _say(_text("demo.check-done", n=len(STEPS)))
    return 0


def _expect(found: object, wanted: object) -> None:
    if found != wanted:
        raise Failed(f"{found!r} != {wanted!r}")


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    if match is None:
        raise Failed(pattern.pattern)
    return match[1]


def _text(key: str, **params: Any) -> str:
    return locale_text.text(key, params, locale_text.language(os.environ.get("LANG", "").replace("_", "-")))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
