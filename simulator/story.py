"""The life's time beside the wall clock's: how ``--speed`` keeps honest.

``t`` in every reading is the wall clock's time of measuring, whatever the speed, because a gateway refuses
readings from the future and calls old ones late. What runs faster is the life: with speed 60 an hour of
it passes in a minute, people walk 60 times as fast, batteries drain 60 times as fast, and the announced
``interval_s`` are 60 times as short. Elapsed times that a gateway measures are thus true times between
readings, and only the pace of life is not that of people.
"""

from __future__ import annotations


class StoryClock:
    """Maps wall-clock ms to the life's ms: ``story_start_ms`` at ``start_ms``, ``speed`` times as fast from there."""

    def __init__(self, start_ms: int, *, speed: float = 1.0, story_start_ms: int | None = None) -> None:
        self.speed = speed
        self._start_ms = start_ms
        self._story_start_ms = start_ms if story_start_ms is None else story_start_ms

    def story(self, wall_ms: int) -> int:
        """The life's time at a wall-clock time."""
        return self._story_start_ms + round((wall_ms - self._start_ms) * self.speed)

    def wall(self, story_ms: int) -> int:
        """The wall-clock time at which the life's time comes."""
        return self._start_ms + round((story_ms - self._story_start_ms) / self.speed)
