"""Rows of different length for each owner, kept one after the other in one array.

An owner's rows are ``[first, first + count)``. New rows are appended, which leaves the old ones behind as
waste; when more than half is waste, everything is moved together. So a change costs one copy of the array
however many owners it concerns, and the array never holds more than twice what is in use (and a little).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

_WASTE: Final = 64
"""So many rows may be waste whatever is in use."""


class Rows(NamedTuple):
    """Rows of some owners, those of one after those of the other."""

    owners: Sequence[int]
    counts: Sequence[int]
    """How many each of them has."""
    rows: npt.NDArray[Any]


def replaced(
    rows: npt.NDArray[Any], first: npt.NDArray[np.int32], count: npt.NDArray[np.int32], new: Rows
) -> npt.NDArray[Any]:
    """The array in which the owners in ``new`` have these rows.

    Args:
        rows: shape (n, …), of all owners.
        first: shape (n_owners,), changed in place; 0 where ``count`` is.
        count: shape (n_owners,), changed in place.
        new: the rows of each owner that changes, all of one shape (…).
    """
    owners, own = np.asarray(new.owners, np.int64), np.asarray(new.counts, np.int64)
    first[owners] = np.where(own > 0, len(rows) + np.cumsum(own) - own, 0)
    count[owners] = own
    rows = np.concatenate([rows, new.rows])
    return together(rows, first, count) if len(rows) > 2 * int(count.sum()) + _WASTE else rows


def together(rows: npt.NDArray[Any], first: npt.NDArray[np.int32], count: npt.NDArray[np.int32]) -> npt.NDArray[Any]:
    """The rows in use alone, in the order of their owners; ``first`` is changed in place."""
    ends = np.cumsum(count)
    starts = ends - count
    kept = np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(first - starts, count)
    first[:] = np.where(count > 0, starts, 0)
    moved: npt.NDArray[Any] = rows[kept]
    return moved
