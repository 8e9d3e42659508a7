"""What a look at the deadlines says stands in one order, however little room there is for it: residents, then devices.

Room runs out when thousands fall silent together; the look is then gone on with, and a replay may have other room.
"""

from __future__ import annotations

from functools import cache

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from alerts.engine import EPISODE_EVENT, Engine, Rule
from alerts.engine import engine as shell
from devices.batch import Records
from tests.reference.streams import START, assignment, batch_of, beat, change, device, resident

S = 1000
HOUR = 3600 * S


@cache
def community(residents: int = 40) -> bytes:
    """Bands and boxes of so many residents, all of which were heard once: as a snapshot."""
    engine = Engine()
    engine.apply(
        [
            change(record)
            for slot in range(residents)
            for record in (
                resident(slot),
                device(2 * slot),
                device(2 * slot + 1, type="box"),
                assignment(2 * slot, slot),
                assignment(2 * slot + 1, slot),
            )
        ]
    )
    beats = [beat(START + (i * 7919) % 97 * S, i) for i in range(2 * residents)]
    engine.process(batch_of(beats), START + 100 * S)
    engine.commit()
    return engine.snapshot()


def said_with_room(room: int, kept: bytes, moments: list[int]) -> list[Records]:
    """What an engine says that begins with room for what so many readings bring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell, "_FIRST_ROOM", room)
        engine = Engine.restore(kept)
        said = []
        for now in moments:
            said.append(engine.advance(now, START))
            engine.commit()
    return said


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 30), st.lists(st.integers(1, 100), min_size=1, max_size=4).map(sorted))
def test_going_on_with_a_look_never_reorders(room: int, hours: list[int]) -> None:
    moments = [START + hour * HOUR // 2 for hour in hours]
    for little, plenty in zip(
        said_with_room(room, community(), moments), said_with_room(4096, community(), moments), strict=True
    ):
        assert little.tobytes() == plenty.tobytes()


def test_residents_stand_in_their_order_each_by_time_then_devices_in_theirs() -> None:
    (said,) = said_with_room(3, community(), [START + 20 * HOUR])
    of_devices = said["rule"] == Rule.DEVICE_FAULT
    assert 0 < of_devices.sum() < len(said)
    assert not of_devices[: -of_devices.sum()].any()
    people = said[~of_devices]
    assert np.lexsort((people["t"], people["resident"])).tolist() == list(range(len(people)))
    assert (np.diff(said[of_devices]["device"]) > 0).all()


def test_a_look_that_is_undone_halfway_through_little_room_says_the_same_again() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shell, "_FIRST_ROOM", 2)
        engine = Engine.restore(community())
        first = engine.advance(START + 20 * HOUR, START)
        engine.rollback()
        assert engine.snapshot() == community()
        assert engine.advance(START + 20 * HOUR, START).tobytes() == first.tobytes()
    assert first.dtype == EPISODE_EVENT
