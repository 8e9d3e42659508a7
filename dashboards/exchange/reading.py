"""Which format a file has, by what is in it and not by its name."""

from __future__ import annotations

from typing import Final

from dashboards.exchange.csv_tables import read_csv
from dashboards.exchange.faults import Unreadable
from dashboards.exchange.tables import MAX_BYTES, Tables

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""An old .xls, or an .xlsx behind a password."""


def read_tables(data: bytes) -> Tables:
    """The tables of a CSV or XLSX file. Raises ``Unreadable`` in words for whoever sent it."""
    if len(data) > MAX_BYTES:
        raise Unreadable("too_large", most=MAX_BYTES // 1024**2)
    if not data.strip():
        raise Unreadable("empty")
    if data.startswith(_OLE):
        raise Unreadable("old_excel")
    if not data.startswith(_ZIP):
        return read_csv(data)
    # What reads workbooks takes half a second to load, and most consoles never see one.
    from dashboards.exchange.xlsx_tables import read_xlsx  # noqa: PLC0415

    return read_xlsx(data)
