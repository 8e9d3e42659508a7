"""Records as tables and files, so that what is exported can be imported again and changes nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from dashboards.exchange import belongings, people
from dashboards.exchange.book import Book
from dashboards.exchange.columns import COLUMNS, SHEET_NAMES, Column, Kind
from dashboards.exchange.text import guarded
from gateway.store.registry_bulk import Snapshot
from gateway.store.registry_records import Contact, Device, DeviceFields, Fence, Resident

Language = Literal["zh", "en"]
_NUMBERS: Final = frozenset(
    {"birth_year", "home.lat", "home.lon", "order", "circle.lat", "circle.lon", "circle.radius_m"}
)
"""Columns that a spreadsheet may take for numbers; everything else is text, phone numbers above all."""
_LATER_CONTACT: Final = re.compile(r"contact[3-9]\.")
_MARK: Final = "\ufeff"
"""Tells spreadsheets that a CSV file is UTF-8."""


def rows_of(snapshot: Snapshot, kind: Kind, site: str | None) -> list[dict[str, str]]:
    """The records of a kind as text by column, those of one site or of all that the snapshot may show."""
    book = Book(snapshot, ())
    shown = [site] if site is not None else list(book.sites)
    if kind == "residents":
        return [
            {"id": each.id, "site": each.site, **people.flat(book.residents[each.id], book)}
            for each in snapshot.records(Resident)
            if each.site in shown
        ]
    names = _names(book)
    if kind == "devices":
        return [
            _device(each, book, names)
            for each in snapshot.records(Device)
            if each.site in shown and each.registered and not each.revoked
        ]
    flat: Any = belongings.flat_contact if kind == "contacts" else belongings.flat_fence
    return [
        {"id": each.id, "site": each.site, **_owner(book, each.resident), **flat(each)}
        for each in snapshot.records(Contact if kind == "contacts" else Fence)
        if each.site in shown
    ]


def _names(book: Book) -> dict[str, str]:
    return {key: book.household_word(key) for key in book.households}


def _owner(book: Book, resident: str | None) -> dict[str, str]:
    known = book.residents.get(resident or "")
    if known is None:
        return {}
    return {
        "resident": resident or "",
        "resident_external_id": known.external_id or "",
        "resident_name": known.name,
    }


def _device(device: Device, book: Book, households: Mapping[str, str]) -> dict[str, str]:
    fields = DeviceFields(site=device.site, type=device.type, phone=device.phone)
    shared = device.household if device.resident is None else None
    return {
        **belongings.flat_device(fields, book, {}),
        **_owner(book, device.resident),
        "id": device.id,
        "site": device.site,
        "household": households.get(shared or "", ""),
    }


def _columns(kind: Kind) -> list[Column]:
    return [column for column in COLUMNS[kind] if column.exported]


def _headers(kind: Kind, language: Language) -> list[str]:
    return [column.zh if language == "zh" else column.en for column in _columns(kind)]


def to_csv(rows: Iterable[Mapping[str, str]], kind: Kind, language: Language) -> bytes:
    """One kind as CSV, UTF-8 with a byte order mark, guarded against formulas."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = _columns(kind)
    writer.writerow(_headers(kind, language))
    for row in rows:
        writer.writerow([_csv_cell(row.get(column.field, ""), column) for column in columns])
    return (_MARK + buffer.getvalue()).encode()


def _csv_cell(text: str, column: Column) -> str:
    return text if column.field in _NUMBERS else guarded(text, formulas=True)


def to_xlsx(sheets: Sequence[tuple[Kind, Iterable[Mapping[str, str]]]], language: Language) -> bytes:
    """A workbook with a sheet a kind; text cells are text, marked as such, so that nothing is ever computed."""
    book = Workbook(write_only=True)
    for kind, rows in sheets:
        sheet = book.create_sheet(SHEET_NAMES[kind][0 if language == "zh" else 1])
        sheet.freeze_panes = "A2"
        columns = _columns(kind)
        for place, column in enumerate(columns):
            sheet.column_dimensions[_letter(place)].width = 40 if column.field.startswith("card.") else 16
        sheet.append([_header_cell(sheet, text) for text in _headers(kind, language)])
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
        if column.field not in _NUMBERS:
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
    if column.field in _NUMBERS:
        return float(text) if "." in text or "e" in text else int(text)
    cell = WriteOnlyCell(sheet, guarded(text, formulas=False))
    # Without this openpyxl takes what begins with = for a formula.
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = True
    return cell
