"""Records as tables and CSV, so that what is exported can be imported again and changes nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from dashboards.exchange import belongings, people
from dashboards.exchange.book import Book
from dashboards.exchange.columns import COLUMNS, Column, Kind
from dashboards.exchange.text import guarded
from gateway.store.registry_bulk import Snapshot
from gateway.store.registry_records import Contact, Device, DeviceFields, Fence, Resident

Language = Literal["zh", "en"]
NUMBERS: Final = frozenset(
    {"birth_year", "home.lat", "home.lon", "order", "circle.lat", "circle.lon", "circle.radius_m"}
)
"""Columns that a spreadsheet may take for numbers; everything else is text, phone numbers above all."""
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


def columns_of(kind: Kind) -> list[Column]:
    """The columns of a kind that are written."""
    return [column for column in COLUMNS[kind] if column.exported]


def headers_of(kind: Kind, language: Language) -> list[str]:
    """What stands above them."""
    return [column.zh if language == "zh" else column.en for column in columns_of(kind)]


def to_csv(rows: Iterable[Mapping[str, str]], kind: Kind, language: Language) -> bytes:
    """One kind as CSV, UTF-8 with a byte order mark, guarded against formulas."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    columns = columns_of(kind)
    writer.writerow(headers_of(kind, language))
    for row in rows:
        writer.writerow([_csv_cell(row.get(column.field, ""), column) for column in columns])
    return (_MARK + buffer.getvalue()).encode()


def _csv_cell(text: str, column: Column) -> str:
    return text if column.field in NUMBERS else guarded(text, formulas=True)
