"""A list as a file for a spreadsheet: the rows that the page shows, in the reader's language, every cell as text."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from typing import Final

from django.http import HttpResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from doorstep.web.lists import Row
from doorstep.web.templatetags.shown import clock_words, flag_word
from doorstep.web.templatetags.words import moment, sex, word, years

TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADS: Final = (
    "web.col-status", "part.col-flags", "web.col-clock", "web.name", "web.sex", "web.age", "web.tail", "web.col-item",
    "part.col-from", "web.col-to", "web.col-submitted", "part.col-owner",
)  # fmt: skip


def spreadsheet(name: str, rows: list[Row]) -> HttpResponse:
    """A worklist as a download."""
    return book(name, [[word(head) for head in HEADS], *map(_line, rows)])


def book(name: str, lines: Iterable[list[str]]) -> HttpResponse:
    """Lines of text as a download; ``name`` is the file's."""
    file = Workbook(write_only=True)
    sheet = file.create_sheet(name[:31])
    for line in lines:
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, value=text)
            # A name that begins with "=" is a name, not a formula.
            cell.data_type = "s"
            cells.append(cell)
        sheet.append(cells)
    bytes_ = BytesIO()
    file.save(bytes_)
    headers = {"Content-Disposition": f'attachment; filename="{name}.xlsx"'}
    return HttpResponse(bytes_.getvalue(), content_type=TYPE, headers=headers)


def _line(row: Row) -> list[str]:
    who = row.resident
    return [
        word(row.state.label), " ".join(flag_word(flag) for flag in row.flags),
        clock_words(row.clock) if row.clock else "", who.name if who else "", sex(who.sex) if who else "",
        years(who.born) if who else "", who.tail if who else "", f"{word(row.workflow.label)} {row.item}".strip(),
        row.asking, row.asked, moment(row.submitted), row.holder,
    ]  # fmt: skip
