"""A list page at 10,000 open Tasks while 1,500 terminals poll: ``python -m bench.worklist [--engine sqlite]``.

One server process a record, pages and background work. A terminal asks its list and its alarms every 15 seconds, as an
open page does; meanwhile list pages are opened one after the other and measured. The floor is the same page with nobody
polling, in the same run. Terminals share the staff's sign-ins, each with an address of its own.
"""

from __future__ import annotations

import argparse
import http.client
import random
import re
import sys
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench import engines
from bench.figures import Figure, Table
from bench.processes import Process, cpu_seconds, doorstep, free_port
from bench.product import where, workers
from doorstep.demo.browser import Browser
from doorstep.demo.people import data
from doorstep.kernel import store as stores
from doorstep.kernel.access import SYSTEM
from doorstep.kernel.clock import instant
from doorstep.kernel.tx import Tx
from doorstep.terms import systems
from tests.district import put_district, who

PASSWORD: Final = "bench 0 correct horse"
EVERY: Final = 15.0
BUDGET: Final = 60_000
LISTS: Final = {"zhangmin": "/w/mine/", "zhaoqian": "/w/referrals/", "wanglei": "/w/orders/"}
PLACES: Final = {
    "order": ("shiqiao", "laboratory"),
    "referral": ("shiqiao", "hospital"),
    "plan": ("hospital", "shiqiao"),
}
STATES: Final = {"order": "ordered", "referral": "sent", "plan": "due"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.worklist", description=__doc__)
    parser.add_argument("--engine", action="append", choices=engines.ENGINES)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--terminals", type=int, default=1500)
    asked = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-") as folder:
        for name in asked.engine or engines.ENGINES:
            with engines.engine(name, Path(folder)) as engine:
                _bench(table, engine, Path(folder), asked)
    return 0


def _bench(table: Table, engine: engines.Engine, folder: Path, asked: argparse.Namespace) -> None:
    url = engine.new("worklist")
    home = Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else folder / f"home-{engine.name}"
    home.mkdir(exist_ok=True)
    _fill(url, home, asked.tasks)
    engine.settle(url)
    port = free_port()
    options = ["--port", str(port), "--roles", "pages,jobs", "--workers", str(workers(url))]
    target = where(url, folder)[:-1] + [str(home)]
    process = Process(doorstep("serve", *target, *options), port=port, log=folder / "serve.log")
    table.section(f"lists at {asked.tasks:,} open tasks on {engine.name}")
    try:
        cookies = {account: _enter(port, account) for account in LISTS}
        before = cpu_seconds([process.pid, *engine.pids])
        alone = _pages(port, cookies, asked.seconds, engine.name, "list page, nobody polls")
        cpu = 1000 * (cpu_seconds([process.pid, *engine.pids]) - before) / (alone.value * asked.seconds)
        alone = replace(alone, cpu=cpu)  # of all processes a page: neighbours on the machine do not change it much
        with _Terminals(port, cookies, asked.terminals) as terminals:
            time.sleep(2)
            busy = _pages(port, cookies, asked.seconds, engine.name, f"list page, {asked.terminals:,} terminals poll")
        table.add(alone)
        table.add(busy.beside(alone, (alone.p50 or 0) / (busy.p50 or 1)))
        table.add(terminals.figure(engine.name))
    finally:
        process.stop()


def _fill(url: str, home: Path, tasks: int) -> None:
    """The district, its accounts, and so many open Tasks of three workflows, of every age."""
    stores.migrate(url)
    store = stores.open(url)
    put_district(store, 8)
    dice, now = random.Random(7), store.clock.now()

    def some(tx: Tx, count: int) -> None:
        for _ in range(count):
            _task(tx, dice, now)

    for begun in range(0, tasks, 500):
        store.run(SYSTEM, some, min(500, tasks - begun))
    store.close()
    from doorstep.web.wsgi import prepare

    prepare(home)
    from doorstep.web.accounts.models import Account

    for row in data("district")["staff"]:
        if row["id"] in LISTS:
            Account.objects.make(row["id"], PASSWORD, f"Practitioner/{row['id']}")


def _task(tx: Tx, dice: random.Random, now: int) -> None:
    workflow = dice.choice(list(PLACES))
    asking, asked = (f"Organization/{name}" for name in PLACES[workflow])
    at = now - dice.randrange(5 * 86_400) * 1_000_000
    resident = f"Patient/{who(dice.randrange(8)).id}"
    tx.actor = replace(SYSTEM, organization=asked)  # kept where it waits
    tx.create({
        "resourceType": "Task", "status": "requested", "intent": "order",
        "priority": dice.choice(["routine"] * 17 + ["urgent"] * 2 + ["stat"]),
        "code": {"coding": [{"system": systems.WORKFLOW, "code": workflow}]},
        "businessStatus": {"coding": [{"system": systems.state_system(workflow), "code": STATES[workflow]}]},
        "authoredOn": instant(at), "lastModified": instant(at), "for": {"reference": resident},
        "requester": {"reference": asking}, "owner": {"reference": asked},
        "restriction": {"recipient": [{"reference": asked}],
                        "period": {"end": instant(at + dice.randrange(1, 8 * 86_400) * 1_000_000)}},
    })  # fmt: skip


def _enter(port: int, account: str) -> str:
    browser = Browser(f"http://127.0.0.1:{port}")
    page = browser.submit(browser.get("/sign-in/"), "/sign-in/", {"username": account, "password": PASSWORD})
    if page.status != 200:
        raise RuntimeError(f"{account} could not sign in: {page.status}")
    return "; ".join(f"{name}={value}" for name, value in browser.cookies().items())


def _pages(port: int, cookies: dict[str, str], seconds: float, engine: str, what: str) -> Figure:
    """Open list pages one after the other; the 95th percentile is what the budget is about, and stands in the note."""
    spent, largest, until = [], 0, time.monotonic() + seconds
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while time.monotonic() < until:
        for account, address in LISTS.items():
            start = time.perf_counter()
            connection.request("GET", address, headers={"Cookie": cookies[account], "Host": "localhost"})
            answer = connection.getresponse()
            body = answer.read()
            spent.append(1000 * (time.perf_counter() - start))
            largest = max(largest, len(body))
            if answer.status != 200:
                raise RuntimeError(f"{address}: {answer.status}")
    spent.sort()
    p95 = spent[int(len(spent) * 0.95)]
    kept = "within" if largest < BUDGET and p95 < 200 else "BEYOND"
    note = f"p95 {p95:.0f} ms, {largest:,} bytes at most: {kept} 60 KB and 200 ms"
    return Figure(
        what,
        engine,
        1,
        len(spent) / seconds,
        "pages/s",
        p50=spent[len(spent) // 2],
        p99=spent[-1 - len(spent) // 100],
        note=note,
    )


class _Terminals:
    """Open pages that ask; each has its moment within the 15 seconds. A few threads carry them all."""

    def __init__(self, port: int, cookies: dict[str, str], count: int) -> None:
        self._port, self._cookies = port, cookies
        self._stop = threading.Event()
        self._spent: list[float] = []
        self._statuses: dict[int, int] = {}
        opened = {account: _polls_of(port, cookies[account], address) for account, address in LISTS.items()}
        self._polls = {account: poll for account, (poll, _) in opened.items()}
        self._tags = {account: f'"{tag}"' for account, (_, tag) in opened.items()}
        names = list(LISTS)
        shares = [[(names[at % len(names)], at) for at in range(count) if at % 8 == share] for share in range(8)]
        self._threads = [threading.Thread(target=self._carry, args=(share,), daemon=True) for share in shares]

    def __enter__(self) -> _Terminals:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *given: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _carry(self, share: list[tuple[str, int]]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        tags: dict[int, str] = {}
        while not self._stop.is_set():
            began = time.monotonic()
            for place, (account, terminal) in enumerate(share):
                due = began + place * EVERY / len(share) - time.monotonic()
                if self._stop.wait(max(0.0, due)):
                    return
                self._ask(connection, account, f"{self._polls[account]}&terminal={terminal}", "")
                tags[terminal] = self._ask(
                    connection, account, f"/now/?shown=&terminal={terminal}", tags.get(terminal, self._tags[account])
                )

    def _ask(self, connection: http.client.HTTPConnection, account: str, address: str, tag: str) -> str:
        headers = {"Cookie": self._cookies[account], "Host": "localhost", "HX-Request": "true"}
        if tag:
            headers["If-None-Match"] = tag
        start = time.perf_counter()
        connection.request("GET", address, headers=headers)
        answer = connection.getresponse()
        answer.read()
        self._spent.append(1000 * (time.perf_counter() - start))
        self._statuses[answer.status] = self._statuses.get(answer.status, 0) + 1
        return answer.getheader("ETag") or tag

    def figure(self, engine: str) -> Figure:
        spent = sorted(self._spent)
        p95 = spent[int(len(spent) * 0.95)]
        said = ", ".join(f"{count} x {status}" for status, count in sorted(self._statuses.items()))
        return Figure("polls", engine, len(self._threads), len(spent), "polls", p50=spent[len(spent) // 2],
                      p99=spent[-1 - len(spent) // 100],
                      note=f"p95 {p95:.0f} ms; {said}")  # fmt: skip


def _polls_of(port: int, cookie: str, address: str) -> tuple[str, str]:
    """What an open page asks about its list, and the mark of the alarms that it shows."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address, headers={"Cookie": cookie, "Host": "localhost"})
    page = connection.getresponse().read().decode()
    poll, tag = re.search(r'data-poll="(/w/[^"]+)"', page), re.search(r'data-tag="([^"]+)"', page)
    if poll is None or tag is None:
        raise RuntimeError(f"{address} does not poll")
    return poll[1].replace("&amp;", "&"), tag[1]


if __name__ == "__main__":
    sys.exit(main())
