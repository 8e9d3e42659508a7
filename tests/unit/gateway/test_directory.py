"""Whom a reading concerns, at the border of the gateway: the same answer as the engine's, for any history."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from devices.registry import Assignment, Device, Entity, Record, RegistryChange, Resident
from gateway.directory import NOBODY, Directory, Wearer
from tests.reference.oracle import Oracle

HOUR = 3_600_000


def resident(slot: int, **fields: Any) -> Resident:
    return Resident(id=f"r{slot}", slot=slot, site="s", name="", **fields)


def worn(key: str, wearer: int | str, from_ms: int, to_ms: int | None = None, device: int = 0) -> Assignment:
    whose = {"resident_slot": wearer} if isinstance(wearer, int) else {"household": wearer}
    return Assignment(id=key, device_slot=device, from_ms=from_ms, to_ms=to_ms, **whose)


def entity_of(record: Record) -> Entity:
    return "resident" if isinstance(record, Resident) else "assignment"


def changes_of(*records: Record | tuple[Entity, str]) -> list[RegistryChange]:
    """The records as changes, in order; a pair names one that is removed."""
    return [
        RegistryChange(version=n, entity=one[0], key=one[1], record=None)
        if isinstance(one, tuple)
        else RegistryChange(version=n, entity=entity_of(one), key=one.id, record=one)
        for n, one in enumerate(records, 1)
    ]


def directory_of(*records: Record | tuple[Entity, str]) -> Directory:
    directory = Directory()
    directory.apply(changes_of(*records))
    return directory


def test_a_reading_from_before_a_handover_is_the_earlier_wearers() -> None:
    directory = directory_of(resident(0, household="h"), resident(1), worn("a", 0, 0, HOUR), worn("b", 1, HOUR))
    assert directory.wearer(0, HOUR - 1) == Wearer(resident(0, household="h"), "h")
    assert directory.wearer(0, HOUR) == Wearer(resident(1), None)


def test_a_box_that_moves_keeps_what_it_told_of_the_earlier_household() -> None:
    directory = directory_of(worn("a", "old", 0, HOUR), worn("b", "new", 2 * HOUR))
    assert [directory.wearer(0, t).household for t in (0, HOUR, 2 * HOUR)] == ["old", None, "new"]


def test_an_assignment_entered_in_the_past_changes_nothing_outside_its_interval() -> None:
    before = directory_of(resident(0), resident(1), worn("a", 0, 0, 5 * HOUR), worn("b", 0, 6 * HOUR))
    after = directory_of(resident(0), resident(1), worn("a", 0, 0, 5 * HOUR), worn("b", 0, 6 * HOUR),
                         worn("past", 1, 5 * HOUR, 6 * HOUR))  # fmt: skip
    for t in range(0, 10 * HOUR, HOUR // 2):
        inside = 5 * HOUR <= t < 6 * HOUR
        assert after.wearer(0, t) == (Wearer(resident(1), None) if inside else before.wearer(0, t))


def test_an_assignment_that_was_changed_or_removed_counts_as_it_is_now() -> None:
    directory = directory_of(resident(0), resident(1), worn("a", 0, 0), worn("a", 0, 0, HOUR), worn("b", 1, HOUR))
    assert directory.wearer(0, HOUR).resident == resident(1)
    directory.apply([RegistryChange(version=99, entity="assignment", key="b", record=None)])
    assert directory.wearer(0, HOUR) == NOBODY


def test_a_cry_from_before_the_first_assignment_is_the_first_wearers_and_nothing_else_is() -> None:
    directory = directory_of(worn("a", "h", HOUR), worn("b", "g", 2 * HOUR))
    assert directory.caller(0, 0, now=HOUR).household == "h"
    assert directory.caller(0, 0, now=HOUR - 1) == NOBODY
    assert directory.wearer(0, 0) == NOBODY


def test_who_is_no_longer_registered_is_nobody() -> None:
    directory = directory_of(resident(0), worn("a", 0, 0), ("resident", "r0"), ("resident", "r0"))
    assert directory.wearer(0, HOUR) == NOBODY


def test_a_new_wearer_does_not_change_what_a_topic_means() -> None:
    device = Device(id="d", slot=0, site="s")
    directory = Directory()
    directory.apply([RegistryChange(version=1, entity="device", key="d", record=device)])
    before = directory.route("anxin/v1/s/d/sos")
    directory.apply([RegistryChange(version=2, entity="assignment", key="a", record=worn("a", "h", 0))])
    assert before is not None
    assert directory.route("anxin/v1/s/d/sos") is before
    gone = Device(id="d", slot=0, site="s", revoked=True)
    directory.apply([RegistryChange(version=3, entity="device", key="d", record=gone)])
    refused = directory.route("anxin/v1/s/d/sos")
    assert refused is not None
    assert refused.fault == "revoked_device"


assignments = st.builds(
    lambda key, wearer, device, start, length: worn(
        key, wearer, start * HOUR, None if length is None else (start + length) * HOUR, device
    ),
    st.sampled_from("abcdef"), st.sampled_from([0, 1, "h", "g"]), st.integers(0, 1), st.integers(0, 8),
    st.one_of(st.none(), st.integers(1, 4)),
)  # fmt: skip
removals = st.sampled_from("abcdef").map(lambda key: ("assignment", key))


@given(st.lists(st.one_of(assignments, removals), max_size=12))
def test_the_gateway_says_what_the_contract_says(history: list[Any]) -> None:
    directory, oracle = directory_of(resident(0), resident(1), *history), Oracle()
    for change in changes_of(resident(0), resident(1), *history):
        oracle.apply(change)
    for device in (0, 1):
        for t in range(-HOUR, 14 * HOUR, HOUR // 2):
            for mine, theirs in (
                (directory.wearer(device, t), oracle.records.wearer_at(device, t)),
                (directory.caller(device, t, now=5 * HOUR), oracle.records.caller(device, t, 5 * HOUR)),
            ):
                assert (mine.household if mine.resident is None else mine.resident.slot) == theirs
