"""``missed_check.silent``: when silence counts, how loud it is, what ends it."""

from __future__ import annotations

from typing import Any

import pytest

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, Severity, What
from tests.reference.oracle import Said, Told
from tests.reference.streams import (
    START,
    assignment,
    batch_of,
    beat,
    change,
    device,
    fix,
    one_of_each,
    parameter,
    press,
    resident,
    said_in,
)

S = 1000
NOON = START - 11 * 3600 * S
"""12:06 in Shanghai; ``START`` is 23:06."""
LONG_AGO = NOON - 10**9


IMPATIENT = change(parameter("missed_check.silent.loud_after_s", 0.0))
"""How loud a silence is can then be said when it opens."""


def engine_after(*readings: Told) -> Engine:
    engine = Engine()
    engine.apply([*one_of_each(), IMPATIENT])
    engine.process(batch_of(readings), readings[-1].t)
    return engine


def severity_after(*readings: Told) -> Severity:
    (said,) = said_in(engine_after(*readings).advance(readings[-1].t + 630 * S, LONG_AGO))
    return Severity(said.severity)


def test_it_fires_after_two_intervals_and_thirty_seconds() -> None:
    engine = engine_after(beat(NOON, interval_s=60.0))
    assert len(engine.advance(NOON + 150 * S - 1, LONG_AGO)) == 0
    (said,) = said_in(engine.advance(NOON + 150 * S, LONG_AGO))
    assert said == Said(Rule.MISSED_CHECK_SILENT, What.OPENED, 1, NOON + 150 * S, NOON + 150 * S, -1, -1, 0, 0, 0)


def test_the_interval_is_five_minutes_if_untold() -> None:
    engine = engine_after(beat(NOON))
    assert len(engine.advance(NOON + 630 * S - 1, LONG_AGO)) == 0
    assert len(engine.advance(NOON + 630 * S, LONG_AGO)) == 1


def test_an_interval_once_told_stays_until_another_is_told() -> None:
    engine = engine_after(beat(NOON, interval_s=60.0), beat(NOON + S))
    assert len(engine.advance(NOON + 151 * S, LONG_AGO)) == 1


def test_the_evidence_names_its_numbers() -> None:
    event = engine_after(fix(NOON, 10), beat(NOON + S, battery_pct=80.0, worn=True)).advance(NOON + 700 * S, LONG_AGO)
    values = dict(zip(EVIDENCE_FIELDS[Rule.MISSED_CHECK_SILENT], event[0]["values"].tolist(), strict=True))
    assert values.pop("charging") != values.pop("local_hour")
    assert values == {
        "silent_for_s": 699.0, "limit_s": 630.0, "interval_s": 300.0, "battery_pct": 80.0, "worn": 1.0, "at_home": 1.0,
    }  # fmt: skip


def test_it_fires_once_and_is_said_again_every_half_hour_while_it_stands() -> None:
    engine = engine_after(beat(NOON))
    (opened,) = said_in(engine.advance(NOON + 700 * S, LONG_AGO))
    for i in range(1, 4):
        again = opened.t + i * 1800 * S
        assert len(engine.advance(again - 1, LONG_AGO)) == 0
        (said,) = said_in(engine.advance(again, LONG_AGO))
        assert (said.what, said.t, said.opening_t) == (What.EVIDENCE, again, opened.t)


