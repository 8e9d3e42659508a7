"""A town to walk in: crossings, streets between them, and how much of the sky the houses leave open."""

from __future__ import annotations

import heapq
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BLOCKS: Final = 70
BLOCK_M: Final = 105.0
"""Length of a street between two crossings. Assumption, 60 to 150 in the old quarters of cities."""
TASTES: Final = 5
"""So many different ways between the same two places; 0 is what one takes by habit."""
_JITTER_M: Final = 17.0
_BEND_M: Final = 6.0
_CLOSED: Final = 0.12
_TASTE: Final = 0.35
_DISTRICT_M: Final = 450.0


class Town:
    """Streets on a bent grid of 7 km with gaps; pure in its seed."""

    def __init__(self, seed: int) -> None:
        """Lay the streets."""
        chance = np.random.default_rng([seed, 1])
        n = BLOCKS + 1
        axis = (np.arange(n) - BLOCKS / 2) * BLOCK_M
        east, north = np.meshgrid(axis, axis)
        self.crossings: Floats = np.stack([east.ravel(), north.ravel()], 1)
        self.crossings += chance.normal(0.0, _JITTER_M, self.crossings.shape)
        index = np.arange(n * n).reshape(n, n)
        across = np.stack([index[:, :-1].ravel(), index[:, 1:].ravel()], 1)
        along = np.stack([index[:-1].ravel(), index[1:].ravel()], 1)
        streets = np.concatenate([across, along])
        streets = streets[chance.random(len(streets)) >= _CLOSED]
        middle = (self.crossings[streets[:, 0]] + self.crossings[streets[:, 1]]) / 2
        self._middle = middle + chance.normal(0.0, _BEND_M, middle.shape)
        length = np.hypot(*(self.crossings[streets[:, 0]] - self.crossings[streets[:, 1]]).T)
        liking = 1.0 + _TASTE * chance.random((TASTES, len(streets)))
        self._cost: list[list[float]] = (length * liking).tolist()
        self._next: list[list[tuple[int, int]]] = [[] for _ in range(n * n)]
        for street, (a, b) in enumerate(streets.tolist()):
            self._next[a].append((b, street))
            self._next[b].append((a, street))
        districts = int(BLOCKS * BLOCK_M / _DISTRICT_M) + 3
        self._shut: Floats = chance.beta(0.7, 1.8, (districts, districts))
        self.reachable: Ints = np.array(sorted(self._reach(index[n // 2, n // 2].item())), np.int64)
        self.way = lru_cache(maxsize=20_000)(self._way)

    def near(self, place: Floats, low_m: float, high_m: float, chance: np.random.Generator) -> int:
        """A crossing at a distance within ``[low_m, high_m)``, or the one nearest to that."""
        away = np.hypot(*(self.crossings[self.reachable] - place).T)
        fits = self.reachable[(away >= low_m) & (away < high_m)]
        if len(fits):
            return int(chance.choice(fits))
        return int(self.reachable[np.argmin(np.abs(away - (low_m + high_m) / 2))])

    def neighbours(self, crossing: int) -> list[int]:
        """The crossings at the ends of the streets that meet here."""
        return [to for to, _ in self._next[crossing]]

    def points(self, crossings: list[int] | tuple[int, ...]) -> Floats:
        """The line along the streets through neighbouring crossings, shape (n, 2)."""
        line = [self.crossings[crossings[0]]]
        for here, to in pairwise(crossings):
            street = next((street for end, street in self._next[here] if end == to), None)
            if street is not None:
                line.append(self._middle[street])
            line.append(self.crossings[to])
        return np.array(line)

    def shut(self, places: Floats) -> Floats:
        """How much of the sky houses hide at each place, 0 to 1; changes from one district to the next."""
        scaled = np.clip(places / _DISTRICT_M + (len(self._shut) - 1) / 2, 0, len(self._shut) - 1.001)
        column, row = scaled[:, 0].astype(int), scaled[:, 1].astype(int)
        x, y = scaled[:, 0] - column, scaled[:, 1] - row
        grid = self._shut
        lower = grid[row, column] * (1 - x) + grid[row, column + 1] * x
        upper = grid[row + 1, column] * (1 - x) + grid[row + 1, column + 1] * x
        found: Floats = lower * (1 - y) + upper * y
        return found

    def _reach(self, start: int) -> set[int]:
        found, edge = {start}, [start]
        while edge:
            new = {to for here in edge for to, _ in self._next[here]} - found
            found |= new
            edge = list(new)
        return found

    def _way(self, start: int, goal: int, taste: int = 0) -> tuple[int, ...]:
        """The crossings of the best way by somebody's taste, both ends included (A*)."""
        cost, crossings = self._cost[taste], self.crossings
        ahead = np.hypot(*(crossings - crossings[goal]).T)
        best = {start: 0.0}
        came: dict[int, int] = {}
        queue = [(float(ahead[start]), start)]
        while queue:
            _, here = heapq.heappop(queue)
            if here == goal:
                break
            for to, street in self._next[here]:
                so_far = best[here] + cost[street]
                if so_far < best.get(to, np.inf):
                    best[to], came[to] = so_far, here
                    heapq.heappush(queue, (so_far + float(ahead[to]), to))
        way = [goal]
        while way[-1] != start:
            way.append(came[way[-1]])
        return tuple(reversed(way))
