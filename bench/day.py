"""A day of the district at ten times its speed, over HTTP: ``python -m bench.day [--engine sqlite] [--minutes 1]``.

What a working day of 8 hours brings (2,000 visits; an order in one of three, a referral in one of a hundred and fifty)
comes in 48 minutes, or the same rate for as many minutes as are asked. Doctors, laboratory and the referral office sit
at their pages: forms are read and sent as a browser does. For each act its number, p50, p95 and what failed, and the
95th percentile of all; the floor of an act's ratio is the same act done by one person alone, before the day begins.
"""

from __future__ import annotations

import argparse
import queue
import random
import re
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from bench import engines
from bench.figures import Figure, Table
from bench.processes import Process, doorstep, free_port
from bench.product import where, workers
from doorstep.demo.browser import Browser, Page
from doorstep.demo.people import data
from doorstep.kernel import store as stores
from tests.district import put_district, who

PASSWORD: Final = "bench 0 correct horse"
VISITS: Final = 2000
HOURS: Final = 8
SPEED: Final = 10
RESIDENTS: Final = 400
DOCTORS: Final = ("zhangmin", "liuyang", "hejing", "tangyong")
OTHERS: Final = ("wanglei", "linhua", "zhaoqian")
RESULTS: Final = {"result.14682-9": "92", "result.22664-7": "5.40", "result.14933-6": "310"}
SHEET: Final = {
    "way": "refer", "priority": "routine", "specialty": "nephrology", "impression": "慢性肾脏病3期",
    "illness": "肌酐升高", "consent": "yes", "to": "Organization/hospital nephrology ",
}  # fmt: skip
_REFERRAL: Final = re.compile(r"/referral/([\w-]+)/")
_VISIT: Final = re.compile(r"/v/([\w-]+)/")


class Failed(Exception):
    """An act did not lead where it should; says where it ended."""


class Day:
    """The work that waits, and what each act took."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.spent: dict[str, list[float]] = defaultdict(list)
        self.failed: dict[str, list[str]] = defaultdict(list)
        self.orders: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.arrivals: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.referrals: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.over = threading.Event()

    def enter(self, account: str) -> Browser:
        browser = Browser(self.base)
        page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": account, "password": PASSWORD})
        if page.status != 200:
            raise Failed(f"{account} could not sign in: {page.status}")
        return browser

    def visit(self, doctor: Browser, index: int, dice: random.Random, *, refer: bool = False) -> None:
        """One resident: found, seen, sometimes tested or referred, and the visit ended."""
        resident = who(index)
        clinic = self._timed("clinic page", doctor.get, "/clinic/")
        found = self._timed("find", doctor.submit, clinic, "/clinic/find/", {"number": resident.number})
        begun = self._timed("open visit", doctor.submit, found, f"/clinic/open/{resident.id}/",
                            {"complaint": "复诊", "presence": "identity"})  # fmt: skip
        visit = _VISIT.search(begun.address)
        if visit is None:
            raise Failed(f"open visit ended at {begun.address}")
        page = self._timed("visit page", doctor.get, f"/v/{visit[1]}/")
        self._timed("record page", doctor.get, f"/r/{resident.id}/")
        if dice.random() < 1 / 3:
            placed = self._timed("sign orders", doctor.submit, page, "/sign/", {"line": ["RFT"]})
            for task in dict.fromkeys(re.findall(r"/t/([\w-]+)/", placed.text)):
                self.orders.put(task)
        if refer or dice.random() < 1 / 150:
            self.refer(doctor, visit[1])
        page = self._timed("visit page", doctor.get, f"/v/{visit[1]}/")
        self._timed("end visit", doctor.submit, page, "/finish/", {})
        self._timed("list", doctor.get, "/w/mine/")

    def refer(self, doctor: Browser, visit: str) -> None:
        """To the hospital's nephrology, through the dialog."""
        dialog = self._timed("referral dialog", doctor.get, f"/refer/{visit}/")
        sent = self._timed("send referral", doctor.submit, dialog, "/send/", SHEET)
        found = _REFERRAL.search(sent.address)
        if found is None:
            raise Failed(f"send referral ended at {sent.address}")
        self.referrals.put(found[1])

    def answer(self, office: Browser, task: str) -> None:
        """The referral office: its list, the sheet, a place."""
        self._timed("list", office.get, "/w/referrals/")
        page = self._timed("referral page", office.get, f"/referral/{task}/")
        self._timed("accept referral", office.submit, page, "/accept/", {"place": "肾内科门诊 2 诊室"})

    def report(self, technician: Browser, task: str) -> None:
        """The laboratory: its list, the order, the result."""
        self._timed("list", technician.get, "/w/orders/")
        page = self._timed("order page", technician.get, f"/t/{task}/")
        self._timed("report", technician.submit, page, "/report/", RESULTS)

    def doctor(self, account: str, seed: int) -> None:
        dice, browser = random.Random(seed), self.enter(account)
        while not self.over.is_set():
            try:
                index = self.arrivals.get(timeout=0.2)
            except queue.Empty:
                continue
            self._guarded("visit", self.visit, browser, index, dice)

    def technician(self, account: str) -> None:
        browser = self.enter(account)
        while not (self.over.is_set() and self.orders.empty()):
            try:
                task = self.orders.get(timeout=0.2)
            except queue.Empty:
                continue
            self._guarded("report", self.report, browser, task)

    def office(self, account: str) -> None:
        """The referral office answers what has come, else looks at its list: every ten seconds of the day."""
        browser = self.enter(account)
        while not (self.over.wait(1) and self.referrals.empty()):
            try:
                self._guarded("answer", self.answer, browser, self.referrals.get_nowait())
            except queue.Empty:
                self._guarded("list", self._timed, "list", browser.get, "/w/referrals/")

    def _timed(self, act: str, call: object, *given: object) -> Page:
        start = time.perf_counter()
        page = call(*given)  # type: ignore[operator]
        self.spent[act].append(1000 * (time.perf_counter() - start))
        if page.status != 200:
            raise Failed(f"{act}: {page.status} at {page.address}")
        return page  # type: ignore[no-any-return]

    def _guarded(self, what: str, call: object, *given: object) -> None:
        """Somebody whose page fails goes on with the next case; the failure is counted and shown."""
        try:
            call(*given)  # type: ignore[operator]
        except (Failed, LookupError, OSError) as error:
            self.failed[what].append(str(error)[:160])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.day", description=__doc__)
    parser.add_argument("--engine", action="append", choices=engines.ENGINES)
    parser.add_argument("--minutes", type=float, default=HOURS * 60 / SPEED)
    asked = parser.parse_args()
    table, wrong = Table(), 0
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        for name in asked.engine or engines.ENGINES:
            with engines.engine(name, Path(folder)) as engine:
                wrong += _bench(table, engine, Path(folder), asked.minutes)
    return 1 if wrong else 0


