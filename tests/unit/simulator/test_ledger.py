from __future__ import annotations

from simulator.ledger import Ledger, Settled


def test_readings_are_settled_up_to_the_oldest_that_is_not_acknowledged() -> None:
    ledger = Ledger(100)
    for t in (100, 110, 120, 130):
        ledger.made(t)
    for t in (100, 110, 130):
        ledger.acknowledged(t)
    assert ledger.counts(200).settled == Settled(120, 2)
    ledger.acknowledged(120)
    assert ledger.counts(210).settled == Settled(210, 4)


def test_a_reading_of_this_very_millisecond_is_not_yet_settled() -> None:
    ledger = Ledger(100)
    ledger.made(150)
    ledger.acknowledged(150)
    assert ledger.counts(150).settled == Settled(150, 0)
    assert ledger.counts(151).settled == Settled(151, 1)


def test_a_repetition_counts_as_repeated_not_as_sent() -> None:
    ledger = Ledger(0)
    ledger.made(1)
    ledger.sent(again=False)
    ledger.sent(again=True)
    ledger.acknowledged(1)
    counts = ledger.counts(2)
    assert (counts.made, counts.sent, counts.acked, counts.repeated) == (1, 1, 1, 1)
