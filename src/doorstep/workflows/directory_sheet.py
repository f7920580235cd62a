"""A spreadsheet (xlsx or csv) as rows of text: what was sent is read with limits, and never run.

Only values are read (no formulas, no links); a workbook is unpacked only when its parts say that they are small.
"""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, datetime
from typing import Any, Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from doorstep.kernel.errors import Invalid
from doorstep.terms.columns import columns, heads

MOST_BYTES: Final = 2_000_000
MOST_UNPACKED: Final = 40_000_000
MOST_ROWS: Final = 2000
_LONGEST: Final = 300

Row = dict[str, str]


def rows_of(data: bytes, what: str) -> list[Row]:
    """The rows of a list, column -> text. Refuses what is no list, names a column that is unknown."""
    if len(data) > MOST_BYTES:
        raise Invalid("directory.file-large", element="file", most=MOST_BYTES // 1_000_000)
    table = _workbook(data) if data[:4] == b"PK\x03\x04" else _text(data)
    table = [line for line in table if any(cell.strip() for cell in line)]
    if not table:
        raise Invalid("directory.file-empty", element="file")
    if len(table) - 1 > MOST_ROWS:
        raise Invalid("directory.file-long", element="file", most=MOST_ROWS)
    known, names = heads(what), []
    for head in table[0]:
        column = known.get(head.strip().lower(), "")
        if head.strip() and not column:
            raise Invalid("directory.unknown-column", element="file", head=head.strip()[:60])
        if column and column in names:
            raise Invalid("directory.double-column", element="file", head=head.strip()[:60])
        names.append(column)
    first = next(iter(columns(what)))
    if first not in names:
        key = "directory.missing-column" if first == "name" else "beside.missing-column"
        raise Invalid(key, element="file", head=columns(what)[first][0])
    return [
        {name: cell.strip()[:_LONGEST] for name, cell in zip(names, line, strict=False) if name} for line in table[1:]
    ]


def as_csv(rows: list[Row], what: str) -> str:
    """Rows as text that ``rows_of`` reads again: what a page keeps between the preview and the act."""
    out = io.StringIO()
    writer = csv.writer(out)
    known = list(columns(what))
    used = [column for column in known if any(row.get(column) for row in rows)] or known[:1]
    writer.writerow(used)
    writer.writerows([row.get(column, "") for column in used] for row in rows)
    return out.getvalue()


def _text(data: bytes) -> list[list[str]]:
    """UTF-8, or what a Chinese office program writes (GB 18030)."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        try:
            return list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            break
    raise Invalid("directory.file-unreadable", element="file")


def _workbook(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > MOST_UNPACKED:
                raise Invalid("directory.file-large", element="file", most=MOST_UNPACKED // 1_000_000)
            if any(
                b"<!DOCTYPE" in packed.read(each)[:2000] for each in packed.infolist() if each.filename.endswith(".xml")
            ):
                raise Invalid("directory.file-unreadable", element="file")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        lines = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=40, values_only=True)
        return [[_cell(value) for value in line] for line in lines]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError, TypeError):
        raise Invalid("directory.file-unreadable", element="file") from None


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
