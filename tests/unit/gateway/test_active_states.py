"""SQL and the alarm's life mean the same by active."""

from __future__ import annotations

import re

from alerts.alarm import ACTIVE
from gateway.store.active import ACTIVE_STATES


def test_the_states_in_sql_are_those_of_the_alarms_life() -> None:
    assert sorted(re.findall(r"'(\w+)'", ACTIVE_STATES)) == sorted(ACTIVE)
