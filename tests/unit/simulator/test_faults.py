from __future__ import annotations

import msgspec
import pytest

from devices import payloads
from simulator.die import Die
from simulator.faults import CLOCK_ERRORS_MS, Poison, disordered, duplicated, poisons, wrong_clock

NOW = 1_795_300_000_000
DIE = Die("faults")

READERS: dict[str, msgspec.json.Decoder[object]] = {
    "heartbeat": msgspec.json.Decoder(payloads.Heartbeat),
    "position": msgspec.json.Decoder(payloads.Position),
    "vitals": msgspec.json.Decoder(payloads.Vitals),
    "service": msgspec.json.Decoder(payloads.Service),
    "motion": msgspec.json.Decoder(payloads.Motion),
}
WELL_FORMED = {"six minutes ahead", "samples that are no triples"}
"""Wrong only for who knows the time or counts the samples."""


def test_disorder_keeps_every_item_and_moves_none_too_far() -> None:
    shuffled = disordered(range(500), DIE, reach=10)
    assert sorted(shuffled) == list(range(500))
    assert shuffled != list(range(500))
    assert all(abs(place - item) < 10 for place, item in enumerate(shuffled))
    assert disordered(range(50), DIE, reach=1) == list(range(50))


def test_duplicates_add_copies_and_lose_nothing() -> None:
    repeated = list(duplicated(range(300), DIE, chance=0.2))
    assert sorted(set(repeated)) == list(range(300))
    assert 300 < len(repeated) < 500


@pytest.mark.parametrize("name", CLOCK_ERRORS_MS)
def test_a_wrong_clock_changes_nothing_but_t(name: str) -> None:
    body = wrong_clock({"t": NOW, "seq": 5, "lat": 31.2}, CLOCK_ERRORS_MS[name])
    assert body == {"t": NOW + CLOCK_ERRORS_MS[name], "seq": 5, "lat": 31.2}


@pytest.mark.parametrize(
    "poison", [p for p in poisons(NOW) if p.name not in WELL_FORMED], ids=lambda poison: poison.name
)
def test_poison_is_no_reading(poison: Poison) -> None:
    with pytest.raises((msgspec.MsgspecError, RecursionError, UnicodeDecodeError)):
        READERS[poison.kind].decode(poison.payload)
