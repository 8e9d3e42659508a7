"""A batch in which a detector failed is repeated at a start as it was decided: without that detector."""

from __future__ import annotations

import pytest

from alerts.engine import Engine, KernelFault, Rule
from gateway.recovery import decide
from gateway.store.batches import BatchRow
from tests.reference.streams import START, batch_of, fix, one_of_each, press


def batch_row() -> BatchRow:
    return BatchRow(number=1, epoch=1, now_ms=START, first_pos=1, last_pos=2, registry_version=0, listening_since=START)


def test_a_detector_that_fails_is_switched_off_and_the_batch_repeated() -> None:
    engine = Engine()
    engine.apply(one_of_each())
    batch = batch_of([press(START), fix(START, 10)])
    batch.header["row"][1] = 7
    decide(engine, batch, batch_row())
    engine.commit()
    assert engine.disabled == (Rule.WANDERING_ZONE_EXIT,)
    assert [event["what"] for event in engine.process(batch_of([press(START + 1000)]), START)] == [1]


def test_a_fault_of_nobodys_detector_is_not_hidden() -> None:
    engine = Engine()
    with pytest.raises(KernelFault):
        decide(engine, batch_of([press(START, -1)]), batch_row())
