"""An issuer answers with the original itself: the file is in the resident's record, and the asker may open it."""

from __future__ import annotations

from doorstep.kernel.refs import Stored
from doorstep.kernel.tx import Tx
from doorstep.workflows import inquiry, original, paper


def answer(tx: Tx, *, task: str, note: str, file: bytes | None = None, name: str = "") -> Stored:
    """What the issuer says, with the file (None: words alone), called ``name`` where it came from."""
    if file is None:
        return inquiry.answer(tx, task=task, note=note)
    case = inquiry.answerable(tx, task=task)
    kind = original.kind_of(file, name)
    document = paper.attach(tx, resident=case.resident, about=(case.task["focus"]["reference"], case.ref), data=file,
                            kind=kind, title=original.called(name))  # fmt: skip
    return inquiry.answer(tx, task=task, note=note, original=str(document.ref))
