"""The stored stream becomes turns in the order and with the moments of the gateway."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from anxin.backtesting.turns import Batch, Chunk, Turn, Turns, _Steps
from devices.batch import HEADER, ReadingBatch, empty_batch
from devices.registry import RegistryChange
from gateway.store.backtest import Dated

T0 = 1_750_000_000_000
SECOND = 1_000
MINUTE = 60 * SECOND
END = T0 + 86_400_000


def received(*moments: int, first_pos: int = 1) -> ReadingBatch:
    """Readings that came at these moments, ms after T0, in this order."""
    header = np.zeros(len(moments), HEADER)
    header["received"] = [T0 + moment for moment in moments]
    header["pos"] = np.arange(first_pos, first_pos + len(moments))
    return empty_batch()._replace(header=header)


def dated(version: int, at: int) -> Dated:
    return Dated(T0 + at, RegistryChange(version=version, entity="site", key=str(version), record=None))


def turns_of(chunk: Chunk, end: int = END) -> list[Turn]:
    return list(Turns(end).of(chunk))


def in_book(*batches: Batch, changes: tuple[Dated, ...] = ()) -> list[Turn]:
    return turns_of(Chunk(batches, empty_batch(), changes))


def at(moment: int, since: int | None = 0, version: int | None = 0) -> Batch:
    return Batch(T0 + moment, None if since is None else T0 + since, 1, 0, version)


def moments(turns: list[Turn]) -> list[int]:
    return [turn.now - T0 for turn in turns]


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=40))
def test_every_reading_is_decided_once_within_a_second_and_in_order(gaps: list[int]) -> None:
    readings = received(*np.cumsum(gaps).tolist())
    chunk = Chunk(_Steps(T0, END).batches(readings), readings, ())
    turns = turns_of(chunk)
    decided = np.concatenate([turn.readings.header for turn in turns])
    assert decided["pos"].tolist() == readings.header["pos"].tolist()
    for turn in turns:
        waited = turn.now - turn.readings.header["received"]
        assert ((waited > 0) & (waited <= SECOND)).all()
    assert moments(turns) == sorted(set(moments(turns)))


@given(st.lists(st.integers(0, 3_000), min_size=2, max_size=60), st.integers(1, 59))
def test_where_the_stream_is_cut_into_pieces_changes_nothing(gaps: list[int], cut: int) -> None:
    whole = received(*np.cumsum(gaps).tolist())
    cut = min(cut, whole.size - 1)
    together = turns_of(Chunk(_Steps(T0, END).batches(whole), whole, ()))
    steps, made = _Steps(T0, END), Turns(END)
    apart: list[Turn] = []
    for part in (whole.window(0, cut), whole.window(cut, whole.size)):
        apart += made.of(Chunk(steps.batches(part), part, ()))
    assert sorted(set(moments(apart))) == sorted(set(moments(together)))
    assert sum(turn.readings.size for turn in apart) == whole.size
    assert {turn.listening_since for turn in apart} == {T0}


def test_what_was_received_out_of_turn_is_decided_in_the_order_of_its_position() -> None:
    readings = received(0, 5_000, 1_000, 6_000)
    batches = _Steps(T0, END).batches(readings)
    assert [(batch.now - T0, batch.first_pos, batch.last_pos) for batch in batches] == [
        (1_000, 1, 1),
        (6_000, 2, 3),
        (7_000, 4, 4),
    ]


def test_readings_from_before_the_beginning_are_left_out() -> None:
    steps = _Steps(T0 + 10_000, END)
    assert steps.batches(received(0, 5_000)) == []
    batches = steps.batches(received(6_000, 9_000, 10_000, 9_999, first_pos=3))
    assert [(batch.first_pos, batch.last_pos) for batch in batches] == [(5, 6)]
    assert steps.batches(received(first_pos=7)) == []


def test_after_a_minute_without_anything_listening_begins_anew() -> None:
    every_second = range(0, 100_000, SECOND)
    readings = received(*every_second, 99_000 + MINUTE, 99_000 + 2 * MINUTE + 1)
    batches = _Steps(T0, END).batches(readings)
    assert [batch.listening_since for batch in batches[-2:]] == [T0, T0 + 99_000 + 2 * MINUTE + 1]


def test_a_community_that_is_often_quiet_for_a_minute_is_listened_to_through_it() -> None:
    readings = received(*range(0, 60 * MINUTE, 5 * MINUTE))
    assert {batch.listening_since for batch in _Steps(T0, END).batches(readings)} == {T0}


def test_deadlines_are_judged_every_second_between_batches_but_not_in_the_last() -> None:
    assert moments(in_book(at(0), at(3_500))) == [0, 1_000, 2_000, 3_500]
    assert moments(in_book(at(0), at(3_000))) == [0, 1_000, 2_000, 3_000]
    assert moments(in_book(at(0), at(900))) == [0, 900]


def test_deadlines_are_not_judged_while_it_is_unknown_whether_the_gateway_listened() -> None:
    assert moments(in_book(at(0), at(3_500, since=None))) == [0, 3_500]
    assert moments(in_book(at(0), at(5_000, since=2_500))) == [0, 3_000, 4_000, 5_000]
    assert moments(in_book(at(0), at(-5_000))) == [0, -5_000]


def test_nothing_is_decided_at_or_after_the_end() -> None:
    chunk = Chunk((at(0), at(10_000)), empty_batch(), ())
    assert moments(turns_of(chunk, T0 + 3_000)) == [0, 1_000, 2_000]


def test_a_batch_of_the_book_is_decided_under_its_own_version_of_the_registry() -> None:
    turns = in_book(at(0, version=1), at(1_000, version=3), changes=(dated(1, -5), dated(2, -4), dated(3, 500)))
    assert [[change.version for change in turn.changes] for turn in turns] == [[1], [2, 3]]


def test_a_second_between_batches_is_judged_under_what_was_changed_by_then() -> None:
    changes = (dated(1, 0), dated(2, 1_500), dated(3, 2_500))
    turns = in_book(at(0, version=1), at(4_000, version=2), changes=changes)
    assert {turn.now - T0: [change.version for change in turn.changes] for turn in turns if turn.changes} == {
        0: [1],
        2_000: [2],
    }


def test_where_the_book_is_forgotten_a_change_counts_from_when_it_was_made() -> None:
    changes = (dated(1, -1), dated(2, 1_500), dated(3, 9_000))
    turns = in_book(at(1_000, version=None), at(2_000, version=None), at(3_000, version=None), changes=changes)
    assert [[change.version for change in turn.changes] for turn in turns] == [[1], [2], []]
