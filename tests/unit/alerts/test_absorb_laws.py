"""Laws of folding over random streams of episode events, however they are cut into batches."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alarm import SEVERITIES, Alarm, Episode
from alerts.desk import absorb
from alerts.growing import may_grow
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import SECOND, T0, an_episode

RULES = ("sos.button", "fall.device", "fall.motion", "wandering.zone_exit", "missed_check.silent", "device.battery_low")
NOW = T0 + 3600 * SECOND


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    rule = draw(st.sampled_from(RULES))
    opening_s = draw(st.integers(0, 4)) * 50
    whats = ["opened", "evidence", "recovered"] if rule not in RULES[:3] else ["opened", "cancelled"]
    what = draw(st.sampled_from(whats))
    t = T0 + (opening_s + (0 if what == "opened" else draw(st.integers(0, 30)))) * SECOND
    return an_episode(
        rule,
        t,
        opening_t=T0 + opening_s * SECOND,
        what=what,
        severity=draw(st.sampled_from(SEVERITIES)),
        device=draw(st.sampled_from(["band-1", "band-2"])),
        drill=draw(st.booleans()),
        late=draw(st.booleans()),
    )


async def taken_in(batches: list[list[Episode]]) -> MemoryStore:
    store = MemoryStore()
    for batch in batches:
        async with store.transaction() as tx:
            await absorb(tx, batch, NOW)
    return store


def pending(store: MemoryStore) -> list[tuple[object, str, int]]:
    return sorted((str(s.step.alarm), s.step.step, s.step.due_at) for s in store.contents.steps if s.state == "pending")


@given(stream=st.lists(episodes(), max_size=14), cuts=st.sets(st.integers(0, 14)))
@settings(max_examples=150, deadline=None)
def test_cutting_a_batch_changes_nothing(stream: list[Episode], cuts: set[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(stream)), len(stream)]
    whole = asyncio.run(taken_in([stream]))
    parts = asyncio.run(taken_in([stream[a:b] for a, b in itertools.pairwise(edges)]))
    assert whole.contents.alarms == parts.contents.alarms
    assert pending(whole) == pending(parts)


@given(batches=st.lists(st.lists(episodes(), max_size=4), max_size=6))
@settings(max_examples=150, deadline=None)
def test_a_step_waits_for_time_alone_exactly_while_time_alone_may_make_more(batches: list[list[Episode]]) -> None:
    store = asyncio.run(taken_in(batches))
    waiting = [s.step.alarm for s in store.contents.steps if s.step.step == "still_low" and s.state == "pending"]
    assert sorted(waiting) == sorted(alarm.id for alarm in store.contents.alarms.values() if may_grow(alarm))


@given(stream=st.lists(episodes(), max_size=14))
@settings(max_examples=150, deadline=None)
def test_an_alarm_only_gets_worse_and_its_story_only_grows(stream: list[Episode]) -> None:
    store = asyncio.run(taken_in([[episode] for episode in stream]))
    before: dict[object, Alarm] = {}
    for alarm, count_only in store.contents.changes:
        earlier = before.get(alarm.id)
        if earlier is not None:
            assert alarm.version > earlier.version
            assert alarm.count >= earlier.count
            assert SEVERITIES.index(alarm.severity) >= SEVERITIES.index(earlier.severity)
            assert alarm.timeline[: len(earlier.timeline)] == earlier.timeline
            assert not count_only or (alarm.timeline, alarm.state) == (earlier.timeline, earlier.state)
        before[alarm.id] = alarm
