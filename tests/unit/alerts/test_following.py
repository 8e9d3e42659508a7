"""Which commands a band gets while its wearer is sought, as pure decisions."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid5

import msgspec
import pytest

from alerts.alarm import ALARM_NAMESPACE
from alerts.following import ASKED_BY, Ask, Intervals, Kept, Pace, Setting, Situation, Turn, decide
from tests.support.alarms import HOUR, MINUTE, SECOND, T0

ALARM: Final = UUID("11111111-1111-4111-8111-111111111111")
PACE: Final = Pace()
OWN: Final = Intervals(120, 300)


class World:
    """A band and what is written down of it; commands are queued and, as the test says, obeyed."""

    def __init__(self, **fields: Any) -> None:
        self.situation = msgspec.structs.replace(
            Situation(
                device="b0",
                alarm=ALARM,
                able=True,
                kept=None,
                setting=None,
                online=True,
                battery_pct=80.0,
                charging=False,
                fix_at=T0,
                seen=OWN,
            ),
            **fields,
        )
        self.asked: list[Ask] = []
        self.said: list[tuple[str | None, str | None]] = []

    def look(self, now: int) -> Turn | None:
        """Decide, and carry it out."""
        turn = decide(self.situation, PACE, now)
        if turn is None:
            return None
        kept = turn.kept
        for ask in turn.asks:
            self.asked.append(ask)
            if ask.name == "set_interval":
                key = uuid5(ALARM_NAMESPACE, str(len(self.asked)))
                intervals = Intervals(ask.args["position_s"], ask.args["heartbeat_s"])
                setting = Setting(id=key, by=ASKED_BY, at=now, state="queued", intervals=intervals)
                self.change(setting=setting)
                kept = None if kept is None else msgspec.structs.replace(kept, command=key)
        if turn.event is not None:
            self.said.append((turn.event, turn.note))
        self.change(kept=kept)
        return turn

    def change(self, **fields: Any) -> None:
        """Let something be otherwise."""
        self.situation = msgspec.structs.replace(self.situation, **fields)

    def becomes(self, state: str) -> None:
        """What became of the newest setting."""
        assert self.situation.setting is not None
        self.change(setting=msgspec.structs.replace(self.situation.setting, state=state))

    def settings(self) -> list[dict[str, Any]]:
        """All intervals that the band was asked for."""
        return [ask.args for ask in self.asked if ask.name == "set_interval"]

    @property
    def kept(self) -> Kept:
        """What is written down."""
        assert self.situation.kept is not None
        return self.situation.kept


def _followed() -> World:
    """A band that has obeyed at T0."""
    world = World()
    world.look(T0)
    world.becomes("done")
    world.look(T0 + SECOND)
    assert world.said == [("followed", "15")]
    return world


def test_it_is_asked_once_however_often_somebody_looks() -> None:
    world = World()
    for second in range(30):
        world.look(T0 + second * SECOND)
    assert world.asked == [Ask("set_interval", {"position_s": 15, "heartbeat_s": 300}), Ask("locate", {})]


def test_it_announces_no_other_heartbeats_than_before_lest_it_be_missed_sooner() -> None:
    world = World(seen=Intervals(120, 900))
    world.look(T0)
    assert world.settings() == [{"position_s": 15, "heartbeat_s": 900}]


def test_a_band_nobody_can_ask_is_left_alone() -> None:
    assert decide(World(able=False).situation, PACE, T0) is None


def test_a_band_that_reports_more_often_by_itself_is_not_slowed_down() -> None:
    world = World(seen=Intervals(10, 30))
    world.look(T0)
    assert world.settings() == [{"position_s": 10, "heartbeat_s": 30}]


def test_a_low_battery_is_spared_and_a_charged_one_not() -> None:
    world = _followed()
    world.change(battery_pct=18.0)
    world.look(T0 + 2 * MINUTE)
    world.becomes("done")
    world.look(T0 + 2 * MINUTE + SECOND)
    world.change(battery_pct=22.0)
    assert world.look(T0 + 4 * MINUTE) is None
    world.change(battery_pct=22.0, charging=True)
    world.look(T0 + 6 * MINUTE)
    assert [each["position_s"] for each in world.settings()] == [15, 60, 15]
    assert world.said == [("followed", "15"), ("followed", "60")]


@pytest.mark.parametrize(("state", "online", "why"), [
    ("queued", False, "offline"), ("queued", True, "not_sent"), ("sent", None, "no_answer"),
])  # fmt: skip
def test_a_band_that_does_not_obey_in_a_minute_is_a_line_once(state: str, online: bool | None, why: str) -> None:
    world = World(online=online)
    world.look(T0)
    world.becomes(state)
    for second in range(300):
        world.look(T0 + second * SECOND)
    assert world.said == [("follow_failed", why)]
    assert len(world.settings()) == 1
    world.becomes("done")
    world.look(T0 + 301 * SECOND)
    assert world.said[1:] == [("followed", "15")]


def test_a_band_that_refuses_is_asked_three_times() -> None:
    world = World()
    for second in range(0, 3600, 5):
        world.look(T0 + second * SECOND)
        if world.situation.setting is not None:
            world.becomes("failed")
    assert len(world.settings()) == 3
    assert world.said == [("follow_failed", "refused")]


def test_a_band_whose_fixes_do_not_come_is_reminded_and_never_in_a_storm() -> None:
    world = _followed()
    for second in range(0, 3600, 5):
        world.look(T0 + second * SECOND)
        world.becomes("done")
    located = [ask for ask in world.asked if ask.name == "locate"]
    assert 1 + 3600 // 900 - 1 <= len(world.settings()) <= 1 + 3600 // 900
    assert len(located) <= 1 + 3600 // 300


def test_a_band_whose_fixes_come_is_not_reminded() -> None:
    world = _followed()
    for second in range(0, 3600, 15):
        world.change(fix_at=T0 + second * SECOND)
        assert world.look(T0 + second * SECOND) is None


def test_a_band_that_is_offline_is_not_reminded() -> None:
    world = _followed()
    world.change(online=False)
    assert [world.look(T0 + minute * MINUTE) for minute in range(60)] == [None] * 60


def test_it_has_its_own_intervals_back_when_nobody_is_sought() -> None:
    world = _followed()
    world.change(alarm=None)
    world.look(T0 + 10 * MINUTE)
    assert world.asked[-1] == Ask("set_interval", {"position_s": 120, "heartbeat_s": 300, "usual": True})
    assert world.look(T0 + 11 * MINUTE) is None
    world.becomes("done")
    world.look(T0 + 12 * MINUTE)
    assert world.situation.kept is None
    assert world.said[-1] == ("follow_ended", "120")
    assert world.look(T0 + 13 * MINUTE) is None


def test_a_band_out_of_reach_is_owed_its_intervals_however_long() -> None:
    world = _followed()
    world.change(alarm=None, online=False)
    for day in range(5):
        world.look(T0 + 24 * HOUR * day + MINUTE)
        assert world.settings()[-1] == {"position_s": 120, "heartbeat_s": 300, "usual": True}
        world.becomes("expired")
    assert len(world.settings()) == 1 + 5


def test_somebody_who_gets_lost_again_is_followed_again_but_not_at_each_step_over_an_edge() -> None:
    world = _followed()
    world.change(alarm=None)
    world.look(T0 + MINUTE)
    world.change(alarm=ALARM)
    assert world.look(T0 + MINUTE + 10 * SECOND) is None
    world.look(T0 + 2 * MINUTE)
    assert world.settings()[-1] == {"position_s": 15, "heartbeat_s": 300}
    assert world.kept.usual == OWN


@pytest.mark.parametrize("state", ["done", "queued", "sent"])
def test_what_somebody_had_set_is_what_comes_back(state: str) -> None:
    earlier = Setting(id=ALARM, by="office", at=T0 - HOUR, state=state, intervals=Intervals(200, 400))
    world = World(setting=earlier)
    world.look(T0)
    world.becomes("done")
    world.change(alarm=None)
    world.look(T0 + MINUTE)
    assert world.settings()[-1] == {"position_s": 200, "heartbeat_s": 400}


@pytest.mark.parametrize("state", ["failed", "expired", "cancelled"])
def test_what_a_band_never_took_does_not_come_back(state: str) -> None:
    earlier = Setting(id=ALARM, by="office", at=T0 - HOUR, state=state, intervals=Intervals(200, 400))
    world = World(setting=earlier)
    world.look(T0)
    assert (world.kept.usual, world.kept.by_itself) == (OWN, True)


def test_what_somebody_sets_meanwhile_is_left_to_them() -> None:
    world = _followed()
    theirs = Setting(id=ALARM, by="office", at=T0 + MINUTE, state="sent", intervals=Intervals(5, 5))
    world.change(setting=theirs)
    world.look(T0 + 2 * MINUTE)
    assert world.kept.phase == "by_hand"
    assert world.look(T0 + 3 * MINUTE) is None
    world.change(alarm=None)
    world.look(T0 + 4 * MINUTE)
    assert world.situation.kept is None
    assert len(world.settings()) == 1


def test_a_band_that_was_taken_out_is_forgotten() -> None:
    world = _followed()
    world.change(able=False)
    world.look(T0 + MINUTE)
    assert world.situation.kept is None
    assert world.said[-1] == ("follow_failed", "unknown")
