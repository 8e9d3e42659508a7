"""Which line holds the column names, and what kind of table they make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from dashboards.exchange.columns import KEYS, KINDS, REASONS, SHEET_NAMES, Column, Kind
from dashboards.exchange.faults import Unreadable
from dashboards.exchange.tables import Row, Table, shown
from dashboards.exchange.text import header_key

_LINES_SEARCHED: Final = 10
"""Lists often begin with a title over several merged cells."""
_PEOPLE: Final = frozenset({"resident", "resident_external_id", "resident_name"})
_NEEDED: Final[dict[Kind, tuple[frozenset[str], ...]]] = {
    "residents": (frozenset({"id", "external_id", "name"}),),
    "devices": (frozenset({"id"}),),
    "contacts": (_PEOPLE | {"id"}, frozenset({"name", "id"})),
    "fences": (_PEOPLE | {"id"}, frozenset({"circle.radius_m", "polygon", "id"})),
}
"""Of each set, a table of the kind has at least one column."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table's columns mean. ``columns``: place in the line → column; ``unknown``: headers nobody knows."""

    kind: Kind
    header: Row
    columns: dict[int, Column]
    headers: dict[str, str]
    unknown: list[str]

    def header_of(self, field: str) -> str:
        """The header of a field as the file has it; the field's Chinese name where it has none."""
        return self.headers.get(field, "")


def layout_of(table: Table, kind: Kind | None = None) -> Layout | None:
    """How to read a table; None when no line of it looks like column names.

    Of several kinds that fit, the one that knows most columns is meant; the sheet's name decides before
    that, and ``kind`` before everything. Where two kinds know equally many, the one that belongs to a resident is
    meant: a list of contacts must not make new residents.

    Raises:
        Unreadable: Two columns mean the same.
    """
    kinds = [kind] if kind else [named] if (named := _named(table.sheet)) else list(reversed(KINDS))
    found = [layout for row in table.rows[:_LINES_SEARCHED] for each in kinds if (layout := _layout(row, each))]
    if not found and kind is None and len(kinds) == 1:
        found = [layout for row in table.rows[:_LINES_SEARCHED] for each in KINDS if (layout := _layout(row, each))]
    if not found:
        return None
    best = max(found, key=lambda layout: len(layout.columns))
    _refuse_doubles(best)
    return best


def _named(sheet: str) -> Kind | None:
    return next((kind for kind, names in SHEET_NAMES.items() if sheet.strip().lower() in names), None)


def _layout(row: Row, kind: Kind) -> Layout | None:
    columns: dict[int, Column] = {}
    unknown: list[str] = []
    for place, cell in enumerate(row.cells):
        text = shown(cell).strip()
        key = header_key(text)
        column = KEYS[kind].get(key)
        if column is not None:
            columns[place] = column
        elif text and key not in REASONS:
            unknown.append(text)
    fields = {column.field for column in columns.values()}
    if not all(needed & fields for needed in _NEEDED[kind]) or len(columns) * 2 < len(unknown):
        return None
    headers = {column.field: shown(row.cells[place]).strip() for place, column in columns.items()}
    return Layout(kind, row, columns, headers, unknown)


def _refuse_doubles(layout: Layout) -> None:
    counts = Counter(column.field for column in layout.columns.values())
    double = [field for field, count in counts.items() if count > 1]
    if double:
        names = [
            shown(layout.header.cells[place]).strip()
            for place, column in layout.columns.items()
            if column.field in double
        ]
        raise Unreadable("same_column", columns=", ".join(names))
