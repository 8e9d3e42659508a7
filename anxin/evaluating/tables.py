"""CSV files as others write them: columns by name, and every value with the line that it stands on."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from math import isfinite
from pathlib import Path

from anxin.evaluating.errors import EvaluationError


def rows(path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()) -> Iterator[tuple[int, list[str]]]:
    """The values of these columns, each row with the number of its line; empty lines are passed over.

    A column that is ``optional`` and not there is empty throughout.

    Raises:
        EvaluationError: the file cannot be read, or a column or a value is missing.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            head = [name.strip() for name in next(reader, [])]
            missing = [name for name in columns if name not in head]
            if missing:
                raise EvaluationError(f"{path}, line 1: no column {', '.join(missing)}")
            places = [head.index(name) if name in head else -1 for name in (*columns, *optional)]
            for row in reader:
                if not row:
                    continue
                if len(row) <= max(places):
                    raise EvaluationError(f"{path}, line {reader.line_num}: {len(row)} values for {len(head)} columns")
                yield reader.line_num, [row[place].strip() if place >= 0 else "" for place in places]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(f"{path}: {error}") from None


def named_file(manifest: Path, file: str, subject: str, where: str) -> Path:
    """The file that a manifest's line names, with whom it is of.

    Raises:
        EvaluationError: one of them is not told, or there is no such file.
    """
    if not file or not subject:
        raise EvaluationError(f"{where}: a file and a subject are needed")
    path = manifest.parent / file
    if not path.is_file():
        raise EvaluationError(f"{where}: there is no file {path}")
    return path


def number(text: str) -> float | None:
    """A finite number, None where the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None
