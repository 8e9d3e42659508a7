"""What an auditor makes of silence: thirty seconds by its own clock, and nothing that clocks or restarts do."""

from __future__ import annotations

import msgspec
import pytest

from alerts.alarm import Alarm
from alerts.audit import episodes
from alerts.findings import CONSOLE_SILENT, Look, Watched
from alerts.folding import fold
from alerts.listening import Ear
from tests.support.alarms import T0

LOOK_S = 10


class Night:
    """A night at one site, look after look: ``heard`` is what the store says, ``ears`` the auditors, each in turn."""

    def __init__(self, *ears: Ear) -> None:
        self.ears = list(ears) or [Ear()]
        self.heard: int | None = T0
        self.duty_from = 0
        self.alarm: Alarm | None = None
        self.opened: list[int] = []
        self.second = 0

    def passes(self, seconds: int, *, reports: bool, step_s: int = LOOK_S) -> None:
        """Let time pass; ``reports``: whether a desk says before each look that it listens."""
        for _ in range(0, seconds, step_s):
            self.second += step_s
            if reports:
                self.heard = T0 + 1000 * self.second
            for ear in self.ears:
                self._look(ear)

    def _look(self, ear: Ear) -> None:
        now = T0 + 1000 * self.second
        watched = Watched(site="north", heard_ms=self.heard, since=max(self.heard or T0, self.duty_from))
        seen = Look(watched=(watched,), active=() if self.alarm is None else (self.alarm,))
        for episode in episodes(ear.judged(seen, 1000 * self.second), now):
            after = fold(self.alarm, episode, now).alarm
            assert after is not None
            if self.alarm is None:
                self.opened.append(self.second)
            self.alarm = None if after.state == "resolved" else after


def test_a_desk_that_reports_is_never_silent() -> None:
    night = Night()
    night.passes(3600, reports=True)
    assert night.opened == []


def test_a_silence_of_thirty_seconds_is_an_alarm_once_and_ends_when_a_desk_is_heard() -> None:
    night = Night()
    night.passes(100, reports=True)
    night.passes(20, reports=False)
    assert night.opened == []
    night.passes(600, reports=False)
    assert night.opened == [130]
    assert night.alarm is not None
    assert (night.alarm.rule, night.alarm.severity, night.alarm.subject) == (CONSOLE_SILENT, "high", "north")
    assert night.alarm.event_time == T0 + 100_000, "since it was last heard"
    assert night.alarm.count == 1
    night.passes(10, reports=True)
    assert night.alarm is None


@pytest.mark.parametrize("state", ["acknowledged", "dispatched", "on_scene"])
def test_it_ends_by_itself_also_when_somebody_has_it(state: str) -> None:
    night = Night()
    night.passes(100, reports=True)
    night.passes(60, reports=False)
    assert night.alarm is not None
    night.alarm = msgspec.structs.replace(night.alarm, state=state, assignee="li")
    night.passes(10, reports=True)
    assert night.alarm is None


def test_in_its_first_minute_an_auditor_believes_in_no_silence() -> None:
    night = Night()
    night.passes(60, reports=False)
    assert night.opened == []
    night.passes(10, reports=False)
    assert night.opened == [70]


def test_after_an_interruption_it_waits_again() -> None:
    night = Night()
    night.passes(100, reports=True)
    night.second += 300
    night.passes(60, reports=False)
    assert night.opened == []


def test_after_an_interruption_what_stands_goes_on_until_a_desk_is_heard() -> None:
    night = Night()
    night.passes(100, reports=True)
    night.passes(40, reports=False)
    night.ears = [Ear()]
    night.passes(600, reports=False)
    assert night.alarm is not None
    assert night.opened == [130]
    night.ears = [Ear()]
    night.passes(10, reports=True)
    assert night.alarm is None


@pytest.mark.parametrize("comes_anew", [False, True])
def test_a_change_of_shifts_is_no_desk_that_is_heard(comes_anew: bool) -> None:
    night = Night()
    night.passes(100, reports=True)
    night.passes(60, reports=False)
    night.duty_from = T0 + 1000 * (night.second + 5)
    if comes_anew:
        night.ears = [Ear()]
    night.passes(20, reports=False)
    assert night.alarm is not None, "it stands through the change"
    night.passes(600, reports=False)
    assert len(night.opened) == 1
    night.passes(10, reports=True)
    assert night.alarm is None


def test_two_auditors_who_began_at_different_times_agree() -> None:
    night = Night()
    night.passes(80, reports=True)
    night.ears.append(Ear())
    night.passes(20, reports=True)
    night.passes(300, reports=False)
    night.passes(30, reports=True)
    night.passes(300, reports=False)
    assert night.opened == [130, 460]
    night.passes(10, reports=True)
    assert night.alarm is None


def test_a_desk_whose_clock_is_hours_off_is_heard_all_the_same() -> None:
    night = Night()
    night.passes(100, reports=True)
    for hours in (5, -5, 0):
        night.heard = T0 + hours * 3_600_000 + night.second
        night.passes(20, reports=False)
    assert night.opened == []


def test_where_duty_begins_a_desk_has_its_thirty_seconds() -> None:
    ear = Ear()
    for second in range(0, 600, LOOK_S):
        assert ear.judged(Look(), 1000 * second).findings == ()
    due = Look(watched=(Watched(site="north", heard_ms=None, since=T0),))
    found = [len(ear.judged(due, 1000 * second).findings) for second in range(600, 650, LOOK_S)]
    assert found == [0, 0, 0, 1, 1]


def test_where_a_silence_hides_no_failure_of_the_system() -> None:
    (site,) = (Watched(site="north", heard_ms=1, since=1),)
    assert Look(findings=(site.finding,)).clean
