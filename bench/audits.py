"""What an audit row costs a request, with the sealer on, beside the same without it: 16 and 64 askers on each engine.

Every access of a person is one durable row before its answer leaves; the sealer chains committed rows behind.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from bench import engines
from bench.figures import Figure, Table
from doorstep.kernel.audit import Access
from doorstep.kernel.refs import Actor
from doorstep.kernel.store import Store
from doorstep.kernel.store import open as open_store

ASKERS = (16, 64)
DOCTOR = Actor("Practitioner/bench", "doctor", "Organization/i7", "TREAT", "bench")
_ROW = Access(DOCTOR, "read", "Organization", refs=("Organization/i7",))


def bench(table: Table, folder: Path, *, engine_name: str, seconds: float) -> None:
    """Rows a second, CPU and latency, sealed and unsealed in turn on records of their own."""
    with engines.engine(engine_name, folder) as engine:
        table.section(f"audit rows on {engine_name}")
        for askers in ASKERS:
            plain = _run(engine.new(f"plain{askers}"), engine_name, askers, seconds, sealed=False)
            sealed = _run(engine.new(f"sealed{askers}"), engine_name, askers, seconds, sealed=True)
            table.add(sealed.beside(plain, sealed.value / plain.value))


def _run(url: str, engine_name: str, askers: int, seconds: float, *, sealed: bool) -> Figure:
    store = open_store(url)
    if sealed:
        store.start_background()
    spent: list[float] = []
    until = time.monotonic() + seconds
    cpu = time.process_time()
    threads = [threading.Thread(target=_ask, args=(store, until, spent)) for _ in range(askers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cpu = 1000 * (time.process_time() - cpu) / len(spent)
    store.close()
    spent.sort()
    what = "audit row, sealer on" if sealed else "audit row, sealer off"
    return Figure(
        what, engine_name, askers, len(spent) / seconds, "/s", cpu=cpu, p50=1000 * spent[len(spent) // 2],
        p99=1000 * spent[-len(spent) // 100],
    )  # fmt: skip


def _ask(store: Store, until: float, spent: list[float]) -> None:
    while time.monotonic() < until:
        start = time.perf_counter()
        store.audit(_ROW)
        spent.append(time.perf_counter() - start)