def test_of_a_month_of_missed_reminders_the_last_is_said() -> None:
    engine = engine_after(beat(NOON))
    engine.commit()
    engine.apply([change(parameter("missed_check.silent.enabled", 0.0))])
    month = NOON + 30 * 86_400 * S
    assert len(engine.advance(month, LONG_AGO)) == 0
    engine.commit()
    engine.apply([change(parameter("missed_check.silent.enabled", 1.0))])
    opened, last = said_in(engine.advance(month, LONG_AGO))
    assert (opened.t, last.t) == (NOON + 630 * S, NOON + 630 * S + (month - NOON - 630 * S) // (1800 * S) * 1800 * S)


@pytest.mark.parametrize("reading", [beat(NOON + 900 * S), fix(NOON + 900 * S, 5), press(NOON + 900 * S)])
def test_any_reading_recovers_it(reading: Told) -> None:
    engine = engine_after(beat(NOON))
    engine.advance(NOON + 700 * S, LONG_AGO)
    said = said_in(engine.process(batch_of([reading]), reading.t))
    assert said[0][:6] == (Rule.MISSED_CHECK_SILENT, What.RECOVERED, Severity.MEDIUM, reading.t, NOON + 630 * S, -1)
    assert len(engine.advance(reading.t + 629 * S, LONG_AGO)) == 0
    assert len(engine.advance(reading.t + 630 * S, LONG_AGO)) == 1


def test_a_reading_from_before_the_silence_does_not_recover_it() -> None:
    engine = engine_after(beat(NOON))
    engine.advance(NOON + 4000 * S, LONG_AGO)
    assert len(engine.process(batch_of([fix(NOON + 60 * S, 5, received=NOON + 4000 * S)]), NOON + 4000 * S)) == 0
    assert len(engine.advance(NOON + 4000 * S, LONG_AGO)) == 0


def test_a_late_reading_is_a_sign_of_life_at_its_own_time() -> None:
    engine = engine_after(beat(NOON), fix(NOON - 50 * S, 5, received=NOON + S))
    assert len(engine.advance(NOON + 629 * S, LONG_AGO)) == 0
    engine.process(batch_of([fix(NOON + 60 * S, 5, received=NOON + 629 * S)]), NOON + 629 * S)
    assert len(engine.advance(NOON + 689 * S, LONG_AGO)) == 0
    assert len(engine.advance(NOON + 690 * S, LONG_AGO)) == 1


def test_while_we_do_not_know_whether_we_listened_nothing_is_judged() -> None:
    assert len(engine_after(beat(NOON)).advance(NOON + 10**7, None)) == 0


def test_after_an_absence_of_ours_a_band_has_one_interval_to_report() -> None:
    engine = engine_after(beat(NOON, interval_s=120.0))
    back = NOON + 9000 * S
    assert len(engine.advance(back + 119 * S, back)) == 0
    assert len(engine.advance(back + 120 * S, back)) == 1


def test_listening_since_earlier_than_before_is_honoured() -> None:
    engine = engine_after(beat(NOON))
    assert len(engine.advance(NOON + 700 * S, NOON + 600 * S)) == 0
    assert len(engine.advance(NOON + 700 * S, LONG_AGO)) == 1


def test_all_bands_of_a_person_must_be_silent() -> None:
    engine = Engine()
    engine.apply([*one_of_each(), change(device(1)), change(assignment(1, 0))])
    engine.process(batch_of([beat(NOON, 0), beat(NOON + 400 * S, 1)]), NOON + 400 * S)
    (said,) = said_in(engine.advance(NOON + 1029 * S, LONG_AGO))
    assert (said.rule, said.device) == (Rule.DEVICE_FAULT, 0)
    (said,) = said_in(engine.advance(NOON + 1030 * S, LONG_AGO))
    assert (said.rule, said.device) == (Rule.MISSED_CHECK_SILENT, 1)


@pytest.mark.parametrize(
    "changes",
    [
        [change(device(0, type="rower"))],
        [change(device(0, revoked=True))],
        [change(None, "assignment", "a0")],
        [change(assignment(0, None))],
        [change(assignment(0, 0, to_ms=NOON + 60 * S))],
        [change(resident(0, status="hospital"))],
        [change(None, "resident", "r0")],
    ],
)
def test_only_a_worn_band_of_an_active_resident_can_be_missed(changes: list[Any]) -> None:
    engine = engine_after(beat(NOON))
    engine.commit()
    engine.apply(changes)
    said = said_in(engine.advance(NOON + 10**7, LONG_AGO))
    assert [one for one in said if one.rule == Rule.MISSED_CHECK_SILENT] == []


def test_a_band_handed_back_as_planned_no_longer_speaks_for_the_person() -> None:
    engine = Engine()
    back = NOON + 1200 * S
    engine.apply([*one_of_each(), change(device(1)), change(assignment(1, 0, to_ms=back))])
    engine.process(batch_of([beat(NOON, 0), beat(NOON, 1, interval_s=36_000.0)]), NOON)
    (said,) = said_in(engine.advance(NOON + 700 * S, LONG_AGO))
    assert said.rule == Rule.DEVICE_FAULT
    assert len(engine.advance(back - 1, LONG_AGO)) == 0
    (said,) = said_in(engine.advance(back, LONG_AGO))
    assert said.rule == Rule.MISSED_CHECK_SILENT
    assert (said.what, said.t, said.device) == (What.OPENED, NOON + 630 * S, 0)


def test_a_band_that_has_never_reported_is_nobodys_silence() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    assert Rule.MISSED_CHECK_SILENT not in {said.rule for said in said_in(engine.advance(NOON + 10**9, LONG_AGO))}


def test_a_band_handed_on_starts_anew() -> None:
    engine = engine_after(beat(NOON))
    engine.commit()
    engine.apply([change(resident(1)), change(assignment(0, 1, from_ms=NOON + 60 * S))])
    assert len(engine.advance(NOON + 10**7, LONG_AGO)) == 0


def test_expected_silence_is_low() -> None:
    assert severity_after(beat(NOON, charging=True)) is Severity.LOW
    assert severity_after(beat(NOON, worn=False)) is Severity.LOW
    assert severity_after(beat(NOON, battery_pct=4.9)) is Severity.LOW
    assert severity_after(fix(START, 20), beat(START)) is Severity.LOW
    assert severity_after(fix(START, 250), beat(START)) is Severity.LOW


def test_unknown_never_reads_as_expected() -> None:
    assert severity_after(beat(NOON)) is Severity.MEDIUM
    assert severity_after(beat(NOON, battery_pct=5.0, charging=False, worn=True)) is Severity.MEDIUM
    assert severity_after(beat(START)) is Severity.MEDIUM
    assert severity_after(fix(NOON, 20), beat(NOON)) is Severity.MEDIUM
    assert severity_after(fix(START, 20, accuracy_m=2000.0), beat(START)) is Severity.MEDIUM
    assert severity_after(fix(START - 25 * 3600 * S, 20), beat(START)) is Severity.MEDIUM
    assert severity_after(beat(NOON, charging=True), beat(NOON + S)) is Severity.MEDIUM


def test_last_seen_outside_is_high() -> None:
    assert severity_after(fix(NOON, 400), beat(NOON)) is Severity.HIGH
    assert severity_after(fix(START, 400), beat(START, battery_pct=3.0)) is Severity.HIGH
    assert severity_after(fix(START, 400), beat(START, worn=False)) is Severity.HIGH
    assert severity_after(fix(START, 400), beat(START, charging=True)) is Severity.LOW


def test_without_a_fence_home_alone_tells() -> None:
    def after(metres: float) -> Severity:
        engine = Engine()
        engine.apply([change(resident()), change(device()), change(assignment()), IMPATIENT])
        engine.process(batch_of([fix(START, metres)]), START)
        (said,) = said_in(engine.advance(START + 630 * S, LONG_AGO))
        return Severity(said.severity)

    assert after(90) is Severity.LOW
    assert after(110) is Severity.MEDIUM
    assert after(5000) is Severity.MEDIUM


def test_night_is_where_the_resident_lives() -> None:
    engine = Engine()
    engine.apply([*one_of_each(), change(resident(0, timezone="Europe/Berlin")), IMPATIENT])
    engine.process(batch_of([fix(START, 20)]), START)
    (said,) = said_in(engine.advance(START + 630 * S, LONG_AGO))
    assert said.severity == Severity.MEDIUM
