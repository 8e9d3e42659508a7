"""Files as tables: bytes of CSV or XLSX to rows of cells, bounded, with the line of each row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final, Literal

Format = Literal["csv", "xlsx"]
Cell = str | int | float | bool | datetime | date | time | None

MAX_BYTES: Final = 20 * 1024 * 1024
"""Assumption: 50,000 lines with 30 columns of Chinese text are about 15 MB of CSV."""
MAX_LINES: Final = 50_000
MAX_COLUMNS: Final = 200
MAX_CELL: Final = 4_000
"""As long as the longest text of a resident's card."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``line`` counts from 1 as editors and spreadsheets show it."""

    line: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file or one sheet of a workbook; lines without anything in them are left out."""

    sheet: str
    rows: list[Row] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a file holds. ``encoding`` and ``delimiter`` are those of a CSV, empty for XLSX."""

    format: Format
    encoding: str
    delimiter: str
    tables: list[Table]


def shown(cell: Cell) -> str:
    """A cell as its owner would recognise it."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ", timespec="minutes" if not cell.second else "auto").removesuffix(" 00:00")
    return str(cell)


def is_blank(cell: Cell) -> bool:
    """Nothing in it, or nothing that shows."""
    return cell is None or (isinstance(cell, str) and not cell.strip(" \t\r\n\u3000\u00a0\ufeff"))
