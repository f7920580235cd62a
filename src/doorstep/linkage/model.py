"""The model: what is compared with what, at which levels, and which pairs are looked at.

``settings()`` without probabilities is what training begins with; ``model.json`` is what training left.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any, Final

RULES: Final = (
    "l.number = r.number",
    "l.sound = r.sound and l.born = r.born",
    "l.name = r.name and l.phone = r.phone",
    "l.phone = r.phone and l.born = r.born",
    "l.name = r.name and substr(l.number, 1, 10) = substr(r.number, 1, 10)",
    "l.address = r.address and l.sound = r.sound",
)
"""Pairs that are looked at: each rule finds what another misses because of an error in its columns."""

_LEVELS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "number": (
        ("number_l = number_r", "same"),
        ("number_right_l = 1 and number_right_r = 1", "two right numbers"),
        ("levenshtein(number_l, number_r) <= 2", "a slip or two"),
    ),
    "name": (
        ("name_l = name_r", "same"),
        ("sound_l = sound_r", "sounds the same"),
        ("levenshtein(sound_l, sound_r) <= 1 or (length(name_l) = 3 and levenshtein(name_l, name_r) = 1)", "close"),
    ),
    "born": (
        ("born_l = born_r", "same"),
        ("levenshtein(born_l, born_r) <= 1", "one digit"),
        ("levenshtein(born_l, born_r) <= 2", "two digits"),
    ),
    "sex": (("sex_l = sex_r", "same"),),
    "phone": (("phone_l = phone_r", "same"), ("levenshtein(phone_l, phone_r) <= 1", "one digit")),
    "address": (("address_l = address_r", "same"),),
}


_FIXED: Final[dict[str, dict[str, Any]]] = {"two right numbers": {"m_probability": 0.001, "fix_m_probability": True}}
"""Not estimated: one person hardly ever has two numbers whose check digits are right. Left to itself the estimate takes
twins for one person."""


def settings() -> dict[str, Any]:
    """Untrained settings."""
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": 0.00001,
        "unique_id_column_name": "unique_id",
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in RULES],
        "comparisons": [_comparison(name, levels) for name, levels in _LEVELS.items()],
    }


def trained(dialect: str = "duckdb") -> dict[str, Any]:
    """The committed model for an engine ("duckdb" or "spark"): the same levels and probabilities."""
    found: dict[str, Any] = json.loads(files(__package__).joinpath("model.json").read_text("utf-8"))
    return found | {"sql_dialect": dialect}


def _comparison(name: str, levels: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    empty = {
        "sql_condition": f"{name}_l IS NULL OR {name}_r IS NULL",
        "label_for_charts": "missing",
        "is_null_level": True,
    }
    known = [
        {"sql_condition": condition, "label_for_charts": label, **_FIXED.get(label, {})} for condition, label in levels
    ]
    return {"output_column_name": name, "comparison_levels": [empty, *known,
            {"sql_condition": "ELSE", "label_for_charts": "differs"}]}  # fmt: skip
