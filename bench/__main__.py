"""``python -m bench [NAME...]``: run all benchmarks, or those named, and print a table line for each measurement.

Nothing here is asserted: a slow machine, or one with other work, gives other figures. The ratios are what to read.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import access, audits, bulk, claims, growth, peers, processes, requests, trips
from bench.engines import ENGINES
from bench.figures import Table
from bench.wrk import Missing

Options = argparse.Namespace
Bench = Callable[[Table, Path, Options], None]


def _requests(table: Table, folder: Path, options: Options) -> None:
    kinds = [kind for kind in requests.KINDS if kind in options.names or kind.rstrip("0123456789") in options.names]
    for engine_name in options.engine:
        requests.bench(table, folder, engine_name=engine_name, kinds=kinds or requests.KINDS,
                       seconds=options.seconds, rounds=options.rounds)  # fmt: skip


def _bulk(table: Table, folder: Path, options: Options) -> None:
    for engine_name in options.engine:
        bulk.bench(table, folder, engine_name=engine_name)


def _claims(table: Table, folder: Path, options: Options) -> None:
    for engine_name in options.engine:
        claims.bench(table, folder, engine_name=engine_name)


def _access(table: Table, folder: Path, options: Options) -> None:
    for engine_name in options.engine:
        access.bench(table, folder, engine_name=engine_name)


def _audits(table: Table, folder: Path, options: Options) -> None:
    for engine_name in options.engine:
        audits.bench(table, folder, engine_name=engine_name, seconds=options.seconds)


def _trips(table: Table, folder: Path, options: Options) -> None:
    if "postgresql" in options.engine:
        trips.bench(table, folder, seconds=options.seconds)


def _growth(table: Table, folder: Path, options: Options) -> None:
    sizes = options.sizes or (growth.LARGE if options.large else growth.USUAL)
    points = []
    for engine_name in options.engine:
        points += growth.bench(
            table, folder, engine_name=engine_name, sizes=sizes, seconds=options.seconds, rounds=options.rounds,
            kept=options.keep, measure=not options.fill,
        )  # fmt: skip
    if options.draw is not None:
        for file in growth.pictures(points, options.draw, _command()):
            print(f"drawn: {file}")


def _peers(table: Table, folder: Path, options: Options) -> None:
    peers.bench(table, folder, seconds=options.seconds, rounds=options.rounds, kept=options.keep)


def _micro(name: str) -> Bench:
    """A benchmark inside one process, with a table of its own: python -m bench.NAME."""

    def run_it(table: Table, folder: Path, options: Options) -> None:
        print(f"\n# {name}")
        subprocess.run(processes.python("-m", f"bench.{name}"), cwd=processes.ROOT, check=True,
                       env={**os.environ, "PYTHONPATH": f"{processes.ROOT / 'src'}:{processes.ROOT}"})  # fmt: skip

    return run_it


def _command() -> str:
    """What was typed, without the folders of this machine."""
    words = iter(sys.argv[1:])
    said = [word for word in words if word not in ("--keep", "--folder", "--json", "--draw") or not next(words)]
    return f"python -m bench {' '.join(said)}"


BENCHES: dict[str, Bench] = {
    "requests": _requests,
    "claims": _claims,
    "bulk": _bulk,
    "access": _access,
    "audits": _audits,
    "trips": _trips,
    "growth": _growth,
    "extract": _micro("extract"),
    "validate": _micro("validate"),
    "peers": _peers,
}
_REQUESTS = (*requests.KINDS, "bundle")
USUAL = tuple(name for name in BENCHES if name != "peers")


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked; 0 when everything was measured, 1 when something could not be (it says what and why)."""
    options = _options(arguments)
    table = Table(options.json)
    status = 0
    wanted = ["requests" if name in _REQUESTS else name for name in options.names] or list(USUAL)
    with tempfile.TemporaryDirectory(prefix="doorstep-bench-", dir=options.folder) as folder:
        for name in dict.fromkeys(wanted):
            try:
                BENCHES[name](table, Path(folder), options)
            except (Missing, RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{name}: not measured: {error}", flush=True)
                status = 1
    return status


def _options(arguments: list[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, *_REQUESTS, []], metavar="NAME",
                        help=f"{', '.join(BENCHES)}, or one kind of request: {', '.join(_REQUESTS)}")  # fmt: skip
    parser.add_argument("--engine", action="append", choices=ENGINES, help="one engine only")
    parser.add_argument("--seconds", type=int, default=3, help="length of one run")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each measurement; the best counts")
    parser.add_argument("--folder", type=Path, help="where the records are made (a disk that is durable)")
    parser.add_argument("--json", type=Path, help="also append every figure to this file, one object a line")
    parser.add_argument("--large", action="store_true", help="growth: also 100,000 residents (2.5 million resources)")
    parser.add_argument("--sizes", type=_sizes, help="growth: these numbers of residents, as 1000,30000")
    parser.add_argument("--keep", type=Path, help="growth, peers: where records and servers stay for the next run")
    parser.add_argument("--fill", action="store_true", help="growth: make the records, measure nothing")
    parser.add_argument("--draw", type=Path, help="growth: draw the curves into this folder")
    options = parser.parse_args(arguments)
    options.engine = options.engine or list(ENGINES)
    return options


def _sizes(text: str) -> list[int]:
    return sorted(int(number) for number in text.split(","))


if __name__ == "__main__":
    sys.exit(main())
