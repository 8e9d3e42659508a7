"""What the journal keeps of long records, word by word, is all that a fix changes of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from alerts.engine import Engine, Rule
from alerts.engine.places import PLACES
from alerts.engine.snapshot import LONG, stored_arrays
from alerts.engine.state import RUNS_AT_MOST, WORDS_AT_MOST
from alerts.engine.trek import TREK
from alerts.engine.ways import WAYS
from alerts.engine.words import WORD
from tests.reference.oracle import Told
from tests.reference.streams import START, batch_of, change, parameter, resident
from tests.reference.walkers import ASTRAY, DAY, HOUR, SHOP, S, engine_of, stood, there_and_back, told_at, walked

LENGTHS = (1, 2, 5, 13)
FAR = [(0.0, 0.0), (0.0, 2500.0), (-900.0, 2500.0)]


def a_week() -> Iterator[list[Told]]:
    """Days out: to the shop, astray, to and fro, a ride, leaps of the receiver, a long visit, far away."""
    for day in range(6):
        yield there_and_back(SHOP, START + day * DAY)
    yield walked(ASTRAY, START + 6 * DAY)
    back = walked(ASTRAY[::-1], START + 6 * DAY + HOUR)
    yield [*back, told_at(back[-1].t + 20 * S, 0, 0)]
    yield walked([(0, 100 + 50 * (i % 2)) for i in range(24)], START + 7 * DAY, every_s=30, mps=0.9)
    leaps = walked(FAR, START + 8 * DAY)
    chance = np.random.default_rng(3)
    yield [told_at(one.t, *chance.uniform(-900, 900, 2)) if chance.random() < 0.15 else one for one in leaps]
    yield stood((-900, 2500), leaps[-1].t + 20 * S, 1500)
    ridden = walked([(-900, 2500), (6000, 45_000)], leaps[-1].t + HOUR, mps=14.0)
    yield ridden
    yield walked([(6000, 45_000), (6500, 45_200)], ridden[-1].t + HOUR)


def test_a_batch_that_is_undone_leaves_every_word_as_it_was() -> None:
    engine = engine_of()
    for rule in (Rule.WANDERING_PATTERN, Rule.WANDERING_NIGHT_EXIT):
        engine.enable(rule)
    engine.apply([change(parameter("wandering.pattern.enabled", 1.0))])
    said = 0
    for number, fixes in enumerate(a_week()):
        if number == 5:
            moved = told_at(0, 500, 0)
            engine.apply([change(resident(home_lat=moved.number("lat"), home_lon=moved.number("lon")))])
        begin = 0
        while begin < len(fixes):
            some = batch_of(fixes[begin : begin + LENGTHS[begin % len(LENGTHS)]])
            now = int(some.header["received"][-1])
            before = long_records(engine)
            undone = engine.process(some, now).tolist()
            journal = engine._journal
            assert journal.used[11] <= RUNS_AT_MOST * some.size
            assert journal.used[12] <= WORDS_AT_MOST * some.size
            engine.rollback()
            assert long_records(engine) == before
            assert str(engine.process(some, now).tolist()) == str(undone)
            engine.commit()
            said += len(undone)
            begin += some.size
    assert said > 0


def long_records(engine: Engine) -> list[bytes]:
    stored = stored_arrays(engine._state)
    return [stored[name].tobytes() for names in LONG.values() for name in (*names,)]


@pytest.mark.parametrize("layout", [TREK, WAYS])
def test_arrays_within_long_records_begin_with_a_word(layout: np.dtype[np.void]) -> None:
    assert layout.fields is not None
    assert (layout.itemsize % WORD, PLACES.itemsize % WORD) == (0, 0)
    parts = {name: offset for name, (kind, offset, *_) in layout.fields.items() if kind.shape}
    if layout is TREK:
        parts["turn_began"] = layout.fields["turn_began"][1]
    assert {name: offset % WORD for name, offset in parts.items()} == dict.fromkeys(parts, 0)


@pytest.mark.parametrize("layout", [TREK, WAYS, PLACES])
def test_no_byte_of_long_records_belongs_to_no_field(layout: np.dtype[np.void]) -> None:
    assert layout.fields is not None
    assert sum(kind.itemsize for kind, *_ in layout.fields.values()) == layout.itemsize
