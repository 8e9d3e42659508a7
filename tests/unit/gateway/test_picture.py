"""What the gateway remembers of the alarms for the time when it cannot ask."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest

from alerts.alarm import Alarm, Episode
from alerts.folding import fold
from gateway import picture
from gateway.picture import Picture
from tests.support.alarms import T0, an_episode

MINUTE = 60_000


def alarm_of(episode: Episode, **changed: Any) -> Alarm:
    alarm = fold(None, episode, T0).alarm
    assert alarm is not None
    return msgspec.structs.replace(alarm, **changed)


def known(of: Picture, *episodes: Episode) -> list[tuple[UUID, str, int]]:
    return [(alarm.id, alarm.state, alarm.version) for alarm in of.concerned(episodes)]


def seen(*alarms: Alarm) -> Picture:
    taken = Picture()
    for alarm in alarms:
        taken.take(msgspec.json.encode(alarm))
    return taken


def test_the_latest_version_is_known_in_whatever_order_they_come() -> None:
    first = alarm_of(an_episode())
    second = msgspec.structs.replace(first, state="closed", version=2)
    assert known(seen(first, second), an_episode()) == [(first.id, "closed", 2)]
    assert known(seen(second, first), an_episode()) == [(first.id, "closed", 2)]


def test_an_active_alarm_is_not_forgotten_for_an_older_one_that_ended() -> None:
    ended = alarm_of(an_episode(), state="closed", raised_at=T0 - MINUTE)
    active = alarm_of(an_episode(t=T0 + MINUTE), id=UUID(int=1))
    assert known(seen(ended, active, ended), an_episode()) == [(active.id, "open", 1)]


def test_only_what_concerns_an_episode_is_told() -> None:
    own = alarm_of(an_episode())
    of_the_same = alarm_of(an_episode(rule="fall.device"), id=UUID(int=1))
    over = alarm_of(an_episode(rule="wandering.zone_exit"), id=UUID(int=2), state="resolved")
    other = alarm_of(an_episode(resident="r2", subject="resident:r2"), id=UUID(int=3))
    of = seen(own, of_the_same, over, other)
    assert {key for key, _, _ in known(of, an_episode())} == {own.id, of_the_same.id}


def test_beyond_its_bound_what_changed_longest_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "KEPT_AT_MOST", 2)
    episodes = [an_episode(resident=f"r{n}", subject=f"resident:r{n}") for n in range(3)]
    first, second, third = (alarm_of(each, id=UUID(int=n)) for n, each in enumerate(episodes))
    of = seen(first, second, msgspec.structs.replace(first, version=2), third)
    assert len(of) == 2
    assert {key for key, _, _ in known(of, *episodes)} == {first.id, third.id}
