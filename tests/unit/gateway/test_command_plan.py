"""What is sent when: no repetition too early, none too late, and never a storm."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from gateway.command_plan import BURST, LONGEST_RETRY_MS, RATE_PER_S, Pace, Plan, Waiting, plan, retry_after_ms

NOW = 1_750_000_000_000
QUIET = Pace(BURST, NOW)


def waiting(
    number: int = 0, *, sent: bool = False, attempts: int = 0, lives_ms: int = 300_000, answer_ms: int = 0
) -> Waiting:
    return Waiting(UUID(int=number), sent, attempts, NOW + lives_ms, NOW + lives_ms + answer_ms)


def ids(decided: Plan) -> list[int]:
    return [send.id.int for send in decided.sends]


def test_a_command_is_repeated_after_15_s_then_at_doubled_distances_up_to_an_hour() -> None:
    assert [retry_after_ms(attempt) // 1000 for attempt in range(1, 10)] == [15, 30, 60, 120, 240, 480, 960, 1920, 3600]
    assert retry_after_ms(10_000) == LONGEST_RETRY_MS


def test_the_next_attempt_is_written_down_before_anything_is_sent() -> None:
    decided = plan([waiting(1), waiting(2, sent=True, attempts=2)], QUIET, NOW)
    assert [(send.id.int, send.again_ms - NOW) for send in decided.sends] == [(1, 15_000), (2, 60_000)]


def test_a_copy_ends_at_the_broker_before_the_next_one_is_made_and_before_the_command_does() -> None:
    usual, last = plan([waiting(1), waiting(2, attempts=3, lives_ms=7_500)], QUIET, NOW).sends
    assert usual.keep_s == 15
    assert last.keep_s == 8


def test_a_copy_lives_a_second_at_least_since_zero_would_mean_for_ever() -> None:
    (send,) = plan([waiting(lives_ms=1)], QUIET, NOW).sends
    assert send.keep_s == 1


def test_what_ran_out_is_never_sent() -> None:
    decided = plan([waiting(1, lives_ms=0), waiting(2, lives_ms=-1, sent=True, attempts=3)], QUIET, NOW)
    assert decided.sends == []
    assert [each.int for each in decided.unsent] == [1]
    assert [each.int for each in decided.unanswered] == [2]


def test_a_wearer_who_was_asked_has_their_time_although_the_question_is_not_repeated() -> None:
    asked = waiting(1, sent=True, attempts=1, lives_ms=0, answer_ms=60_000)
    assert plan([asked], QUIET, NOW)[:3] == ([], [], [])
    assert plan([asked], QUIET, NOW + 59_999)[:3] == ([], [], [])
    assert plan([asked], QUIET, NOW + 60_000).unanswered == [asked.id]


def test_a_question_that_was_never_sent_has_no_such_time() -> None:
    assert plan([waiting(1, lives_ms=0, answer_ms=60_000)], QUIET, NOW).unsent == [UUID(int=1)]


def test_a_crowd_leaves_in_its_order_as_fast_as_the_pace_allows_and_no_faster() -> None:
    crowd = [waiting(number) for number in range(500)]
    pace, now, gone = QUIET, NOW, []
    for _ in range(10_000):
        decided = plan(crowd, pace, now)
        sent = {send.id for send in decided.sends}
        gone += [(now, each) for each in ids(decided)]
        crowd = [command for command in crowd if command.id not in sent]
        pace = decided.pace
        if decided.wake_ms is None:
            break
        assert decided.wake_ms > now
        now = decided.wake_ms
    assert [number for _, number in gone] == list(range(500))
    assert sum(at < NOW + 1000 for at, _ in gone) <= BURST + RATE_PER_S
    assert NOW + 9_000 <= gone[-1][0] <= NOW + 10_000


@given(
    looks=st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 80)), max_size=60),
)
def test_no_way_of_looking_gets_more_through_than_the_pace(looks: list[tuple[int, int]]) -> None:
    pace, now, sent = QUIET, NOW, 0
    for pause_ms, due in looks:
        now += pause_ms
        decided = plan([waiting(lives_ms=10_000_000)] * due, pace, now)
        pace, sent = decided.pace, sent + len(decided.sends)
        assert sent <= BURST + RATE_PER_S * (now - NOW) / 1000 + 1e-6


def test_a_clock_that_was_set_back_neither_gives_nor_takes_room() -> None:
    spent = plan([waiting(n) for n in range(25)], QUIET, NOW).pace
    back = spent.later(NOW - 3_600_000)
    assert back.room == spent.room
    assert back.later(NOW - 3_599_000).room > spent.room
