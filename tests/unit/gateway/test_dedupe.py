"""The sieve against a plain set of keys: which readings are new, whatever comes twice, in whatever order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.kinds import Kind
from devices.payloads import Checkin, Position, Reading
from gateway import dedupe
from gateway.dedupe import Sieve
from gateway.directory import Route
from gateway.readings import gathered
from gateway.store.connection import Connection
from gateway.store.telemetry import Key

T0 = 1_750_000_000_000
NO_DATABASE = cast("Connection", None)
KINDS = [Kind.POSITION, Kind.CHECKIN]
BATCHES = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from([0, 1, 400]),
            st.integers(T0, T0 + 3),
            st.integers(-1, 1),
        ),
        min_size=1,
        max_size=12,
    ),
    max_size=6,
)


def _entry(key: Key) -> tuple[Reading, int, Route]:
    payload = (
        Position(t=key.t, seq=key.seq, lat=31, lon=121) if key.kind is Kind.POSITION else Checkin(t=key.t, seq=key.seq)
    )
    return payload, key.t, Route(key.kind, "s", f"b{key.device}", key.device, None)


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> set[Key]:
    """The tables, as a set of keys."""
    keys: set[Key] = set()

    async def existing(_: Any, wanted: Iterable[Key]) -> set[Key]:
        return keys & set(wanted)

    async def newest(_: Any, pairs: Iterable[tuple[Kind, int]]) -> dict[tuple[Kind, int], int]:
        times: dict[tuple[Kind, int], int] = {}
        for key in keys:
            pair = (key.kind, key.device)
            times[pair] = max(key.t, times.get(pair, 0))
        return {pair: t for pair, t in times.items() if pair in set(pairs)}

    async def newest_of_all(_: Any, kind: Kind) -> dict[int, int]:
        times: dict[int, int] = {}
        for key in keys:
            if key.kind is kind:
                times[key.device] = max(key.t, times.get(key.device, 0))
        return times

    monkeypatch.setattr(dedupe, "existing_keys", existing)
    monkeypatch.setattr(dedupe, "newest_of_all", newest_of_all)
    monkeypatch.setattr(dedupe, "newest_times", newest)
    return keys


@pytest.mark.filterwarnings("ignore:.*function-scoped fixture")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=BATCHES, restart_after=st.integers(0, 6), learned=st.sets(st.sampled_from([Kind.POSITION, Kind.CHECKIN]))
)
async def test_each_reading_is_fresh_once_and_in_its_order(
    stored: set[Key], batches: list[list[tuple[Kind, int, int, int]]], restart_after: int, learned: set[Kind]
) -> None:
    stored.clear()
    sieve = Sieve()
    for number, batch in enumerate(batches):
        if number == restart_after:
            sieve = Sieve()
            await sieve.learn(NO_DATABASE, learned)
        keys = [Key(*parts) for parts in batch]
        fresh: list[Key] = []
        duplicates: list[Key] = []
        for key in keys:
            (duplicates if key in stored or key in fresh else fresh).append(key)
        sifted = await sieve.sift(NO_DATABASE, gathered(map(_entry, keys)))
        assert [reading.key for reading in sifted.fresh] == fresh
        assert [reading.key for reading in sifted.duplicates] == duplicates
        stored |= set(fresh)
        sieve.stored(sifted.fresh)


async def test_the_first_reading_of_a_learned_kind_asks_the_database_nothing(
    stored: set[Key], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def asked(*_: object) -> None:
        raise AssertionError("a first press waited for a question")

    stored.add(Key(Kind.CHECKIN, 3, T0, 1))
    sieve = Sieve()
    await sieve.learn(NO_DATABASE, {Kind.CHECKIN})
    monkeypatch.setattr(dedupe, "newest_times", asked)
    first = gathered([_entry(Key(Kind.CHECKIN, device, T0 + 1, 1)) for device in (3, 4, 9_000)])
    assert len((await sieve.sift(NO_DATABASE, first)).fresh) == 3
