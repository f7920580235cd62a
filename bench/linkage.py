"""Batch linkage beside a floor: how many second entries are found, how many wrong pairs, how fast.

The people are synthetic (bench.linkage_people): of 12 in 100 there is a second entry with planted errors. The floor is
what a join on the identity number as it was written finds, in the same engine. "linked" is what needs no person.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench.linkage_people import People, people
from doorstep.linkage import model, rows
from doorstep.linkage.decide import decide
from doorstep.linkage.score import Pair, score
from doorstep.linkage.score import train as estimate

USUAL = (10_000, 100_000)
LARGE = (*USUAL, 1_000_000)
_HEAD = f"{'residents':>10}  {'what':<24}{'pairs':>8}{'precision':>11}{'recall':>9}{'persons/s':>12}"


def bench(sizes: tuple[int, ...]) -> None:
    """One block of lines a size, each beside its floor."""
    print(_HEAD)
    for size in sizes:
        made = people(size)
        known = {each.id: each for each in made.entries}
        floor, floor_s = _timed(lambda made=made: _floor(made))
        start = time.perf_counter()
        scored = score(rows.table(made.entries))
        decided = decide(scored, known)
        seconds = time.perf_counter() - start
        asked = {_pair(each) for each in (*decided.certain, *decided.doubtful)}
        _say(size, "floor: equal numbers", floor, made, len(known) / floor_s)
        _say(size, "linked without asking", {_pair(each) for each in decided.certain}, made, 0)
        _say(size, "linked or asked about", asked, made, len(known) / seconds)
        missed = Counter(kind for pair, kind in made.true.items() if tuple(sorted(pair)) not in asked)
        print(f"  missed: {dict(missed) or 'none'}; planted: {dict(Counter(made.true.values()))}", flush=True)


def _say(size: int, what: str, found: set[tuple[str, str]], made: People, rate: float) -> None:
    true = {tuple(sorted(pair)) for pair in made.true}
    right = len(found & true)
    precision, recall = right / max(len(found), 1), right / len(true)
    shown = f"{rate:,.0f}" if rate else ""
    print(f"{size:>10,}  {what:<24}{len(found):>8,}{precision:>11.4f}{recall:>9.4f}{shown:>12}", flush=True)


def _floor(made: People) -> set[tuple[str, str]]:
    import duckdb
    import pyarrow  # type: ignore[import-untyped]

    entries = [(each.id, made.raw.get(each.id, each.number)) for each in made.entries]
    held = pyarrow.table({"id": [id for id, _ in entries], "number": [number or None for _, number in entries]})
    engine = duckdb.connect()
    engine.register("held", held)
    join = "SELECT l.id, r.id FROM held l JOIN held r ON l.number = r.number AND l.id < r.id"
    found: list[Any] = engine.execute(join).fetchall()
    return {tuple(sorted(pair)) for pair in found}


def _timed(run: Any) -> tuple[Any, float]:
    start = time.perf_counter()
    done = run()
    return done, time.perf_counter() - start


def _pair(pair: Pair) -> tuple[str, str]:
    first, second = sorted((pair.left, pair.right))
    return first, second


def train() -> None:
    """The model that is committed: estimated from 20,000 people of a seed that is measured by no benchmark."""
    saved = estimate(rows.table(people(20_000, seed=3).entries))
    saved.pop("linker_uid", None)
    target = Path(model.__file__).with_name("model.json")
    target.write_text(json.dumps(saved, indent=1, ensure_ascii=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.linkage", description=__doc__)
    parser.add_argument("--sizes", type=lambda text: tuple(int(each) for each in text.split(",")))
    parser.add_argument("--large", action="store_true", help="also a million residents")
    parser.add_argument("--train", action="store_true", help="estimate the model anew and write it into the package")
    options = parser.parse_args()
    if options.train:
        train()
        return
    bench(options.sizes or (LARGE if options.large else USUAL))


if __name__ == "__main__":
    main()
