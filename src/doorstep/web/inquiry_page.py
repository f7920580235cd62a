"""What the page of a question to an issuer shows and takes besides words: the report, and the original as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from doorstep.journeys import inquiring
from doorstep.kernel.errors import NotFound
from doorstep.kernel.read import Reads
from doorstep.kernel.refs import Ref
from doorstep.terms import recognition
from doorstep.terms.catalogue import reasons
from doorstep.web import record, uploads
from doorstep.web.guard import staff
from doorstep.web.lists import Names
from doorstep.workflows import inquiry, paper
from doorstep.workflows.coordination import boxes, workflow_of


def about(
    reads: Reads, report: dict[str, Any], sheet: dict[str, str], reply: dict[str, str], names: Names
) -> dict[str, Any]:
    """What was asked about a report, the report, where its pictures are shown, and the file of the answer."""
    return {
        "report": record.report_by_id(reads, report["id"], names), "retracted": recognition.retracted(report),
        "inquiry_reason": reasons("inquiry.ask").get(sheet.get("reason", "")), "most": uploads.MOST // uploads.MEGABYTE,
        "picture": f"/report/{report['id']}/" if report.get("imagingStudy") or report.get("media") else "",
        "original": _attachment(reads, reply.get("original", "")),
    }  # fmt: skip


def answer(request: Any, task: str, data: dict[str, str]) -> None:
    """The issuer answers, with a file when one was chosen."""
    file, name = uploads.attached(request, "file")
    said = {"note": data.get("note", ""), "file": file, "name": name}
    request.store.run(request.person.actor, inquiring.answer, task=task, **said)


@staff
def original(request: Any, task: str) -> HttpResponse:
    """The file of an answer, for whoever may read it in the record; each look is in the audit."""
    with request.store.snapshot(request.person.actor) as reads:
        found = reads.read("Task", task)
        document = boxes(found.get("output", [])).get("original", "")
        if workflow_of(found) != inquiry.TABLE.name or not document:
            raise NotFound("read.not-found", type="Task", id=task)
        kind, data = paper.bytes_of(reads, reads.read("DocumentReference", Ref.parse(document).id))
    return uploads.shown(kind, data, "original")


def _attachment(reads: Reads, document: str) -> dict[str, Any] | None:
    """What is said of the file, as far as the reader may see it."""
    id_ = document.partition("/")[2]
    if not id_ or not reads.exists("DocumentReference", id_):
        return None
    said: dict[str, Any] = reads.read("DocumentReference", id_)["content"][0]["attachment"]
    size = max(1, int(said["size"]) // 1024)
    return {"title": said.get("title", ""), "kilobytes": size, "drawn": said["contentType"].startswith("image/")}
