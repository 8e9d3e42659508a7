"""Which policy an alarm gets, and when its steps fall due."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.messages import local_time
from alerts.plan import plan_for, steps_of
from alerts.policies import BUILT_IN, MINUTES_A_DAY, NOBODY, How, Policy, PolicyStep, Who, choose, faults_of, within
from alerts.ports import Plan, SiteRules
from tests.support.alarms import HOUR, MINUTE, SECOND, T0, an_alarm

DAY = 24 * HOUR
SEVEN = 7 * 60
TEN_IN_THE_EVENING = 22 * 60


def a_policy(name: str, **fields: Any) -> Policy:
    return msgspec.convert({"id": name, "name": name, "steps": (), **fields}, Policy)


def chosen(*policies: Policy, **fields: Any) -> str:
    asked: dict[str, Any] = {"site": "north", "rule": "fall.device", "severity": "critical", "minute": 600, **fields}
    return choose(policies, **asked).name


class TestChoice:
    def test_the_sites_own_goes_before_everyones_and_both_before_the_built_in(self) -> None:
        own, all_sites = a_policy("own", site="north"), a_policy("all", applies_to="fall.device")
        assert chosen(all_sites, own) == "own"
        assert chosen(all_sites, a_policy("south", site="south")) == "all"
        assert chosen(a_policy("south", site="south")) == "fall"

    def test_a_rules_goes_before_its_kinds_and_that_before_any(self) -> None:
        by_rule, by_kind, by_any = (
            a_policy("1", applies_to="fall.device"),
            a_policy("2", applies_to="fall"),
            a_policy("3"),
        )
        assert chosen(by_any, by_kind, by_rule) == "1"
        assert chosen(by_any, by_kind, by_rule, rule="fall.motion") == "2"
        assert chosen(by_any, by_kind, by_rule, rule="sos.button") == "3"

    def test_a_severitys_goes_before_any_and_an_hours_before_all_day(self) -> None:
        high = a_policy("high", severity="high")
        night = a_policy("night", from_minute=TEN_IN_THE_EVENING, to_minute=SEVEN)
        assert chosen(a_policy("any"), high) == "any"
        assert chosen(a_policy("any"), high, severity="high") == "high"
        assert chosen(a_policy("day"), night) == "day"
        assert chosen(a_policy("day"), night, minute=23 * 60) == "night"

    def test_what_is_switched_off_gives_way(self) -> None:
        assert chosen(a_policy("off", site="north", active=False), a_policy("on")) == "on"

    def test_each_rule_of_the_contract_has_a_plan_of_its_own(self) -> None:
        families = {"sos.button", "fall.motion", "wandering.lost", "missed_check.checkin"}
        for rule in ("sos.button", "fall.motion", "wandering.lost", "missed_check.checkin", "missed_check.silent"):
            policy = choose((), site="north", rule=rule, severity="high", minute=0)
            assert any(step.who == "family" for step in policy.steps) == (rule in families)
        assert choose((), site="north", rule="system.nobody_on_duty", severity="high", minute=0).steps
        assert choose((), site="north", rule="device.fault", severity="medium", minute=0).steps == ()
        assert choose((), site="north", rule="unheard.of", severity="high", minute=0) == NOBODY

    @given(st.integers(0, MINUTES_A_DAY - 1), st.integers(0, MINUTES_A_DAY - 1), st.integers(0, MINUTES_A_DAY - 1))
    def test_a_part_of_the_day_and_the_rest_make_a_day(self, minute: int, start: int, end: int) -> None:
        if start != end:
            assert within(minute, start, end) != within(minute, end, start)


def a_plan(*steps: PolicyStep, timezone: str = "Asia/Shanghai", **fields: Any) -> Plan:
    return Plan(policy=msgspec.structs.replace(a_policy("p", **fields), steps=steps), timezone=timezone)


def a_step(after_s: int, who: Any = "duty", **fields: Any) -> PolicyStep:
    return msgspec.structs.replace(PolicyStep(after_s=after_s, who=who, how="sms"), **fields)


class TestSteps:
    def test_a_step_is_due_after_its_time_and_its_repetitions_after_theirs(self) -> None:
        plan = a_plan(a_step(60), a_step(90, times=3, every_s=30))
        due = [(s.n, s.repeat, s.due_at) for s in steps_of(plan, an_alarm(), round_number=1, since=T0, now=T0)]
        assert due == [(0, 0, T0 + 60_000), (1, 0, T0 + 90_000), (1, 1, T0 + 120_000), (1, 2, T0 + 150_000)]

    def test_what_should_have_been_done_before_now_is_due_now(self) -> None:
        (early, late) = steps_of(a_plan(a_step(0), a_step(600)), an_alarm(), round_number=2, since=T0, now=T0 + MINUTE)
        assert (early.due_at, early.round, late.due_at) == (T0 + MINUTE, 2, T0 + 10 * MINUTE)

    def test_nobody_outside_hears_of_devices_and_the_system(self) -> None:
        plan = a_plan(
            *(a_step(0, who) for who in ("duty", "family", "neighbours", "grid_workers", "chat", "supervisor"))
        )
        steps = steps_of(plan, an_alarm("device.battery_low"), round_number=1, since=T0, now=T0)
        assert [step.who for step in steps] == ["duty", "supervisor"]

    def test_a_stranger_has_neither_family_nor_neighbours(self) -> None:
        plan = a_plan(*(a_step(0, who) for who in ("family", "neighbours", "grid_workers", "band")))
        stranger = an_alarm(resident=None)
        assert [s.who for s in steps_of(plan, stranger, round_number=1, since=T0, now=T0)] == ["grid_workers", "band"]
        by_phone = an_alarm(resident=None, household="h1", device=None)
        assert [s.who for s in steps_of(plan, by_phone, round_number=1, since=T0, now=T0)] == [
            "family",
            "neighbours",
            "grid_workers",
        ]

    @pytest.mark.parametrize(
        ("severity", "waits"), [("low", True), ("medium", True), ("high", False), ("critical", False)]
    )
    def test_what_can_wait_keeps_the_quiet_hours(self, severity: Any, waits: bool) -> None:
        plan = a_plan(a_step(0), quiet_from_minute=TEN_IN_THE_EVENING, quiet_to_minute=SEVEN)
        (step,) = steps_of(plan, an_alarm(severity=severity), round_number=1, since=T0, now=T0)
        seven = T0 - 40 * SECOND - 6 * MINUTE + 8 * HOUR  # T0 is 23:06:40 in Shanghai
        assert step.due_at == (seven if waits else T0)

    def test_quiet_hours_end_on_the_same_day_after_midnight_and_do_not_bind_the_day(self) -> None:
        plan = a_plan(a_step(0), quiet_from_minute=TEN_IN_THE_EVENING, quiet_to_minute=SEVEN)
        seven = T0 - 40 * SECOND - 6 * MINUTE + 8 * HOUR
        mild = an_alarm(severity="low")
        assert steps_of(plan, mild, round_number=1, since=T0 + 3 * HOUR, now=T0)[0].due_at == seven
        assert steps_of(plan, mild, round_number=1, since=seven, now=T0)[0].due_at == seven

    def test_quiet_hours_follow_the_clock_through_the_night_it_is_set(self) -> None:
        """On 2025-10-26 clocks in Paris go from 03:00 CEST back to 02:00 CET: 07:00 is 06:00 UTC."""
        evening = 1_761_426_000_000  # 2025-10-25T21:00Z, 23:00 in Paris
        plan = a_plan(a_step(0), timezone="Europe/Paris", quiet_from_minute=TEN_IN_THE_EVENING, quiet_to_minute=SEVEN)
        (step,) = steps_of(plan, an_alarm(severity="low"), round_number=1, since=evening, now=evening)
        assert step.due_at == evening + 9 * HOUR

    def test_the_part_of_the_day_is_the_sites_own_when_the_alarm_opens(self) -> None:
        night = a_policy("night", from_minute=TEN_IN_THE_EVENING, to_minute=SEVEN)
        rules = SiteRules(name="n", timezone="Asia/Shanghai", demo=False, policies=(night, a_policy("day")))
        assert plan_for(an_alarm(), rules).policy == night
        assert plan_for(an_alarm(), msgspec.structs.replace(rules, timezone="UTC")).policy.name == "day"
        for nowhere in ("No/Where", "Asia", "", "/etc", "a" * 300, "\x00"):
            assert plan_for(an_alarm(), msgspec.structs.replace(rules, timezone=nowhere)).policy == night
            assert local_time(T0, nowhere) == local_time(T0, "Asia/Shanghai")


def test_the_built_in_policies_are_in_the_order_of_their_times() -> None:
    for policy in BUILT_IN:
        assert [step.after_s for step in policy.steps] == sorted(step.after_s for step in policy.steps)


class TestWhoMissedACheck:
    @pytest.mark.parametrize(
        ("who", "how", "nth", "faulty"),
        [
            ("resident", "sms", None, []), ("resident", "voice", None, []), ("band", "ring", None, []),
            ("resident", "chat", None, ["steps/0/how"]), ("resident", "ring", None, ["steps/0/how"]),
            ("resident", "sms", 2, ["steps/0/nth"]), ("band", "ring", 1, ["steps/0/nth"]),
            ("duty", "ring", None, ["steps/0/how"]),
        ],
    )  # fmt: skip
    def test_a_resident_is_one_and_has_a_telephone_and_a_band_rings(
        self, who: Who, how: How, nth: int | None, faulty: list[str]
    ) -> None:
        policy = Policy(id="p", name="p", steps=(PolicyStep(after_s=0, who=who, how=how, nth=nth),))
        assert [fault.path for fault in faults_of(policy)] == faulty

    @pytest.mark.parametrize(
        ("rule", "severity", "device", "asked"),
        [
            ("missed_check.checkin", "medium", None, True), ("missed_check.inactivity", "high", "band-1", True),
            ("missed_check.silent", "medium", "band-1", False), ("missed_check.silent", "low", "band-1", False),
        ],
    )  # fmt: skip
    def test_the_band_is_asked_of_whatever_but_its_own_silence(
        self, rule: str, severity: str, device: str | None, asked: bool
    ) -> None:
        alarm = an_alarm(rule, severity=severity, device=device)
        plan = plan_for(alarm, SiteRules(name="s", timezone="Asia/Shanghai", demo=False))
        steps = steps_of(plan, alarm, round_number=1, since=T0, now=T0)
        assert any(step.who == "band" for step in steps) == asked

    def test_where_nobody_is_known_nobody_is_asked(self) -> None:
        alarm = an_alarm("missed_check.checkin", resident=None, device=None)
        plan = plan_for(alarm, SiteRules(name="s", timezone="Asia/Shanghai", demo=False))
        steps = steps_of(plan, alarm, round_number=1, since=T0, now=T0)
        assert {step.who for step in steps} == {"duty", "supervisor", "grid_workers"}
