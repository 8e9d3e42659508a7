"""Walks of one resident with a band: fixes along a line that is drawn in metres about home, as engine and oracle hear
them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import cos, hypot, radians
from typing import Any

from alerts.engine import Engine, Rule
from devices.batch import Records
from devices.registry import Record
from tests.reference.oracle import Told
from tests.reference.streams import HOME, M_PER_DEG, START, assignment, batch_of, change, circle, device, fix, resident

S = 1000
HOUR = 3_600 * S
DAY = 24 * HOUR
EVERY_S = 20
WALKS_MPS = 1.2
Line = Sequence[tuple[float, float]]

SHOP: Line = [(0, 0), (0, 500), (400, 500)]
"""The way to the shop, 900 m."""
ASTRAY: Line = [(0, 0), (0, 420), (-600, 420)]
"""Off it midway, into the other direction."""


def told_at(t: int, east_m: float, north_m: float, **fields: Any) -> Told:
    """A fix so many metres from home, 5 m accurate unless told otherwise."""
    lon = HOME[1] + east_m / (M_PER_DEG * cos(radians(HOME[0])))
    return fix(t, north_m, lon=lon, **fields)


def walked(line: Line, begin: int, *, every_s: int = EVERY_S, mps: float = WALKS_MPS, **fields: Any) -> list[Told]:
    """The fixes of somebody who walks along a line, each corner and end among them."""
    fixes, t = [told_at(begin, *line[0], **fields)], begin
    for (x, y), (to_x, to_y) in pairwise(line):
        length = hypot(to_x - x, to_y - y)
        steps = max(1, round(length / (mps * every_s)))
        for i in range(1, steps + 1):
            t += round(length / mps / steps * S)
            fixes.append(told_at(t, x + (to_x - x) * i / steps, y + (to_y - y) * i / steps, **fields))
    return fixes


def stood(place: tuple[float, float], begin: int, seconds: int, *, every_s: int = EVERY_S, **fields: Any) -> list[Told]:
    """The fixes of somebody who stands still."""
    return [told_at(begin + i * S, *place, **fields) for i in range(0, seconds, every_s)]


def there_and_back(line: Line, begin: int, **fields: Any) -> list[Told]:
    """To the end of a line, an hour of which nothing is heard, and home the same way; two fixes at home at its end."""
    out = walked(line, begin, **fields)
    back = walked(line[::-1], out[-1].t + HOUR, **fields)
    return [*out, *back, told_at(back[-1].t + EVERY_S * S, 0, 0, **fields)]


def engine_of(**fields: Any) -> Engine:
    """One resident with a band and a zone in which they may walk as far as they like, by night and in laps too.

    Where nothing else is said, nobody knows their time zone.
    """
    engine = Engine()
    engine.disable(Rule.WANDERING_NIGHT_EXIT)
    engine.disable(Rule.WANDERING_PATTERN)
    records: list[Record] = [resident(**{"timezone": "", **fields}), device(), assignment(), circle(radius_m=20_000.0)]
    engine.apply([change(record) for record in records])
    return engine


def heard(engine: Engine, fixes: Iterable[Told], rule: Rule = Rule.WANDERING_LOST) -> Records:
    """What a rule says of fixes that arrive at once."""
    fixes = list(fixes)
    events = engine.process(batch_of(fixes), fixes[-1].received)
    engine.commit()
    said: Records = events[events["rule"] == rule]
    return said


def used_to(engine: Engine, line: Line, times: int = 6, first_day: int = 0, **fields: Any) -> int:
    """Let somebody walk a way on so many days, and back; returns the day after."""
    for day in range(first_day, first_day + times):
        heard(engine, there_and_back(line, START + day * DAY, **fields))
    return first_day + times
