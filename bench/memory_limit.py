"""What memory itself allows: a kernel that only reads and writes one record a reading.

It walks through records as large as the engine's hot one, of the same residents in the same order, and does
nothing that could be called a rule. An engine cannot be faster; how near it comes says what its rules cost.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from devices.batch import Records

CACHE_LINE: Final = 64
"""Bytes that memory hands out at once, on x86-64 and most ARM."""
_WORD: Final = 8


def hot_records(residents: int, size: int) -> npt.NDArray[np.int64]:
    """Records of ``size`` bytes that begin at a cache line, as words: shape (residents, size / 8), all touched."""
    words = max(1, size // _WORD)
    room = np.ones(residents * words + CACHE_LINE // _WORD, np.int64)
    first = (-room.ctypes.data % CACHE_LINE) // _WORD
    return room[first : first + residents * words].reshape(residents, words)


@njit(cache=True)
def read_and_write(records: npt.NDArray[np.int64], header: Records) -> int:
    """Read three of four words of each reading's record, and write the newer time into them.

    Args:
        records: shape (n, words), changed in place.
        header: shape (m,), HEADER.

    Returns:
        A sum over what was read, so that no read is left out.
    """
    total = 0
    words = records.shape[1] - records.shape[1] // 4
    for i in range(len(header)):
        record = records[header[i]["device"]]
        t = header[i]["t"]
        for word in range(words):
            total += record[word]
            record[word] = max(record[word], t)
    return total
