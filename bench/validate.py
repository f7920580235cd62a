"""What it costs to check a resource, on the official examples: structure, the standard's rules, and a peer beside them.

``python -m bench.validate`` prints microseconds a resource; each example's best of a few rounds counts, so that one
slow moment of the machine does not. The peer (fhirkit-rs, compiled from Rust) reads and checks bytes in one step, so
it stands beside our reading and checking together; it checks structure, and neither bindings nor rules. It is left
out when it is not installed.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from build_tools.package import find_package, read_lock
from doorstep.kernel import exact
from doorstep.kernel.validate import faults, invariants, validate

ROUNDS = 3
LOCK = Path(__file__).parents[1] / "definitions.lock"
SPECIFICATION = (
    "CapabilityStatement CodeSystem CompartmentDefinition ConceptMap ImplementationGuide NamingSystem"
    " OperationDefinition SearchParameter StructureDefinition ValueSet"
).split()
"""Types that make up the standard's own text: most of the examples, and nothing that a clinic writes."""

Row = tuple[str, list[float]]


def examples() -> dict[str, bytes]:
    """The official examples as text, by file name."""
    found = {}
    with tarfile.open(find_package(read_lock(LOCK))) as package:
        for member in package:
            file = package.extractfile(member) if member.name.endswith(".json") else None
            raw = file.read() if file else b""
            if b'"resourceType"' in raw[:2000]:
                found[member.name.rpartition("/")[2]] = raw
    return found


def best(call: Callable[[Any], object], given: list[Any]) -> list[float]:
    """Microseconds of a call on each of some values."""
    times = [float("inf")] * len(given)
    for _ in range(ROUNDS):
        for place, value in enumerate(given):
            began = time.perf_counter()
            call(value)
            times[place] = min(times[place], time.perf_counter() - began)
    return [seconds * 1e6 for seconds in times]


def peer() -> Callable[[bytes], object] | None:
    """fhirkit-rs, where it is installed."""
    try:
        module = importlib.import_module("fhirkit")
    except ImportError:
        return None
    return lambda raw: module.parse(raw).issues


def measure(texts: list[bytes]) -> list[Row]:
    """Every figure over the same resources."""
    resources = [exact.decode(raw) for raw in texts]
    rows = [
        ("read (exact.decode)", best(exact.decode, texts)),
        ("structure", best(validate, resources)),
        ("rules", best(invariants, resources)),
        ("structure + rules", best(faults, resources)),
        ("read + structure", best(lambda raw: validate(exact.decode(raw)), texts)),
    ]
    other = peer()
    return [*rows, ("fhirkit-rs: read + structure", best(other, texts))] if other else rows


def show(title: str, rows: list[Row]) -> None:
    """A table of medians, means and the slowest tenth, with the ratio to the peer."""
    print(f"\n{title}\n{'':<32}{'median us':>11}{'mean us':>11}{'p90 us':>11}")
    for name, times in rows:
        tenth = statistics.quantiles(times, n=10)[-1]
        print(f"{name:<32}{statistics.median(times):>11.1f}{statistics.mean(times):>11.1f}{tenth:>11.1f}")
    figures = dict(rows)
    theirs = figures.get("fhirkit-rs: read + structure")
    if theirs:
        ours = figures["read + structure"]
        print(f"ratio, peer / ours: median {statistics.median(theirs) / statistics.median(ours):.2f}, "
              f"mean {statistics.mean(theirs) / statistics.mean(ours):.2f} (above 1: ours is faster)")  # fmt: skip


def main() -> None:
    """Clinical and administrative examples, then all."""
    found = {name: raw for name, raw in examples().items() if not validate(exact.decode(raw))}
    gc.collect()
    gc.freeze()
    clinical = [
        raw for name, raw in found.items() if name.partition("-")[0] not in SPECIFICATION and len(raw) < 1 << 20
    ]
    show(f"{len(clinical):,} examples of clinical and administrative types", measure(clinical))
    show(f"all {len(found):,} valid examples", measure(list(found.values())))


if __name__ == "__main__":
    main()
