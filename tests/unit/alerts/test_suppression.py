"""What maintenance and repairs explain, and that nothing they kept quiet is lost."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.alarm import SEVERITIES, Alarm, Episode
from alerts.desk import absorb
from alerts.hearing import AT_ONCE, settle
from alerts.suppression import Hold, Holds
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import HOUR, MINUTE, T0, a_card, an_alarm, an_episode

MAINTENANCE = Hold(id="m", site="north", from_ms=T0 - MINUTE, until_ms=T0 + HOUR, reason="换路由器", by="chen")
REPAIR = Hold(id="d", site="north", device="band-1", from_ms=T0 - MINUTE, reason="屏幕碎了", by="mei")
RULES = (
    "sos.button", "sos.reported", "fall.device", "fall.motion", "fall.reported", "wandering.zone_exit",
    "wandering.night_exit", "wandering.pattern", "wandering.lost", "wandering.reported", "missed_check.silent",
    "missed_check.checkin", "missed_check.inactivity", "missed_check.reported", "vitals.heart_rate", "vitals.spo2",
    "vitals.reported", "device.battery_low", "device.not_worn", "device.fault", "device.reported",
    "system.site_silent", "system.nobody_on_duty", "system.detector_failed", "system.step_overdue",
    "system.checks_unplanned", "system.reported",
)  # fmt: skip


def of_rule(rule: str, **fields: Any) -> Alarm:
    subject = {"device": "band-1", "system": "north"}.get(rule.partition(".")[0], "r1")
    values = {"rule": rule, "kind": rule.partition(".")[0], "severity": "medium", "subject": subject, **fields}
    return msgspec.structs.replace(an_alarm(), **values)


def explained(alarm: Alarm, *holds: Hold, now: int = T0, worn: tuple[str, ...] = ("band-1",)) -> str | None:
    found = Holds(holds=holds, worn={"r1": worn}).explaining(alarm, now)
    return None if found is None else found.id


@given(
    rule=st.sampled_from([rule for rule in RULES if rule.startswith(("sos.", "fall.")) or rule.endswith(".reported")]),
    severity=st.sampled_from(SEVERITIES),
    shift=st.integers(-HOUR, HOUR),
)
def test_presses_falls_and_reports_are_never_suppressed(rule: str, severity: Any, shift: int) -> None:
    alarm = of_rule(rule, severity=severity, event_time=T0 + shift)
    assert explained(alarm, MAINTENANCE, REPAIR) is None


def test_maintenance_of_a_site_explains_what_is_not_heard_and_nothing_else() -> None:
    assert {rule for rule in RULES if explained(of_rule(rule), MAINTENANCE)} == {
        "system.site_silent", "device.battery_low", "device.not_worn", "device.fault", "missed_check.silent",
    }  # fmt: skip


def test_a_device_in_repair_explains_what_it_alone_may_have_raised() -> None:
    assert {rule for rule in RULES if explained(of_rule(rule), REPAIR)} == {
        "wandering.zone_exit", "wandering.night_exit", "wandering.pattern", "wandering.lost", "missed_check.silent",
        "vitals.heart_rate", "vitals.spo2", "device.battery_low", "device.not_worn", "device.fault",
    }  # fmt: skip


@pytest.mark.parametrize(
    "alarm",
    [
        of_rule("device.fault", subject="band-2", device="band-2"),
        of_rule("wandering.zone_exit", device="band-2"),
        of_rule("wandering.zone_exit", evidence={"other_devices": ["band-2"]}),
        of_rule("vitals.spo2", severity="critical"),
        of_rule("vitals.spo2", event_time=T0 - HOUR),
        of_rule("missed_check.silent", severity="high"),
        of_rule("missed_check.silent", event_time=T0 - HOUR),
    ],
)
def test_a_repair_explains_nothing_of_other_devices_of_before_or_that_is_grave(alarm: Alarm) -> None:
    assert explained(alarm, REPAIR) is None


def test_somebody_who_wears_another_band_too_is_missed() -> None:
    silence = of_rule("missed_check.silent")
    assert explained(silence, REPAIR, worn=("band-1", "band-2")) is None
    assert explained(silence, REPAIR, worn=()) is None


def test_maintenance_counts_in_its_window_and_at_its_site_alone() -> None:
    alarm = of_rule("system.site_silent")
    moments = [MAINTENANCE.from_ms - 1, MAINTENANCE.from_ms, T0 + HOUR - 1, T0 + HOUR]
    assert [explained(alarm, MAINTENANCE, now=now) for now in moments] == [None, "m", "m", None]
    assert explained(of_rule("system.site_silent", site="south", subject="south"), MAINTENANCE) is None
    assert explained(of_rule("missed_check.silent", severity="high"), MAINTENANCE) is None
    assert explained(of_rule("missed_check.silent", event_time=T0 - HOUR), MAINTENANCE) is None


class HeldStore(MemoryStore):
    """The store in memory with what is in force."""

    def __init__(self, *holds: Hold) -> None:
        super().__init__()
        self.cards["r1"] = a_card()
        self.contents.holds = {hold.id: hold for hold in holds}

    async def over(self, now: int) -> list[str]:
        return sorted(self.contents.over)

    def end(self, *holds: Hold) -> None:
        for hold in holds:
            del self.contents.holds[hold.id]
            self.contents.over.add(hold.id)


async def take_in(store: MemoryStore, episode: Episode, now: int | None = None) -> Alarm:
    async with store.transaction() as tx:
        (alarm,) = (await absorb(tx, [episode], episode.t if now is None else now)).by_episode
    assert alarm is not None
    return alarm


def a_fault(t: int = T0, **fields: Any) -> Episode:
    return msgspec.structs.replace(an_episode("device.battery_low", t, subject="band-1", opening_t=T0), **fields)


def a_silence(t: int = T0, **fields: Any) -> Episode:
    return msgspec.structs.replace(an_episode("missed_check.silent", t, opening_t=T0), **fields)


def events(alarm: Alarm) -> list[str]:
    return [entry.event for entry in alarm.timeline]


async def test_what_is_explained_is_stored_with_its_reason_and_calls_nobody() -> None:
    store = HeldStore(MAINTENANCE)
    alarm = await take_in(store, a_fault())
    assert (alarm.state, events(alarm), alarm.timeline[0].note) == ("suppressed", ["suppressed"], "换路由器")
    assert alarm.suppression is not None
    assert (alarm.suppression.reason, alarm.suppression.until) == ("换路由器", T0 + HOUR)
    assert (store.contents.steps, store.contents.messages) == ([], [])


async def test_a_press_under_maintenance_and_repair_sounds_as_ever() -> None:
    store = HeldStore(MAINTENANCE, REPAIR)
    alarm = await take_in(store, an_episode())
    assert alarm.state == "open"
    assert store.contents.steps


async def test_it_is_heard_when_it_ends_and_its_cause_stands() -> None:
    store = HeldStore(MAINTENANCE)
    quiet = await take_in(store, a_silence())
    store.end(MAINTENANCE)
    assert await settle(store, store, T0 + HOUR) == 1
    heard = store.contents.alarms[quiet.id]
    assert (heard.state, heard.raised_at, heard.event_time) == ("open", T0 + HOUR, T0)
    assert events(heard) == ["suppressed", "opened"]
    assert store.contents.steps
    assert min(step.step.due_at for step in store.contents.steps) >= T0 + HOUR


async def test_settling_twice_changes_nothing() -> None:
    store = HeldStore(MAINTENANCE)
    await take_in(store, a_fault())
    store.end(MAINTENANCE)
    await settle(store, store, T0 + HOUR)
    before = dict(store.contents.alarms)
    store.contents.over.add("m")
    assert await settle(store, store, T0 + 2 * HOUR) == 0
    assert store.contents.alarms == before


async def test_what_recovered_meanwhile_is_not_heard_and_stays_in_its_list() -> None:
    store = HeldStore(MAINTENANCE)
    await take_in(store, a_fault())
    quiet = await take_in(store, a_fault(T0 + MINUTE, what="recovered"))
    store.end(MAINTENANCE)
    assert await settle(store, store, T0 + HOUR) == 0
    assert (store.contents.alarms[quiet.id].state, quiet.recovered_at) == ("suppressed", T0 + MINUTE)


async def test_more_evidence_is_counted_without_a_sound() -> None:
    store = HeldStore(MAINTENANCE)
    await take_in(store, a_fault())
    more = await take_in(store, a_fault(T0 + MINUTE, what="evidence", severity="high"))
    assert (more.state, more.count, more.severity) == ("suppressed", 2, "high")
    assert "again" not in events(more)
    assert len(store.contents.alarms) == 1


async def test_evidence_after_the_end_is_heard_though_nobody_has_settled_it() -> None:
    store = HeldStore(MAINTENANCE)
    await take_in(store, a_silence())
    later = await take_in(store, a_silence(T0 + 2 * HOUR, what="evidence"))
    assert (later.state, later.version, later.count) == ("open", 2, 2)
    assert store.contents.steps


async def test_a_silence_that_grows_grave_is_heard_at_once() -> None:
    store = HeldStore(MAINTENANCE)
    silence = a_silence(severity="low")
    assert (await take_in(store, silence)).state == "suppressed"
    worse = msgspec.structs.replace(silence, what="evidence", t=T0 + MINUTE, severity="high")
    assert (await take_in(store, worse)).state == "open"


async def test_replaying_a_batch_changes_nothing() -> None:
    store = HeldStore(MAINTENANCE)
    first = await take_in(store, a_fault())
    assert await take_in(store, a_fault(), now=T0 + MINUTE) == first


async def test_what_something_else_explains_stays_quiet_under_its_name() -> None:
    store = HeldStore(MAINTENANCE, REPAIR)
    quiet = await take_in(store, a_fault())
    store.end(MAINTENANCE)
    assert await settle(store, store, T0 + MINUTE) == 0
    handed = store.contents.alarms[quiet.id].suppression
    assert handed is not None
    assert handed.id == "d"
    store.end(REPAIR)
    assert await settle(store, store, T0 + 2 * MINUTE) == 1


async def test_one_of_whom_another_alarm_is_active_again_is_not_opened_twice() -> None:
    store = HeldStore(MAINTENANCE)
    quiet = await take_in(store, a_fault())
    other = an_alarm("device.battery_low", T0 - HOUR, subject="band-1")
    store.contents.alarms[other.id] = other
    store.end(MAINTENANCE)
    assert await settle(store, store, T0 + HOUR) == 0
    assert events(store.contents.alarms[quiet.id])[-1] == "taken_over"


async def test_many_are_heard_in_several_transactions() -> None:
    store = HeldStore(MAINTENANCE)
    for n in range(2 * AT_ONCE + 3):
        await take_in(store, an_episode("device.battery_low", subject=f"b{n}", device=f"b{n}", severity="low"))
    store.end(MAINTENANCE)
    await settle(store, store, T0 + HOUR)
    assert {alarm.state for alarm in store.contents.alarms.values()} == {"open"}
    assert store.contents.over == set()
