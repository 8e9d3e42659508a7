"""A silence that is low only because of the night at home is judged again when that night ends."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from devices.registry import RegistryChange
from tests.reference.oracle import Oracle, Said, Told
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    circle,
    device,
    fix,
    one_of_each,
    parameter,
    resident,
    said_in,
)

S = 1000
HOUR = 3600 * S
DEADLINE = START + S + 630 * S
MORNING = 1_750_024_800_000
"""2025-06-16T06:00 in Shanghai, the end of the night of ``START``."""
LONG_AGO = START - 10**9
ASLEEP = (fix(START, 20), beat(START + S, battery_pct=80.0, charging=False, worn=True))


def local_ms(zone: str, *moment: int) -> int:
    """Unix ms of a local date and time."""
    return int(datetime(*moment, tzinfo=ZoneInfo(zone)).timestamp()) * S  # type: ignore[misc,arg-type]


def engine_after(*readings: Told, changes: tuple[RegistryChange, ...] = ()) -> Engine:
    engine = Engine()
    engine.apply([*one_of_each(), *changes])
    engine.process(batch_of(readings), readings[-1].t)
    engine.commit()
    return engine


def silent_in_the_night(*readings: Told) -> Engine:
    """An engine that has opened a soundless silence at ``DEADLINE``."""
    engine = engine_after(*(readings or ASLEEP))
    (said,) = said_in(engine.advance(DEADLINE, LONG_AGO))
    assert (said.what, said.severity, said.t) == (What.OPENED, Severity.LOW, DEADLINE)
    engine.commit()
    return engine


def evidence(severity: Severity = Severity.MEDIUM, t: int = MORNING) -> Said:
    return Said(Rule.MISSED_CHECK_SILENT, What.EVIDENCE, severity, t, DEADLINE, -1, -1, 0, 0, 0)


def test_a_silence_that_began_at_night_at_home_sounds_in_the_morning() -> None:
    engine = silent_in_the_night()
    assert len(engine.advance(MORNING - 1, LONG_AGO)) == 0
    assert said_in(engine.advance(MORNING, LONG_AGO)) == [evidence()]


def test_after_the_morning_it_is_said_again_as_loud_as_before() -> None:
    engine = silent_in_the_night()
    (first,) = said_in(engine.advance(MORNING, LONG_AGO))
    later = said_in(engine.advance(MORNING + 3 * HOUR, LONG_AGO))
    assert [said.t for said in later] == [MORNING + HOUR // 2, MORNING + 3 * HOUR]
    assert {said.severity for said in later} == {first.severity}


def test_after_another_day_without_a_fix_no_night_is_at_home() -> None:
    engine = silent_in_the_night()
    engine.advance(MORNING, LONG_AGO)
    assert said_in(engine.advance(MORNING + 20 * HOUR, LONG_AGO))[-1].severity == Severity.MEDIUM


def test_a_recovered_one_does_not_sound() -> None:
    engine = silent_in_the_night()
    at = MORNING - 700 * S
    (said,) = said_in(engine.process(batch_of([beat(at)]), at))
    assert (said.what, said.severity) == (What.RECOVERED, Severity.LOW)
    engine.process(batch_of([beat(MORNING - 100 * S)]), MORNING - 100 * S)
    assert len(engine.advance(MORNING + 500 * S, LONG_AGO)) == 0


def test_a_reading_that_arrives_with_the_morning_recovers_first() -> None:
    engine = silent_in_the_night()
    assert [said.what for said in said_in(engine.process(batch_of([beat(MORNING)]), MORNING))] == [What.RECOVERED]
    assert len(engine.advance(MORNING, LONG_AGO)) == 0


def test_recovery_after_the_morning_bears_the_severity_of_the_morning() -> None:
    engine = silent_in_the_night()
    engine.advance(MORNING, LONG_AGO)
    (said,) = said_in(engine.process(batch_of([beat(MORNING + HOUR)]), MORNING + HOUR))
    assert (said.what, said.severity, said.opening_t) == (What.RECOVERED, Severity.MEDIUM, DEADLINE)


def test_a_second_silence_of_the_same_night_is_judged_in_the_same_morning() -> None:
    engine = silent_in_the_night()
    woke = START + 2 * HOUR
    engine.process(batch_of([beat(woke)]), woke)
    (said,) = said_in(engine.advance(woke + 630 * S, LONG_AGO))
    assert (said.what, said.severity) == (What.OPENED, Severity.LOW)
    (said,) = said_in(engine.advance(MORNING, LONG_AGO))
    assert (said.what, said.opening_t, said.t) == (What.EVIDENCE, woke + 630 * S, MORNING)


@pytest.mark.parametrize("expected", [{"charging": True}, {"worn": False}, {"battery_pct": 4.0}])
def test_a_silence_for_another_reason_grows_loud_later_in_the_morning(expected: dict[str, Any]) -> None:
    engine = silent_in_the_night(fix(START, 20), beat(START + S, **expected))
    ten = MORNING + 4 * HOUR
    assert {said.severity for said in said_in(engine.advance(ten - 1, LONG_AGO))} == {Severity.LOW}
    assert [(said.severity, said.t) for said in said_in(engine.advance(ten, LONG_AGO))] == [(Severity.MEDIUM, ten)]


@pytest.mark.parametrize(
    ("told", "severity"),
    [
        (beat(START + 2 * S, received=MORNING - HOUR, charging=True), Severity.LOW),
        (beat(START + 2 * S, received=MORNING - HOUR, worn=False), Severity.LOW),
        (beat(START + 2 * S, received=MORNING - HOUR, battery_pct=4.0), Severity.LOW),
        (fix(START + 2 * S, 400, received=MORNING - HOUR), Severity.HIGH),
    ],
)
def test_what_arrived_late_in_the_night_counts_in_the_morning(told: Told, severity: Severity) -> None:
    engine = silent_in_the_night()
    assert len(engine.process(batch_of([told]), MORNING - HOUR)) == 0
    assert said_in(engine.advance(MORNING, LONG_AGO)) == [evidence(severity)]


def test_the_evidence_of_the_morning_names_its_numbers() -> None:
    engine = silent_in_the_night()
    event = engine.advance(MORNING, LONG_AGO)[0]
    values = dict(zip(EVIDENCE_FIELDS[Rule.MISSED_CHECK_SILENT], event["values"].tolist(), strict=True))
    assert values == {
        "silent_for_s": (MORNING - START - S) / S, "limit_s": 630.0, "interval_s": 300.0, "battery_pct": 80.0,
        "charging": 0.0, "worn": 1.0, "at_home": 1.0, "local_hour": 6.0,
    }  # fmt: skip


def test_while_we_do_not_know_whether_we_listened_the_morning_waits() -> None:
    engine = silent_in_the_night()
    assert len(engine.advance(MORNING + HOUR // 4, None)) == 0
    assert said_in(engine.advance(MORNING + HOUR // 4, LONG_AGO)) == [evidence()]


def test_after_an_absence_of_ours_the_band_has_one_interval_before_it_sounds() -> None:
    engine = silent_in_the_night()
    back = MORNING - 100 * S
    assert len(engine.advance(back + 300 * S - 1, back)) == 0
    assert said_in(engine.advance(back + 300 * S, back)) == [evidence(t=back + 300 * S)]


def test_an_absence_of_ours_into_the_next_night_puts_it_off_to_the_next_morning() -> None:
    engine = silent_in_the_night(fix(START, 20), beat(START + S))
    back = MORNING + 16 * HOUR + 1800 * S
    assert len(engine.advance(back + 300 * S, back)) == 0
    assert said_in(engine.advance(MORNING + 24 * HOUR, back)) == [evidence(t=MORNING + 24 * HOUR)]


def test_one_late_look_says_what_two_would_have_said() -> None:
    engine = engine_after(*ASLEEP)
    opened, again = said_in(engine.advance(MORNING + HOUR // 4, LONG_AGO))
    assert (opened.what, opened.severity, opened.t) == (What.OPENED, Severity.LOW, DEADLINE)
    assert again == evidence()


def test_it_sounds_in_the_morning_across_a_restart_from_a_snapshot() -> None:
    restored = Engine.restore(silent_in_the_night().snapshot())
    assert len(restored.advance(MORNING - 1, LONG_AGO)) == 0
    assert said_in(restored.advance(MORNING, LONG_AGO)) == [evidence()]
    restored.commit()
    assert len(Engine.restore(restored.snapshot()).advance(MORNING + HOUR // 4, LONG_AGO)) == 0


def test_a_morning_undone_comes_again() -> None:
    engine = silent_in_the_night()
    kept = engine.snapshot()
    for _ in range(2):
        assert said_in(engine.advance(MORNING, LONG_AGO)) == [evidence()]
        engine.rollback()
        assert engine.snapshot() == kept


def test_a_recovery_undone_leaves_the_morning() -> None:
    engine = silent_in_the_night()
    assert len(engine.process(batch_of([beat(MORNING - 60 * S)]), MORNING - 60 * S)) == 1
    assert len(engine.advance(MORNING, LONG_AGO)) == 0
    engine.rollback()
    assert said_in(engine.advance(MORNING, LONG_AGO)) == [evidence()]


def test_splitting_the_batches_of_a_night_changes_nothing() -> None:
    others = [beat(START + hour * HOUR, 1) for hour in range(1, 8)]
    community = (change(resident(1)), change(device(1)), change(assignment(1, 1)))
    whole, split = engine_after(*ASLEEP, changes=community), engine_after(*ASLEEP, changes=community)
    expected = [*said_in(whole.process(batch_of(others), MORNING)), *said_in(whole.advance(MORNING, LONG_AGO))]
    said = [one for other in others for one in said_in(split.process(batch_of([other]), MORNING))]
    assert [*said, *said_in(split.advance(MORNING, LONG_AGO))] == expected
    assert evidence() in expected
    whole.commit()
    split.commit()
    assert split.snapshot() == whole.snapshot()


def test_a_disabled_detector_leaves_the_morning_until_it_is_enabled() -> None:
    engine = silent_in_the_night()
    engine.disable(Rule.MISSED_CHECK_SILENT)
    assert len(engine.advance(MORNING, LONG_AGO)) == 0
    engine.enable(Rule.MISSED_CHECK_SILENT)
    assert said_in(engine.advance(MORNING, LONG_AGO)) == [evidence()]


def test_a_night_without_end_ends_when_the_fix_no_longer_tells() -> None:
    engine = Engine()
    night = {"night_from_h": 0.0, "night_to_h": 24.0}
    engine.apply(one_of_each())
    engine.apply([change(parameter(f"missed_check.silent.{name}", hour)) for name, hour in night.items()])
    engine.process(batch_of(ASLEEP), START + S)
    opened, again, *_ = said_in(engine.advance(START + 100 * HOUR, LONG_AGO))
    midnights = [local_ms("Asia/Shanghai", 2025, 6, day) for day in (16, 17)]
    assert (opened.severity, again.severity, again.t) == (Severity.LOW, Severity.MEDIUM, midnights[1])


@pytest.mark.parametrize("gone", [change(resident(0, status="hospital")), change(None, "assignment", "a0")])
def test_a_silence_that_was_forgotten_does_not_sound(gone: RegistryChange) -> None:
    engine = silent_in_the_night()
    engine.apply([gone])
    assert len(engine.advance(MORNING + HOUR, LONG_AGO)) == 0


@pytest.mark.parametrize(
    ("zone", "evening", "morning", "hours"),
    [
        ("Asia/Shanghai", (2025, 6, 15, 23), (2025, 6, 16, 6), 7.0),
        ("Europe/Berlin", (2025, 3, 29, 23), (2025, 3, 30, 6), 6.0),
        ("Europe/Berlin", (2025, 10, 25, 23), (2025, 10, 26, 6), 8.0),
        ("Australia/Lord_Howe", (2025, 10, 4, 23), (2025, 10, 5, 6), 6.5),
        ("Asia/Kathmandu", (2025, 6, 16, 1), (2025, 6, 16, 6), 5.0),
    ],
)
def test_the_morning_is_local_also_when_the_clocks_change(
    zone: str, evening: tuple[int, ...], morning: tuple[int, ...], hours: float
) -> None:
    last, end = local_ms(zone, *evening), local_ms(zone, *morning)
    assert end - last == hours * HOUR
    told = [fix(last, 20), beat(last)]
    where = (change(resident(0, timezone=zone)), change(assignment(from_ms=last - HOUR)))
    engine, oracle = engine_after(*told, changes=where), Oracle()
    for entry in [*one_of_each(), *where]:
        oracle.apply(entry)
    oracle.process(told, last)
    for now in (last + 630 * S, end - 1, end):
        said = said_in(engine.advance(now, last - HOUR))
        assert said == oracle.advance(now, last - HOUR)
        assert [(one.what, one.severity) for one in said] == {
            last + 630 * S: [(What.OPENED, Severity.LOW)],
            end: [(What.EVIDENCE, Severity.MEDIUM)],
        }.get(now, [])


def with_a_reminder_in_the_night() -> Engine:
    """A silence of 21:49:30 that was loud at once, and is to be judged again at 22:19:30, in the night at home."""
    engine = Engine()
    engine.apply([*one_of_each(), change(parameter("missed_check.silent.loud_after_s", 0.0))])
    engine.process(batch_of([fix(EVENING - 60 * S, 20), beat(EVENING - S)]), EVENING - S)
    (said,) = said_in(engine.advance(EVENING + 629 * S, LONG_AGO))
    assert (said.what, said.severity) == (What.OPENED, Severity.MEDIUM)
    engine.commit()
    return engine


EVENING = local_ms("Asia/Shanghai", 2025, 6, 15, 21, 39)


def test_a_reminder_that_falls_into_the_night_leaves_no_trace_of_having_been_judged() -> None:
    engine = with_a_reminder_in_the_night()
    kept = engine.snapshot()
    for hour in range(1, 9):
        assert len(engine.advance(EVENING + hour * HOUR, LONG_AGO)) == 0
        engine.commit()
        assert engine.snapshot() == kept
    assert [(said.severity, said.t) for said in said_in(engine.advance(MORNING, LONG_AGO))] == [
        (Severity.MEDIUM, MORNING)
    ]


NEWS: dict[str, Told | RegistryChange | int] = {
    "a fix from outside": fix(EVENING, 900, received=EVENING + 2 * HOUR),
    "a fix from outside, before the last sign": fix(EVENING - 30 * S, 900, received=EVENING + 2 * HOUR),
    "another zone": change(circle(0, 10.0)),
    "a shorter night": change(parameter("missed_check.silent.night_from_h", 23.0)),
    "a time zone": change(resident(timezone="Europe/Berlin")),
    "our own absence": EVENING + 2 * HOUR,
}


@pytest.mark.parametrize("news", NEWS)
def test_looks_that_said_nothing_are_not_missed_after_a_restart(news: str) -> None:
    """One engine looked every ten minutes, the other one was restarted from what is stored: what was told."""
    looked = with_a_reminder_in_the_night()
    restarted = Engine.restore(looked.snapshot())
    for minutes in range(0, 120, 10):
        looked.advance(EVENING + HOUR + minutes * 60 * S, LONG_AGO)
        looked.commit()
    told, since, now = NEWS[news], LONG_AGO, EVENING + 3 * HOUR
    for engine in (looked, restarted):
        if isinstance(told, Told):
            engine.process(batch_of([told]), now)
        elif not isinstance(told, int):
            engine.apply([told])
    since = told if isinstance(told, int) else since
    for moment in (now, now + HOUR, MORNING, MORNING + HOUR):
        expected = restarted.advance(moment, since)
        assert looked.advance(moment, since).tobytes() == expected.tobytes()
        looked.commit()
        restarted.commit()
    assert looked.snapshot() == restarted.snapshot()


def test_what_arrives_in_the_night_is_said_in_the_night() -> None:
    engine = with_a_reminder_in_the_night()
    assert len(engine.advance(EVENING + 2 * HOUR, LONG_AGO)) == 0
    engine.process(batch_of([fix(EVENING, 900, received=EVENING + 2 * HOUR)]), EVENING + 2 * HOUR)
    said = said_in(engine.advance(EVENING + 2 * HOUR, LONG_AGO))
    assert [one.severity for one in said] == [Severity.HIGH, Severity.HIGH]
