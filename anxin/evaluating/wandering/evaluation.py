"""An evaluation from recordings to figures."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule
from anxin.evaluating.wandering.figures import Report, report_of
from anxin.evaluating.wandering.recordings import Person
from anxin.evaluating.wandering.run import RULES, Told, followed
from anxin.evaluating.wandering.walks import Followed


def evaluate(
    people: Sequence[Person], *, parameters: Mapping[str, float], rules: Sequence[Rule], independent: bool, seed: int,
    told_of: Told,
) -> tuple[Report, list[Followed]]:  # fmt: skip
    """Evaluate recorded walks; returns the figures, and each walk with what the engine said in it.

    Args:
        people: who walked.
        parameters: other values of the rules' parameters, for everyone.
        rules: those that are in force.
        independent: each walk is somebody's first.
        seed: of the intervals over people.
        told_of: hears how much of how much is done.
    """
    Engine.warm()
    began = time.perf_counter()
    found = followed(people, parameters=parameters, rules=rules, independent=independent, told_of=told_of)
    without_timezone = sum(not person.timezone for person in people)
    judged = {rule: len(people) if rule in rules and rule in EVIDENCE_FIELDS else 0 for rule in RULES}
    if judged[Rule.WANDERING_NIGHT_EXIT]:
        judged[Rule.WANDERING_NIGHT_EXIT] -= without_timezone
    report = report_of(
        found, judged=judged, without_timezone=without_timezone, independent=independent, parameters=parameters,
        seed=seed, seconds=time.perf_counter() - began,
    )  # fmt: skip
    return report, found
