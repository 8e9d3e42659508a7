"""XLSX read within bounds: what unpacks to too much, or declares entities, is refused before it is parsed.

openpyxl parses with defusedxml where that is installed, as it is here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.utils.exceptions import InvalidFileException

from dashboards.exchange.faults import Unreadable
from dashboards.exchange.tables import MAX_BYTES, MAX_COLUMNS, MAX_LINES, Row, Table, Tables, is_blank
from dashboards.exchange.text import unguarded

MAX_UNPACKED_BYTES: Final = 100 * 1024 * 1024
"""Assumption: 50,000 lines unpack to about 60 MB; a bomb unpacks to thousands."""
_MAX_PARTS: Final = 2_000
_MAX_EMPTY_LINES: Final = 200_000
"""Formatted but empty lines below a table; a sheet can hold a million."""


def read_xlsx(data: bytes) -> Tables:
    """The sheets of a workbook. Raises ``Unreadable``."""
    _check_size(data)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            tables = [Table(sheet.title, list(_rows(sheet))) for sheet in book.worksheets]
        finally:
            book.close()
    except Unreadable:
        raise
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        DefusedXmlException,
        SyntaxError,
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        EOFError,
        NotImplementedError,
        AssertionError,
    ):
        # openpyxl has no error of its own for a damaged part: it stumbles over whatever is missing.
        raise Unreadable("broken_workbook") from None
    return Tables("xlsx", "", "", tables)


def _check_size(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise Unreadable("broken_workbook") from None
    if len(parts) > _MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise Unreadable("too_large", most=MAX_BYTES // 1024**2)


def _rows(sheet: Any) -> Iterator[Row]:
    # What a workbook says about its own size is often wrong; the rows tell.
    sheet.reset_dimensions()
    filled = 0
    for line, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = [unguarded(value) if isinstance(value, str) else value for value in values]
        while cells and is_blank(cells[-1]):
            cells.pop()
        if cells:
            filled += 1
            if len(cells) > MAX_COLUMNS:
                raise Unreadable("too_many_columns", line=line, most=MAX_COLUMNS)
            yield Row(line, cells)
        if filled > MAX_LINES or line - filled > _MAX_EMPTY_LINES:
            raise Unreadable("too_many_lines", most=MAX_LINES)
