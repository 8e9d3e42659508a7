"""What goes wrong between a wrist and a gateway: disorder, duplicates, broken clocks, poisoned payloads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, TypeVar

from devices.clock import DAY_MS, MINUTE_MS
from simulator.die import Die

_Item = TypeVar("_Item")


def disordered(items: Iterable[_Item], die: Die, *, reach: int) -> list[_Item]:
    """The items with each one moved by fewer than ``reach`` places; 1 leaves the order as it is."""
    keyed = [(number + die.uniform(0, reach, number, "disorder"), number, item) for number, item in enumerate(items)]
    return [item for _, _, item in sorted(keyed, key=lambda entry: entry[:2])]


def duplicated(items: Iterable[_Item], die: Die, *, chance: float) -> Iterator[_Item]:
    """The items, some of them again right behind themselves, up to twice."""
    for number, item in enumerate(items):
        yield item
        for copy in range(2):
            if die.uniform(0, 1, number, copy, "duplicate") < chance:
                yield item


CLOCK_ERRORS_MS: Final[Mapping[str, int]] = {
    "never set": -1_750_000_000_000,
    "a day behind": -DAY_MS,
    "eleven minutes behind": -11 * MINUTE_MS,
    "a minute ahead": MINUTE_MS,
    "six minutes ahead": 6 * MINUTE_MS,
    "a year ahead": 365 * DAY_MS,
}
"""By how much a device's clock may be wrong; with six minutes and more ahead a reading is from the future."""


def wrong_clock(body: Mapping[str, object], error_ms: int) -> dict[str, object]:
    """The reading as a device with a wrong clock would have written it; never before the epoch."""
    t = body["t"]
    if not isinstance(t, int):
        raise TypeError("t must be an integer")
    return {**body, "t": max(0, t + error_ms)}


class Poison(NamedTuple):
    """A payload that must be put aside without harm: as ``kind``, ``name`` says what is wrong with it."""

    name: str
    kind: str
    payload: bytes


def poisons(t: int) -> tuple[Poison, ...]:
    """Payloads that no gateway may take for readings; ``t`` in ms is otherwise a good time."""

    def bad(name: str, kind: str, **fields: object) -> Poison:
        return Poison(name, kind, json.dumps({"t": t, "seq": 1, **fields}).encode())

    return (
        Poison("empty", "heartbeat", b""),
        Poison("not JSON", "heartbeat", b"battery=80"),
        Poison("cut off", "position", b'{"t":%d,"seq":1,"lat":31.2' % t),
        Poison("not UTF-8", "service", b'{"t":%d,"request":"\xff\xfe"}' % t),
        Poison("a number", "heartbeat", b"42"),
        Poison("an array of arrays", "heartbeat", b"[[]]"),
        Poison("nested too deep", "heartbeat", b"[" * 5_000 + b"]" * 5_000),
        Poison("NaN", "position", b'{"t":%d,"seq":1,"lat":NaN,"lon":121.4}' % t),
        Poison("infinite", "vitals", b'{"t":%d,"seq":1,"heart_rate_bpm":1e999}' % t),
        Poison("t as text", "heartbeat", b'{"t":"%d","seq":1}' % t),
        Poison("no t", "heartbeat", b'{"seq":1}'),
        bad("t too large for the database", "heartbeat", t=2**63),
        bad("t with 400 digits", "heartbeat", t=10**400),
        bad("negative t", "heartbeat", t=-1),
        bad("six minutes ahead", "heartbeat", t=t + CLOCK_ERRORS_MS["six minutes ahead"]),
        bad("seq too large", "heartbeat", seq=2**32),
        bad("latitude beyond the pole", "position", lat=91.0, lon=121.4),
        bad("longitude beyond the line", "position", lat=31.2, lon=-180.5),
        bad("battery over 100", "heartbeat", battery_pct=101),
        bad("a heart of 400", "vitals", heart_rate_bpm=400),
        bad("NUL in a text", "service", request="meal\0"),
        bad("a control character", "service", request="meal", note="quick\x1b"),
        bad("samples that are no base64", "motion", rate_hz=50, samples="***"),
        bad("samples that are no triples", "motion", rate_hz=50, samples="AAAA"),
    )
