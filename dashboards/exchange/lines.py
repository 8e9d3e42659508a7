"""Tables to lines: each cell read by its column, what is wrong noted in its place."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from dashboards.exchange.cells import CLEAR, Doubtful, is_clear
from dashboards.exchange.columns import Column, Kind
from dashboards.exchange.faults import Fault, Faulty, Unreadable
from dashboards.exchange.headers import Layout, layout_of
from dashboards.exchange.tables import Cell, Row, Tables, is_blank, shown


@dataclass(slots=True)
class Line:
    """One line of a table. ``values``: only the cells that say something, ``CLEAR`` where they say to forget.

    ``doubts``: values that are probably wrong, which stand where they are stored already.
    """

    sheet: str
    number: int
    layout: Layout
    cells: list[Cell]
    values: dict[str, object] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    doubts: dict[str, Fault] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """What kind of record it describes."""
        return self.layout.kind

    def refuse(self, of: str, refusal: Faulty) -> None:
        """Note what is wrong with a field; ``of`` empty for the whole line."""
        self.faults.append(refusal.fault(self.layout.header_of(of), self.raw(of)))

    def settled(self, of: str, stored: object) -> object:
        """A field's value; what is stored, where that is read as the same (blanks, an older way to write a number)."""
        told = self.values.get(of)
        column = next((column for column in self.layout.columns.values() if column.field == of), None)
        if column is None or not isinstance(stored, str) or stored == told:
            return told
        try:
            return stored if column.read(stored) == told else told
        except Doubtful as doubt:
            return stored if doubt.value == told else told
        except Faulty:
            return told

    def is_wrong(self, of: str) -> bool:
        """Whether the field's own cell is faulty, so that nothing that follows from it needs saying."""
        header = self.layout.headers.get(of)
        return header is not None and any(fault.column == header for fault in self.faults)

    def raw(self, of: str) -> str | None:
        """What stands in the field's cell."""
        for place, column in self.layout.columns.items():
            if column.field == of and place < len(self.cells):
                return shown(self.cells[place])
        return None

    def text(self, of: str) -> str | None:
        """A field's text; None where nothing is said."""
        value = self.values.get(of)
        return value if isinstance(value, str) else None


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one table: what it was taken for, and which of its columns nobody knows.

    ``kind`` None: no column names were found in it, and all of it was left out.
    """

    sheet: str
    kind: Kind | None
    header_line: int = 0
    headers: list[str] = []
    unknown: list[str] = []


def read_lines(tables: Tables, kind: Kind | None = None) -> tuple[list[Line], list[Sheet]]:
    """The lines of all tables that have column names.

    Raises:
        Unreadable: None of them has, or two columns mean the same.
    """
    lines: list[Line] = []
    sheets: list[Sheet] = []
    for table in tables.tables:
        layout = layout_of(table, kind)
        if layout is None:
            if table.rows:
                sheets.append(Sheet(sheet=table.sheet, kind=None))
            continue
        headers = [shown(cell).strip() for cell in layout.header.cells]
        sheets.append(
            Sheet(
                sheet=table.sheet,
                kind=layout.kind,
                header_line=layout.header.line,
                headers=headers,
                unknown=layout.unknown,
            )
        )
        lines += [_line(table.sheet, row, layout) for row in table.rows if row.line > layout.header.line]
    if all(sheet.kind is None for sheet in sheets):
        first = next((table.rows[0] for table in tables.tables if table.rows), None)
        seen = " | ".join(shown(cell) for cell in first.cells[:12])[:200] if first else ""
        raise Unreadable("no_headers", encoding=tables.encoding or tables.format, first=seen)
    return lines, sheets


def _line(sheet: str, row: Row, layout: Layout) -> Line:
    line = Line(sheet, row.line, layout, row.cells)
    for place, column in layout.columns.items():
        cell = row.cells[place] if place < len(row.cells) else None
        if not is_blank(cell):
            _read(line, column, cell)
    return line


def _read(line: Line, column: Column, cell: Cell) -> None:
    if is_clear(cell):
        if column.clearable:
            line.values[column.field] = CLEAR
        else:
            line.refuse(column.field, Faulty("not_clearable"))
        return
    try:
        line.values[column.field] = column.read(cell)
    except Doubtful as doubt:
        line.values[column.field] = doubt.value
        line.doubts[column.field] = doubt.fault(line.layout.header_of(column.field), shown(cell))
    except Faulty as refusal:
        line.refuse(column.field, refusal)
