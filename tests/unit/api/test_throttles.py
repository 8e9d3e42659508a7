"""The two throttles, on a clock that the test sets."""

from __future__ import annotations

from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from dashboards.api.count_throttle import COUNT_PERIOD_S, CountThrottle
from dashboards.api.throttle import FAILURES_OF_ONE_ADDRESS, FAILURES_OF_ONE_NAME, WINDOW_MS, SignInThrottle
from gateway.store.changes import Change


def _change(n: int, alarm: int, count_only: bool) -> Change:
    return Change(n, count_only, "north", str(UUID(int=alarm)), b"{}")


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans(), st.floats(0, 0.6)), max_size=60))
def test_every_alarms_last_change_goes_out_and_counts_at_most_once_a_second(
    steps: list[tuple[int, bool, float]],
) -> None:
    throttle = CountThrottle()
    now = 0.0
    sent: list[tuple[float, Change]] = []

    def advance(until: float) -> None:
        due = throttle.next_due_s()
        while due is not None and due <= until:
            sent.extend((due, change) for change in throttle.due(due))
            due = throttle.next_due_s()

    for n, (alarm, count_only, pause) in enumerate(steps, start=1):
        now += pause
        advance(now)
        change = _change(n, alarm, count_only)
        if throttle.admit(change, now):
            sent.append((now, change))
    advance(now + 10 * COUNT_PERIOD_S)
    assert throttle.next_due_s() is None
    for alarm in range(3):
        mine = [(at, change) for at, change in sent if change.alarm == str(UUID(int=alarm))]
        all_mine = [n for n, (which, _, _) in enumerate(steps, start=1) if which == alarm]
        assert [change.n for _, change in mine] == sorted({change.n for _, change in mine})
        assert not all_mine or mine[-1][1].n == all_mine[-1]
        assert {n for n in all_mine if not steps[n - 1][1]} <= {change.n for _, change in mine}
        for (before, _), (at, change) in pairwise(mine):
            assert not change.count_only or at - before >= COUNT_PERIOD_S - 1e-9


def test_one_name_from_one_address_is_stopped_after_its_failures() -> None:
    throttle = SignInThrottle()
    for _ in range(FAILURES_OF_ONE_NAME):
        assert throttle.attempt("mei", "a", 0) == 0
    assert throttle.attempt("mei", "a", 1000) == WINDOW_MS - 1000
    assert throttle.attempt("mei", "b", 1000) == 0
    assert throttle.attempt("bo", "a", 1000) == 0
    assert throttle.attempt("mei", "a", WINDOW_MS) == 0


def test_a_success_forgets_the_failures_before_it() -> None:
    throttle = SignInThrottle()
    for _ in range(10 * FAILURES_OF_ONE_NAME):
        assert throttle.attempt("mei", "a", 0) == 0
        throttle.succeeded("mei", "a")


def test_one_address_is_stopped_after_many_names() -> None:
    throttle = SignInThrottle()
    for i in range(FAILURES_OF_ONE_ADDRESS):
        assert throttle.attempt(f"name-{i}", "a", 0) == 0
    assert throttle.attempt("another", "a", 0) > 0
    assert throttle.attempt("another", "b", 0) == 0


def test_its_memory_is_bounded() -> None:
    throttle = SignInThrottle(capacity=100)
    for i in range(1000):
        throttle.attempt(f"name-{i}", f"address-{i}", 0)
    assert len(throttle._windows) <= 100