def _bench(table: Table, engine: engines.Engine, folder: Path, minutes: float) -> int:
    url = engine.new("day")
    home = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else folder / f"home-{engine.name}"
    home.mkdir(exist_ok=True)
    _fill(url, home)
    port = free_port()
    options = ["--port", str(port), "--roles", "pages,jobs", "--workers", str(workers(url))]
    process = Process(doorstep("serve", *where(url, folder)[:-1], str(home), *options), port=port,
                      log=folder / f"day-{engine.name}.log")  # fmt: skip
    table.section(f"a day at {SPEED} times its speed on {engine.name}, {minutes:g} minutes of it")
    try:
        base = f"http://127.0.0.1:{port}"
        alone = Day(base)
        quiet, dice = alone.enter("zhangmin"), random.Random(1)
        for index in range(6):
            alone.visit(quiet, index, dice, refer=index == 0)
        alone.answer(alone.enter(OTHERS[2]), alone.referrals.get_nowait())
        day = _run(base, minutes)
    finally:
        process.stop()
    for act, spent in sorted(day.spent.items()):
        table.add(_figure(act, spent, alone.spent.get(act, []), engine.name))
    for what, errors in day.failed.items():
        print(f"  {what}: {len(errors)} failed, first: {errors[0]}")
    every = sorted(each for spent in day.spent.values() for each in spent)
    p95 = every[int(len(every) * 0.95)]
    failed = sum(map(len, day.failed.values()))
    visits = len(day.spent["clinic page"])
    print(f"  {len(every):,} pages and forms, p95 of all {p95:.0f} ms; {failed} failed of {visits} visits")
    return failed


def _run(base: str, minutes: float) -> Day:
    """People at their pages, and residents who come at the day's pace, each at a moment of their own."""
    day, dice = Day(base), random.Random(11)
    people = [threading.Thread(target=day.doctor, args=(name, at)) for at, name in enumerate(DOCTORS)]
    people += [threading.Thread(target=day.technician, args=(name,)) for name in OTHERS[:2]]
    people.append(threading.Thread(target=day.office, args=(OTHERS[2],)))
    for person in people:
        person.start()
    rate = VISITS / (HOURS * 3600) * SPEED
    carded = [index for index in range(RESIDENTS) if who(index).number]  # the others are found by a desk
    until, index = time.monotonic() + minutes * 60, 10
    while time.monotonic() < until:
        day.arrivals.put(carded[index % len(carded)])
        index += 1
        time.sleep(dice.expovariate(rate))
    day.over.set()
    for person in people:
        person.join()
    return day


def _figure(act: str, spent: list[float], alone: list[float], engine: str) -> Figure:
    ordered = sorted(spent)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    found = Figure(act, engine, len(DOCTORS) + len(OTHERS), len(ordered), "times", p50=p50,
                   p99=ordered[-1 - len(ordered) // 100], note=f"p95 {p95:.0f} ms")  # fmt: skip
    if not alone:
        return found
    floor = sorted(alone)[len(alone) // 2]
    return found.beside(Figure(act, engine, 1, floor, "ms"), floor / p50)


def _fill(url: str, home: Path) -> None:
    stores.migrate(url)
    store = stores.open(url)
    put_district(store, RESIDENTS)
    store.close()
    from doorstep.web.wsgi import prepare

    prepare(home)
    from doorstep.web.accounts.models import Account

    for row in data("district")["staff"]:
        if row["id"] in (*DOCTORS, *OTHERS):
            Account.objects.make(row["id"], PASSWORD, f"Practitioner/{row['id']}")


if __name__ == "__main__":
    sys.exit(main())
