"""Lives of a small community, cut into turns: what arrives, what staff change meanwhile, and what goes wrong."""

from __future__ import annotations

from typing import Literal, NamedTuple

import hypothesis.strategies as st
import msgspec

from devices.registry import RegistryChange
from tests.reference.changes import RECORDS, SETTINGS
from tests.reference.oracle import Rule, Told
from tests.reference.stories import DAY, HOUR, MINUTE, S, told
from tests.reference.streams import START

Mishap = Literal["none", "undone", "undone half", "undone whole", "restarted", "crashed"]
"""Before a turn is done for good: nothing; it was begun, half done or done and rolled back; the engine was stopped
and went on from its last knowledge; or it was killed and repeats the turns since its last snapshot."""


class Turn(NamedTuple):
    """One batch and what surrounds it.

    Attributes:
        changes: of the registry, before the batch.
        switched: rules whose detector is switched off or on before the batch.
        cuts: where the batch is cut into several calls with the same ``now``.
        advances: how often the deadlines are judged after it; never, once, or twice in a row.
        later: moments after the commit at which the deadlines are judged again, ms.
        keep: whether a snapshot is taken at the end.
    """

    now: int
    told: tuple[Told, ...]
    changes: tuple[RegistryChange, ...]
    switched: tuple[tuple[Rule, bool], ...]
    cuts: tuple[int, ...]
    listening_since: int | None
    advances: int
    later: tuple[int, ...]
    mishap: Mishap
    keep: bool


_some_changes = st.one_of(
    st.just([]), st.just([]), st.just([]), st.just([]), st.just([]), st.just([]),
    st.lists(st.sampled_from(RECORDS + SETTINGS), min_size=1, max_size=2),
)  # fmt: skip
_some_settings = st.lists(st.sampled_from(SETTINGS), max_size=3)
_some_switches = st.one_of(*[st.just(())] * 9, st.tuples(st.tuples(st.sampled_from(Rule), st.booleans())))
_mishaps: st.SearchStrategy[Mishap] = st.sampled_from(
    ["none", "none", "none", "undone", "undone half", "undone whole", "restarted", "crashed"]
)
_parts = st.sets(st.sampled_from([0.05, 0.3, 0.5, 0.97]), max_size=2)


@st.composite
def _batches(draw: st.DrawFn, readings: list[Told]) -> list[tuple[int, tuple[Told, ...]]]:
    """The readings in batches of what arrives within a while, each with its moment; at the end nothing comes."""
    within = draw(st.sampled_from([0, 60 * S, 400 * S, 2 * HOUR, 90 * HOUR]))
    lumps: list[list[Told]] = []
    for reading in readings:
        if lumps and reading.received - lumps[-1][0].received <= within:
            lumps[-1].append(reading)
        else:
            lumps.append([reading])
    batches = [(lump[-1].received + draw(st.sampled_from([0, 0, S])), tuple(lump)) for lump in lumps]
    now = batches[-1][0] if batches else START
    waits = st.sampled_from([11 * MINUTE, 31 * MINUTE, 8 * HOUR, 25 * HOUR, 50 * HOUR])
    for wait in draw(st.lists(waits, min_size=1, max_size=3)):
        now += wait
        batches.append((now, ()))
    return batches


@st.composite
def lives(draw: st.DrawFn, *, whole: bool = False) -> list[Turn]:
    """What a community lives through, from a moment of day or night on; the whole of it, or some."""
    begin = START + draw(st.sampled_from([0, 9 * HOUR, 12 * HOUR]))
    batches = draw(_batches(draw(told(begin, whole=whole))))
    listening: int | None = begin - DAY
    version = 0
    turns = []
    for i, (now, readings) in enumerate(batches):
        changes: list[RegistryChange] = []
        for one in [*(draw(_some_settings) if i == 0 else []), *draw(_some_changes)]:
            version += 1
            changes.append(msgspec.structs.replace(one, version=version))
        listening = draw(st.sampled_from([listening] * 16 + [None, now, now - 100 * S, begin - DAY]))
        gap = batches[i + 1][0] - now if i + 1 < len(batches) else 0
        turns.append(
            Turn(
                now=now, told=readings, changes=tuple(changes), switched=draw(_some_switches),
                cuts=tuple(sorted(draw(st.lists(st.integers(0, len(readings)), max_size=2)))),
                listening_since=listening, advances=draw(st.sampled_from([1, 1, 1, 1, 0, 2])),
                later=tuple(now + int(gap * part) for part in sorted(draw(_parts))) if gap > MINUTE else (),
                mishap=draw(_mishaps), keep=draw(st.booleans()),
            )
        )  # fmt: skip
    return turns
