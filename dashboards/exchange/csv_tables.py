"""CSV in the encodings and with the separators that spreadsheets and old programs write.

The encoding is not guessed by frequencies: short lists of names mislead every detector. A byte order mark
decides; else what is valid UTF-8 is UTF-8; else it is GB18030, which contains GBK and GB2312. Whether that
was right shows at once: column names that nobody knows are refused, quoted as they were read.
"""

from __future__ import annotations

import codecs
import csv
import io
from typing import Final

from dashboards.exchange.faults import Unreadable
from dashboards.exchange.tables import MAX_COLUMNS, MAX_LINES, Cell, Row, Table, Tables, is_blank
from dashboards.exchange.text import unguarded

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DELIMITERS: Final = (",", ";", "\t", "，", "；")
_LONGEST_FIELD: Final = 1_000_000


def read_csv(data: bytes) -> Tables:
    """The one table of a CSV file. Raises ``Unreadable``."""
    text, encoding = _decoded(data)
    delimiter = _delimiter(text)
    rows = _rows(text, delimiter)
    return Tables("csv", encoding, delimiter, [Table("", rows)])


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError:
                raise Unreadable("encoding") from None
    if b"\x00" in data[:4096]:
        raise Unreadable("not_a_table")
    for encoding in ("utf-8", "gb18030"):
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise Unreadable("encoding")


def _delimiter(text: str) -> str:
    """The separator that stands most often, outside quotation marks, in the first lines that have any."""
    head = text[:20_000].splitlines()[:10]
    counts = {each: max((_outside_quotes(line, each) for line in head), default=0) for each in _DELIMITERS}
    return max(_DELIMITERS, key=lambda each: counts[each])


def _outside_quotes(line: str, delimiter: str) -> int:
    return sum(part.count(delimiter) for part in line.split('"')[::2])


def _rows(text: str, delimiter: str) -> list[Row]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    begins = 1
    try:
        for fields in reader:
            line, begins = begins, reader.line_num + 1
            cells: list[Cell] = [unguarded(field) for field in fields]
            if len(cells) > MAX_COLUMNS:
                raise Unreadable("too_many_columns", line=line, most=MAX_COLUMNS)
            if not all(map(is_blank, cells)):
                rows.append(Row(line, cells))
            if len(rows) > MAX_LINES:
                raise Unreadable("too_many_lines", most=MAX_LINES)
    except csv.Error:
        raise Unreadable("quotes", line=begins) from None
    return rows
