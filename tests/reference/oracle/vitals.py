"""Vital signs out of their limits, confirmed by several readings, over when they are well inside again.

Numbers are compared as people write them: 39.1 is 39.1, in whatever precision it travelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from alerts.engine import What
from devices.kinds import Kind
from tests.reference.oracle.memory import Memory
from tests.reference.oracle.moment import Aftermath, Moment
from tests.reference.oracle.records import Records
from tests.reference.oracle.settings import InForce
from tests.reference.oracle.words import SECOND, Claim, Rule, Told, named_by


class Limits(NamedTuple):
    """Of one field of a reading; the names of its limits' parameters, None where it has none."""

    field: str
    low: str | None
    high: str | None


class Sign(NamedTuple):
    """One rule's fields and what it calls its margin."""

    rule: Rule
    limits: tuple[Limits, ...]
    back_by: str


SIGNS = (
    Sign(Rule.VITALS_HEART_RATE, (Limits("heart_rate_bpm", "low_bpm", "high_bpm"),), "back_by_bpm"),
    Sign(Rule.VITALS_SPO2, (Limits("spo2_pct", "low_pct", None),), "back_by_pct"),
    Sign(
        Rule.VITALS_BLOOD_PRESSURE,
        (
            Limits("systolic_mmhg", "systolic_low_mmhg", "systolic_high_mmhg"),
            Limits("diastolic_mmhg", None, "diastolic_high_mmhg"),
        ),
        "back_by_mmhg",
    ),
    Sign(Rule.VITALS_TEMPERATURE, (Limits("temperature_c", "low_c", "high_c"),), "back_by_c"),
)


@dataclass
class Course:
    """How a sign has gone under one wearer of a device."""

    outs: list[int]
    """Orders of the readings of the present run of outs."""
    backs: int = 0
    episode: Told | None = None
    told_at: int = 0


class Vitals:
    """One rule of ``vitals.*``, whatever the wearer's status; a household's box counts as a wearer's."""

    def __init__(self, sign: Sign, records: Records, memory: Memory) -> None:
        self.sign, self.records, self.memory = sign, records, memory
        self.courses: dict[int, Course] = {}

    def hear(self, m: Moment, *, on: bool) -> Iterator[Claim]:
        told = m.told
        if told.kind != Kind.VITALS or not m.newer or m.wearer is None:
            return
        beat = self.memory.beats.get(told.device)
        since = self.records.worn_since(told.device, told.order)
        if beat is not None and beat.order >= since and beat.fields.get("worn") is False:
            return
        state = self._state(told, m.p)
        if state is None:
            return
        course = self.courses.setdefault(told.device, Course([]))
        if not on and course.episode is None:
            return
        yield from self._out(m, course, on=on) if state == "out" else self._not_out(m, course, state)

    def _state(self, told: Told, p: InForce) -> str | None:
        """``out`` when any field is, ``back`` when all that are known are well inside, else ``between``."""
        rule = self.sign.rule.public_name
        margin = _written(p[f"{rule}.{self.sign.back_by}"])
        states = []
        for field, low, high in self.sign.limits:
            if told.fields.get(field) is None:
                continue
            value = _written(told.fields[field])
            above = value - _written(p[f"{rule}.{low}"]) if low is not None else margin + 1
            below = _written(p[f"{rule}.{high}"]) - value if high is not None else margin + 1
            inside = min(above, below)
            states.append("out" if inside <= 0 else "back" if inside >= margin else "between")
        if not states:
            return None
        if "out" in states:
            return "out"
        return "between" if "between" in states else "back"

    def _out(self, m: Moment, course: Course, *, on: bool) -> Iterator[Claim]:
        told, rule = m.told, self.sign.rule.public_name
        if course.outs and told.order - course.outs[-1] > m.p.ms(f"{rule}.gap_s"):
            course.outs.clear()
        course.outs.append(told.order)
        course.backs = 0
        if told.late or not on:
            return
        if course.episode is not None:
            if told.order - course.told_at >= m.p.ms(f"{rule}.evidence_every_s"):
                course.told_at = told.order
                yield self._claim(What.EVIDENCE, course, m)
            return
        long_enough = told.order - course.outs[0] >= m.p.ms(f"{rule}.span_s")
        if len(course.outs) >= m.p[f"{rule}.confirm"] and long_enough:
            course.episode, course.told_at = told, told.order
            yield self._claim(What.OPENED, course, m)

    def _not_out(self, m: Moment, course: Course, state: str) -> Iterator[Claim]:
        course.outs.clear()
        if course.episode is None:
            return
        course.backs = course.backs + 1 if state == "back" else 0
        if course.backs >= m.p[f"{self.sign.rule.public_name}.back_readings"]:
            yield self._claim(What.RECOVERED, course, m)
            course.episode, course.backs = None, 0

    def _claim(self, what: What, course: Course, m: Moment) -> Claim:
        assert course.episode is not None
        rule = self.sign.rule.public_name
        evidence = {limits.field: m.told.number(limits.field) for limits in self.sign.limits}
        for limits in self.sign.limits:
            evidence |= {name: m.p[f"{rule}.{name}"] for name in (limits.low, limits.high) if name is not None}
        if what != What.RECOVERED:
            evidence["readings"] = len(course.outs)
            evidence["seconds_out"] = (m.told.order - course.outs[0]) / SECOND
        severity = int(m.p[f"{rule}.severity"])
        return Claim(self.sign.rule, what, severity, named_by(course.episode), evidence)

    def hand_over(self, device: int, kind: Kind) -> None:
        if kind == Kind.VITALS:
            self.courses.pop(device, None)

    def drop_half_counted(self, device: int | None = None) -> None:
        for one, course in list(self.courses.items()):
            if device in {one, None} and course.episode is None:
                del self.courses[one]

    def forget(self, after: Aftermath) -> None:
        for device in list(self.courses):
            if (device, Kind.VITALS) in after.handed_over:
                del self.courses[device]
            elif (self.sign.rule, device) in after.switched:
                self.drop_half_counted(device)


def _written(value: float) -> Fraction:
    return Fraction(str(float(value)))
