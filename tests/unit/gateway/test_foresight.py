"""What is foreseen of cries that wait is what comes once they are committed, whatever went before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import hypothesis.strategies as st
import msgspec
from hypothesis import example, given, settings

from alerts.alarm import Alarm, Episode, State
from alerts.desk import absorb
from alerts.engine import Engine
from devices.registry import Assignment, Device, Record, RegistryChange, Resident, Site
from gateway.assemble import assemble
from gateway.decode import decode
from gateway.directory import Directory
from gateway.episodes import to_episodes
from gateway.foresight import Decided, Pending, foresee
from gateway.picture import Picture
from gateway.session import Arrival
from tests.support.alarm_memory import MemoryStore
from tests.support.alarms import T0

STEP_MS = 20_000
STRANGER = 70
"""The slot of the one band that is not registered."""
REGISTRY: list[Record] = [
    Site(id="s1", name="Centre"),
    *(Resident(id=f"r{slot}", slot=slot, site="s1", name=f"R{slot}") for slot in range(2)),
    *(Device(id=f"b{slot}", slot=slot, site="s1") for slot in range(4)),
    *(Assignment(id=f"a{slot}", device_slot=slot, resident_slot=slot % 2, from_ms=0) for slot in range(3)),
]
"""Residents r0 (with two bands) and r1; b3 is nobody's, and b9 is not registered."""
ENTITIES = {Site: "site", Resident: "resident", Device: "device", Assignment: "assignment"}


class Cry(msgspec.Struct, frozen=True):
    device: str
    kind: str
    after: int
    cancel: bool


class Deed(msgspec.Struct, frozen=True):
    """Staff put the nth alarm into a state before the database goes."""

    nth: int
    state: State


cries = st.lists(
    st.builds(
        Cry,
        st.sampled_from(["b0", "b1", "b2", "b3", "b9"]),
        st.sampled_from(["sos", "sos", "fall"]),
        st.sampled_from([0, 0, 1, 5]),
        st.sampled_from([False, False, True]),
    ),
    max_size=8,
)
deeds = st.lists(
    st.builds(Deed, st.integers(0, 5), st.sampled_from(["acknowledged", "on_scene", "resolved", "closed"])), max_size=4
)


class House:
    """Engine, registry and desk, without anything between them."""

    def __init__(self) -> None:
        changes = [
            RegistryChange(version=n, entity=ENTITIES[type(record)], key=record.id, record=record)  # type: ignore[arg-type]
            for n, record in enumerate(REGISTRY, 1)
        ]
        self.engine, self.directory, self.picture = Engine(), Directory(), Picture()
        self.engine.apply(changes)
        self.directory.apply(changes)
        self.store = MemoryStore()
        self.now = T0
        self._seq = 0

    def arrive(self, said: Sequence[Cry]) -> list[Arrival]:
        arrivals = []
        for cry in said:
            self.now += cry.after * STEP_MS
            self._seq += 1
            payload = msgspec.json.encode({"t": self.now - 500, "seq": self._seq, "cancel": cry.cancel})
            arrivals.append(Arrival(f"anxin/v1/s1/{cry.device}/{cry.kind}", payload, None, 1, False, self.now))
        return arrivals

    def decide(self, arrivals: Sequence[Arrival]) -> Decided:
        readings = decode(arrivals, self.directory).readings
        self._enter(sorted(readings.strangers))
        readings = readings.introduced({device: STRANGER for device, _ in readings.strangers})
        batch, _ = assemble(readings, 1)
        return Decided(self.engine.process(batch, self.now), readings, self.now)

    def _enter(self, strangers: Sequence[tuple[str, str]]) -> None:
        """What the pipeline does before it judges: whoever cried is somebody with a slot from then on."""
        changes = [
            RegistryChange(
                version=1 + len(REGISTRY),
                entity="device",
                key=device,
                record=Device(id=device, slot=STRANGER, site=site, registered=False),
            )
            for device, site in strangers
        ]
        self.directory.apply(changes)
        self.engine.apply(changes)

    def episodes_of(self, decided: Decided) -> list[Episode]:
        return to_episodes(decided.events, decided.readings, self.directory, decided.now_ms, self.engine.sites)

    async def commit(self, decided: Decided) -> list[Alarm]:
        """What the desk makes of it: every alarm that is new or changed."""
        self.engine.commit()
        async with self.store.transaction() as tx:
            changed = list((await absorb(tx, self.episodes_of(decided), decided.now_ms)).changed)
        for alarm in changed:
            self.picture.take(msgspec.json.encode(alarm))
        return changed

    async def put(self, key: UUID, state: State) -> None:
        async with self.store.transaction() as tx:
            alarm = await tx.lock(key)
            assert alarm is not None
            if alarm.is_active:
                alarm = msgspec.structs.replace(alarm, state=state, version=alarm.version + 1)
                await tx.save(alarm)
                self.picture.take(msgspec.json.encode(alarm))


@settings(deadline=None, max_examples=200)
@given(cries, deeds, cries, cries)
@example(
    before=[Cry("b9", "sos", 0, False)],
    done=[],
    deciding=[Cry("b2", "sos", 5, False)],
    waiting=[Cry("b9", "fall", 1, False), Cry("b9", "sos", 5, True)],
)
@example(before=[], done=[], deciding=[Cry("b9", "sos", 0, False)], waiting=[Cry("b9", "sos", 0, True)])
@example(
    before=[
        Cry("b0", "sos", 0, False),
        Cry("b2", "sos", 0, False),
        Cry("b0", "sos", 0, True),
        Cry("b0", "sos", 0, False),
    ],
    done=[],
    deciding=[],
    waiting=[Cry("b0", "sos", 0, True), Cry("b0", "fall", 5, False)],
)
@example(
    before=[],
    done=[],
    deciding=[],
    waiting=[Cry("b2", "fall", 0, False), Cry("b2", "fall", 0, True), Cry("b0", "fall", 1, False)],
)
def test_what_is_foreseen_is_what_comes(
    before: list[Cry], done: list[Deed], deciding: list[Cry], waiting: list[Cry]
) -> None:
    async def play() -> None:
        house = House()
        standing = await house.commit(house.decide(house.arrive(before)))
        for deed in done:
            if deed.nth < len(standing):
                await house.put(standing[deed.nth].id, deed.state)
        decided = house.decide(house.arrive(deciding))
        undecided = house.arrive(waiting)
        foreseen = foresee(
            Pending(decided, undecided), engine=house.engine, directory=house.directory, picture=house.picture
        )
        changed = {alarm.id: alarm for alarm in await house.commit(decided)}
        changed |= {alarm.id: alarm for alarm in await house.commit(house.decide(undecided))}
        told = (
            "id",
            "case",
            "rule",
            "state",
            "severity",
            "resident",
            "event_time",
            "last_event_time",
            "count",
            "previous",
        )
        assert [[getattr(alarm, name) for name in told] for alarm, _ in sorted(foreseen, key=lambda f: f.alarm.id)] == [
            [getattr(alarm, name) for name in told] for _, alarm in sorted(changed.items())
        ]

    asyncio.run(play())
