from __future__ import annotations

from anxin.demo.counter import Comparison
from dashboards.deps import DemoCounters
from gateway.store.demo import StoredReading
from simulator.ledger import Counts, Settled

START = 1_000


def _counts(at: int, sent: int, before_ms: int, settled: int) -> Counts:
    return Counts(
        since=START, at=at, made=sent, sent=sent, acked=settled, repeated=0, settled=Settled(before_ms, settled)
    )


def _stored(*times: int, first_pos: int = 1) -> list[StoredReading]:
    return [StoredReading(first_pos + number, t, bulk=True) for number, t in enumerate(times)]


def _figures(sent: int, stored: int, on_the_way: int, lost: int) -> DemoCounters:
    return DemoCounters(sent=sent, stored=stored, on_the_way=on_the_way, lost=lost)


def test_nothing_is_lost_while_the_gateway_is_dead() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 5, 2_000, 5))
    comparison.stored(_stored(1_100, 1_200))
    comparison.sent(_counts(3_000, 50, 3_000, 50))
    assert comparison.figures(0) == _figures(50, 2, 48, 0)


def test_what_does_not_appear_although_later_readings_do_is_lost() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 3, 2_000, 3))
    comparison.stored(_stored(1_100, 1_300))
    assert comparison.figures(0).lost == 0
    comparison.stored(_stored(2_001, first_pos=3))
    assert comparison.figures(0) == _figures(4, 3, 0, 1)


def test_what_appears_after_all_is_lost_no_more() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 4, 2_000, 3))
    comparison.stored(_stored(1_100, 1_300, 2_001))
    assert comparison.figures(0).lost == 1
    comparison.stored(_stored(1_200, first_pos=4))
    assert comparison.figures(0) == _figures(4, 4, 0, 0)


def test_what_the_broker_has_not_acknowledged_cannot_be_lost() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 3, 1_150, 1))
    comparison.stored(_stored(1_100, 2_500))
    assert comparison.figures(0).lost == 0


def test_what_was_rejected_is_kept_and_not_lost() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 3, 2_000, 2))
    comparison.stored(_stored(1_100, 2_500))
    assert comparison.figures(1) == _figures(3, 3, 0, 0)


def test_an_urgent_reading_does_not_prove_that_the_bulk_has_been_emptied() -> None:
    comparison = Comparison(START)
    comparison.sent(_counts(2_000, 3, 2_000, 3))
    comparison.stored([StoredReading(1, 2_500, bulk=False)])
    assert comparison.figures(0) == _figures(3, 1, 2, 0)
