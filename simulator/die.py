"""Chance as a pure function: the same seed and keys give the same number in every process and version."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import TypeVar

_Face = TypeVar("_Face")
_TWO_64 = float(1 << 64)


class Die:
    """Draws that depend on nothing but the seed and the keys given, so that any moment can be asked for alone."""

    def __init__(self, *seed: object) -> None:
        self._prefix = "/".join(map(str, seed))

    def uniform(self, low: float, high: float, *keys: object) -> float:
        """A number in ``[low, high)``."""
        name = f"{self._prefix}/{'/'.join(map(str, keys))}"
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        return low + (high - low) * (int.from_bytes(digest, "little") / _TWO_64)

    def integer(self, low: int, high: int, *keys: object) -> int:
        """An integer in ``[low, high)``."""
        return math.floor(self.uniform(low, high, *keys))

    def normal(self, deviation: float, *keys: object) -> float:
        """A normally distributed number around 0 (Box-Muller), cut off at three deviations."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform(0.0, 1.0, *keys, "r")))
        value = radius * math.cos(2.0 * math.pi * self.uniform(0.0, 1.0, *keys, "a"))
        return deviation * max(-3.0, min(3.0, value))

    def pick(self, faces: Sequence[_Face], *keys: object) -> _Face:
        """One of ``faces``."""
        return faces[self.integer(0, len(faces), *keys)]
