"""The state tables around ECG and pictures, with their acts and deadlines, for the lists that know every workflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from doorstep.kernel.tx import Tx
from doorstep.workflows import intake, study, study_report
from doorstep.workflows.table import Table

Data = Mapping[str, str]

TABLES: Final[tuple[Table, ...]] = (study.TABLE, intake.TABLE)
_REPORT: Final = ("findings", "conclusion", "finding", "confirmed", "key", "measure.*")

ACTS: Final[dict[tuple[str, str], tuple[Callable[[Tx, str, Data], Any], tuple[str, ...]]]] = {
    ("study", "acquire"): (lambda tx, task, data: study.acquire(tx, task=task), ()),
    ("study", "obtain"): (lambda tx, task, data: study.obtain(tx, task=task), ()),
    ("study", "send-back"): (
        lambda tx, task, data: study.send_back(
            tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")), ("reason", "note")),
    ("study", "claim"): (lambda tx, task, data: study.claim(tx, task=task), ()),
    ("study", "take-over"): (lambda tx, task, data: study.take_over(tx, task=task), ()),
    ("study", "put-back"): (lambda tx, task, data: study.put_back(tx, task=task), ()),
    ("study", "ask"): (lambda tx, task, data: study.ask(tx, task=task, note=data.get("note", "")), ("note",)),
    ("study", "write"): (lambda tx, task, data: study_report.write(tx, task=task, data=data), _REPORT),
    ("study", "report"): (lambda tx, task, data: study_report.report(tx, task=task, data=data), _REPORT),
    ("study", "review"): (
        lambda tx, task, data: study_report.review(tx, task=task, data=data), ("findings", "conclusion")),
    ("study", "return"): (
        lambda tx, task, data: study_report.give_back(tx, task=task, note=data.get("note", "")), ("note",)),
    ("study", "correct"): (
        lambda tx, task, data: study_report.correct(tx, task=task, data=data), (*_REPORT, "note")),
    ("study", "acknowledge"): (lambda tx, task, data: study.acknowledge(tx, task=task), ()),
    ("study", "withdraw"): (
        lambda tx, task, data: study.withdraw(
            tx, task=task, reason=data.get("reason", ""), note=data.get("note", "")), ("reason", "note")),
    ("intake", "propose"): (
        lambda tx, task, data: intake.propose(tx, task=task, request=data.get("request", "")), ("request",)),
    ("intake", "refuse"): (
        lambda tx, task, data: intake.refuse(tx, task=task, note=data.get("note", "")), ("note",)),
    ("intake", "put-away"): (
        lambda tx, task, data: intake.put_away(tx, task=task, note=data.get("note", "")), ("note",)),
}  # fmt: skip
"""(state table, act) -> (command, boxes). That a match is confirmed is a journey's."""

HANDLERS: Final[dict[str, Callable[..., None]]] = {
    f"{study.TABLE.name}.deadline": study_report.late,
    f"{intake.TABLE.name}.deadline": intake.overdue,
}
"""Kind of due work -> command(tx, *, ref, payload)."""
