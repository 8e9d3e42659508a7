"""Records as workbooks, and the empty one to be filled in. What writes them takes half a second to load."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from dashboards.exchange.columns import COLUMNS, SHEET_NAMES, Column, Kind
from dashboards.exchange.export import NUMBERS, Language, columns_of, headers_of
from dashboards.exchange.text import guarded

_LATER_CONTACT: Final = re.compile(r"contact[3-9]\.")


def to_xlsx(sheets: Sequence[tuple[Kind, Iterable[Mapping[str, str]]]], language: Language) -> bytes:
    """A workbook with a sheet a kind; text cells are text, marked as such, so that nothing is ever computed."""
    book = Workbook(write_only=True)
    for kind, rows in sheets:
        sheet = book.create_sheet(SHEET_NAMES[kind][0 if language == "zh" else 1])
        sheet.freeze_panes = "A2"
        columns = columns_of(kind)
        for place, column in enumerate(columns):
            sheet.column_dimensions[_letter(place)].width = 40 if column.field.startswith("card.") else 16
        sheet.append([_header_cell(sheet, text) for text in headers_of(kind, language)])
        for row in rows:
            sheet.append([_xlsx_cell(sheet, row.get(column.field, ""), column) for column in columns])
    return _saved(book)


def template(language: Language) -> bytes:
    """An empty table of residents with two contacts each, a band and a zone, to be filled in."""
    columns = [
        column for column in COLUMNS["residents"] if column.field != "id" and not _LATER_CONTACT.match(column.field)
    ]
    book = Workbook(write_only=True)
    sheet = book.create_sheet(SHEET_NAMES["residents"][0 if language == "zh" else 1])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns):
        dimension = sheet.column_dimensions[_letter(place)]
        dimension.width = 16
        if column.field not in NUMBERS:
            dimension.number_format = "@"
    sheet.append([_header_cell(sheet, column.zh if language == "zh" else column.en) for column in columns])
    return _saved(book)


def _saved(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _letter(place: int) -> str:
    return ("" if place < 26 else chr(ord("A") + place // 26 - 1)) + chr(ord("A") + place % 26)


def _header_cell(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(vertical="top")
    return cell


def _xlsx_cell(sheet: Any, text: str, column: Column) -> Any:
    if text == "":
        return None
    if column.field in NUMBERS:
        return float(text) if "." in text or "e" in text else int(text)
    cell = WriteOnlyCell(sheet, guarded(text, formulas=False))
    # Without this openpyxl takes what begins with = for a formula.
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell
