"""PostgreSQL's binary COPY format, encoded from numpy columns without a Python object a row.

Source: PostgreSQL documentation, COPY, "Binary Format": an 11-byte signature, flags, then for each row a
16-bit field count and for each field a 32-bit length (−1 for NULL) before its big-endian value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

SIGNATURE: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TRAILER: Final = b"\xff\xff"

EPOCH_2000_MS: Final = 946_684_800_000
"""Where PostgreSQL counts its µs from, Unix ms."""
WIRE: Final[dict[str, np.dtype[Any]]] = {
    "int8": np.dtype(">i8"),
    "int4": np.dtype(">i4"),
    "int2": np.dtype(">i2"),
    "float8": np.dtype(">f8"),
    "float4": np.dtype(">f4"),
    "bool": np.dtype("i1"),
    "timestamptz": np.dtype(">i8"),
}
"""How PostgreSQL sends a value of each type."""


class Column(NamedTuple):
    """One column of a table: its PostgreSQL type and the values, shape (n,).

    ``timestamptz`` takes Unix ms. In a nullable column NaN (floats) and −1 (integers, booleans) become NULL.
    """

    type: str
    values: npt.NDArray[Any]
    nullable: bool = False


def encode_rows(columns: Sequence[Column]) -> bytes:
    """The rows of a binary COPY, without signature and trailer. All columns have the same length."""
    absences = [missing(column) for column in columns]
    fields: list[tuple[str, Any]] = [("fields", ">i2")]
    for i, (column, absent) in enumerate(zip(columns, absences, strict=True)):
        fields.append((f"length{i}", ">i4"))
        # Many devices never send some of the fields: a column of NULLs alone has no room for values.
        if absent is None or not absent.all():
            fields.append((f"value{i}", WIRE[column.type]))
    layout = np.dtype(fields)
    rows = np.zeros(len(columns[0].values), layout)
    rows["fields"] = len(columns)
    partly: list[tuple[int, int, npt.NDArray[np.bool_]]] = []
    for i, (column, absent) in enumerate(zip(columns, absences, strict=True)):
        wire = WIRE[column.type]
        rows[f"length{i}"] = wire.itemsize if absent is None else np.where(absent, -1, wire.itemsize)
        if f"value{i}" not in layout.fields:  # type: ignore[operator]
            continue
        rows[f"value{i}"] = as_sent(column)
        if absent is not None:
            _, start = layout.fields[f"value{i}"][:2]  # type: ignore[index]
            partly.append((start, start + wire.itemsize, absent))
    if not partly:
        return rows.tobytes()
    octets = rows.view(np.uint8).reshape(len(rows), layout.itemsize)
    kept = np.ones(octets.shape, np.bool_)
    for start, stop, absent in partly:
        kept[absent, start:stop] = False
    return octets[kept].tobytes()


def as_sent(column: Column) -> npt.NDArray[Any]:
    """The values as PostgreSQL counts them, in whatever order of bytes."""
    return (column.values - EPOCH_2000_MS) * 1000 if column.type == "timestamptz" else column.values


def missing(column: Column) -> npt.NDArray[np.bool_] | None:
    """Which values are NULL; None when none is."""
    if not column.nullable:
        return None
    values = column.values
    missing: npt.NDArray[np.bool_] = np.isnan(values) if values.dtype.kind == "f" else values == -1
    return missing if missing.any() else None
