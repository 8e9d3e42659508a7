"""Drills: they sound and are handled like the real thing, and nobody outside ever hears of one."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.alarm import Alarm, Episode, State
from alerts.desk import absorb, act
from alerts.folding import FoldContext, fold
from alerts.steps import carry_out_due
from alerts.transitions import Acknowledge, Cancel, Command, Dispatch, Notify, Release, Reopen, Resolve
from devices.registry import Device
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, a_card, an_alarm, an_episode

COMMANDS: list[Command] = [Acknowledge(), Dispatch(), Resolve(), Cancel(), Release(), Reopen(), Notify()]


def folded(active: Alarm | None, episode: Episode, **context: Any) -> Alarm:
    alarm = fold(active, episode, episode.t, context=FoldContext(**context)).alarm
    assert alarm is not None
    return alarm


class TestWhichReadingsAreTriedOut:
    device = Device(id="b", slot=0, site="s", test_from_ms=T0, test_until_ms=T0 + MINUTE)

    @pytest.mark.parametrize(
        ("t", "received", "drill"),
        [
            (T0, T0 + 1, True),
            (T0 + MINUTE - 2, T0 + MINUTE - 1, True),
            (T0 - 1, T0 + 1, False),
            (T0 + 1, T0 + MINUTE, False),
            (T0 - HOUR, T0 + 1, False),
        ],
    )
    def test_only_what_happened_and_arrived_while_it_lasts_is_a_drill(self, t: int, received: int, drill: bool) -> None:
        assert self.device.is_tried_out(t, received) is drill

    def test_without_a_test_nothing_is(self) -> None:
        assert not Device(id="b", slot=0, site="s").is_tried_out(T0, T0)


class TestFolding:
    @pytest.mark.parametrize("rule", ["sos.button", "wandering.zone_exit", "missed_check.silent"])
    @pytest.mark.parametrize("state", ["acknowledged", "dispatched"])
    def test_real_evidence_puts_a_drill_that_was_taken_back_to_open(self, rule: str, state: State) -> None:
        drill = an_alarm(rule, drill=True, state=state, assignee="li")
        real = folded(drill, an_episode(rule, T0 + SECOND, opening_t=T0, what="evidence"))
        assert (real.drill, real.state, real.assignee) == (False, "open", None)
        assert [entry.event for entry in real.timeline[-2:]] == ["real", "again"]

    def test_a_drill_that_becomes_real_while_open_says_so(self) -> None:
        result = fold(an_alarm(drill=True), an_episode(t=T0 + SECOND), T0 + SECOND)
        assert result.alarm is not None
        assert (result.alarm.state, result.alarm.timeline[-1].event, result.change) == ("open", "real", "changed")

    def test_a_drill_press_on_a_real_alarm_counts_like_a_real_one(self) -> None:
        real = an_alarm(state="acknowledged", assignee="li")
        pressed = folded(real, an_episode(t=T0 + 2 * MINUTE, drill=True))
        assert (pressed.drill, pressed.state, pressed.count) == (False, "open", 2)

    def test_a_drill_and_a_real_alarm_are_two_cases(self) -> None:
        drill = msgspec.structs.replace(an_alarm(t=T0 - HOUR, drill=True), subject="box", rule="sos.reported")
        assert folded(None, an_episode(), of_resident=(drill,)).case != drill.case
        assert folded(None, an_episode(drill=True), of_resident=(drill,)).case == drill.case

    def test_a_cry_of_a_drill_makes_no_silence_worse(self) -> None:
        silence = an_episode("missed_check.silent")
        assert folded(None, silence, of_resident=(an_alarm(),)).severity == "high"
        assert folded(None, silence, of_resident=(an_alarm(drill=True),)).severity == "medium"


@st.composite
def happenings(draw: st.DrawFn) -> Episode | Command | int:
    """An episode event, something that is done, or a time that passes (ms)."""
    what = draw(st.sampled_from(["episode", "command", "time"]))
    if what == "time":
        return draw(st.sampled_from([SECOND, MINUTE, 3 * MINUTE, HOUR]))
    if what == "command":
        return draw(st.sampled_from(COMMANDS))
    rule = draw(st.sampled_from(["sos.button", "fall.device", "wandering.zone_exit"]))
    return an_episode(rule, what=draw(st.sampled_from(["opened", "evidence", "cancelled"])), drill=True)


async def lived(story: list[Episode | Command | int]) -> MemoryStore:
    store = MemoryStore()
    store.cards["r1"] = a_card()
    now = T0
    for each in story:
        if isinstance(each, int):
            now += each
            await carry_out_due(store, now)
        elif isinstance(each, Episode):
            async with store.transaction() as tx:
                await absorb(tx, [msgspec.structs.replace(each, t=now, received=now)], now)
        else:
            for alarm in list(store.contents.alarms):
                await act(store, alarm, each, "zhang", now)
    await carry_out_due(store, now + 24 * HOUR)
    return store


@given(story=st.lists(happenings(), max_size=25))
@settings(max_examples=150, deadline=None)
def test_no_drill_ever_reaches_anybody_outside(story: list[Episode | Command | int]) -> None:
    store = asyncio.run(lived([an_episode(drill=True), *story]))
    assert store.contents.alarms
    assert store.contents.steps == []
    assert store.messages() == []
    assert not any(alarm.family_told for alarm in store.contents.alarms.values())


async def test_a_drill_that_becomes_real_is_told_120_s_later() -> None:
    store = MemoryStore()
    store.cards["r1"] = a_card()
    async with store.transaction() as tx:
        await absorb(tx, [an_episode(drill=True)], T0)
    async with store.transaction() as tx:
        await absorb(tx, [an_episode(t=T0 + MINUTE, what="evidence")], T0 + MINUTE)
    await carry_out_due(store, T0 + 3 * MINUTE - 1)
    assert store.messages() == []
    await carry_out_due(store, T0 + 3 * MINUTE)
    assert [message["template"] for message in store.messages()] == ["alarm"]
