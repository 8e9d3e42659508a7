"""What is said of who is told agrees with what the built-in plans do."""

from __future__ import annotations

import pytest

from alerts.policies import BUILT_IN, choose
from alerts.policy import FAMILY_TOLD


@pytest.mark.parametrize("rule", sorted(FAMILY_TOLD))
def test_family_is_told_of_each_rule_that_is_said_to_tell_them(rule: str) -> None:
    plan = choose(BUILT_IN, site="north", rule=rule, severity="high", minute=600)
    assert any(step.who == "family" for step in plan.steps)
