"""Score pairs of entries with splink on its embedded engine, in this process."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

from doorstep.kernel.errors import NotSupported
from doorstep.linkage import model

LIKELY: Final = 0.5
"""From this probability on a pair is worth a look: what becomes of it is decided field by field."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries (ids) and how likely they are one person."""

    left: str
    right: str
    probability: float


def score(
    columns: dict[str, list[Any]], *, settings: dict[str, Any] | None = None, least: float = LIKELY
) -> list[Pair]:
    """Pairs of one table that are likely one person, likeliest first."""
    if len(columns["unique_id"]) < 2:
        return []
    linker = _linker(columns, settings or model.trained())
    found = linker.inference.predict(threshold_match_probability=least)
    pairs = [Pair(str(row["unique_id_l"]), str(row["unique_id_r"]), float(row["match_probability"]))
             for row in found.as_record_list()]  # fmt: skip
    return sorted(pairs, key=lambda pair: (-pair.probability, pair.left, pair.right))


def train(columns: dict[str, list[Any]]) -> dict[str, Any]:
    """The untrained settings with probabilities estimated from a table of (synthetic) entries."""
    linker = _linker(columns, model.settings())
    linker.training.estimate_probability_two_random_records_match(
        ["l.number = r.number", "l.name = r.name and l.born = r.born and l.phone = r.phone"], recall=0.8
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (
        "l.sound = r.sound and l.born = r.born",
        "l.number = r.number",
        "l.name = r.name and l.phone = r.phone",
    ):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    saved: dict[str, Any] = linker.misc.save_model_to_json()
    return saved


def _linker(columns: dict[str, list[Any]], settings: dict[str, Any]) -> Any:
    try:
        import pyarrow  # type: ignore[import-untyped]
        from splink import Linker
        from splink.internals.duckdb.database_api import DuckDBAPI
    except ImportError:
        raise NotSupported("persons.linkage-missing") from None
    logging.getLogger("splink").setLevel(logging.ERROR)
    engine = DuckDBAPI()
    return Linker(engine.register(pyarrow.table(columns)), settings, log_level=logging.ERROR)
