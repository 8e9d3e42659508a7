"""The run: everybody's walks through the engine, as it runs in a gateway, and what it said when."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from alerts.engine import EVIDENCE_FIELDS, Engine, Rule, What
from anxin.evaluating.wandering.recordings import Home, Person, Walk
from anxin.evaluating.wandering.walks import Followed, Known, Said, stands
from anxin.evaluating.years import shift_ms
from devices.batch import HEADER, POSITION, ReadingBatch, empty_batch
from devices.clock import HOUR_MS, MINUTE_MS
from devices.kinds import Kind
from devices.registry import Assignment, Device, Entity, Fence, Parameter, Record, RegistryChange, Resident

RULES: Final = (
    Rule.WANDERING_ZONE_EXIT, Rule.WANDERING_NIGHT_EXIT, Rule.WANDERING_PATTERN, Rule.WANDERING_LOST,
)  # fmt: skip
STEP_MS: Final = 5000
"""Fixes of so long are heard together; a gateway hears them at once: a delay is up to so much too long here."""
AFTER_MS: Final = HOUR_MS
"""So long after a walk's last fix the engine is asked each minute, and each hour from then on."""

_SLOT: Final = 0
Told = Callable[[int, int], None]


def followed(
    people: Sequence[Person], *, parameters: Mapping[str, float] | None = None, rules: Sequence[Rule] = RULES,
    independent: bool = False, told_of: Told = lambda _done, _total: None,
) -> list[Followed]:  # fmt: skip
    """Let the engine follow everybody; returns every walk with what was said in it, in order of people and time.

    Args:
        people: each is followed by an engine of their own.
        parameters: other values of the rules' parameters, for everyone.
        rules: those of ``RULES`` that are in force.
        independent: each walk is somebody's first, of whom nothing is known.
        told_of: hears how much of how much is done.
    """
    Engine.warm()
    total = sum(len(walk.fixes.t) for person in people for walk in person.walks)
    found: list[Followed] = []
    done = 0
    for person in people:
        lives = [(walk,) for walk in person.walks] if independent else [person.walks]
        for life in lives:
            for one in _life(life, person.timezone, parameters or {}, rules):
                found.append(one)
                done += len(one.walk.fixes.t)
                told_of(done, total)
    return found


def _life(
    walks: Sequence[Walk], timezone: str, parameters: Mapping[str, float], rules: Sequence[Rule]
) -> Iterator[Followed]:  # fmt: skip
    """One life: what is said from a walk's first fix until the next one's belongs to it."""
    engine = Engine()
    for rule in RULES:
        if rule not in rules:
            engine.disable(rule)
    shift = shift_ms(int(walks[0].fixes.t[0]))
    since = int(walks[0].fixes.t[0]) + shift
    standing: frozenset[Rule] = frozenset()
    version = 0
    home: Home | None = None
    ends = [int(walk.fixes.t[0]) for walk in walks[1:]] + [int(walks[-1].fixes.t[-1]) + AFTER_MS + 1]
    for walk, end in zip(walks, ends, strict=True):
        if walk.home != home:
            changes = _registry(walk.home, timezone, {} if home else parameters, version)
            engine.apply(changes)
            home, version = walk.home, version + len(changes)
        known = Known(engine.known_enough(_SLOT), tuple(engine.places_of(_SLOT)), *engine.ways_of(_SLOT))
        said = _heard(engine, walk, end, since, shift)
        before, standing = standing, stands(standing, said)
        yield Followed(walk, known, said, before, standing)


def _heard(engine: Engine, walk: Walk, end: int, since: int, shift: int) -> tuple[Said, ...]:
    batch = _batch(walk, shift)
    t = batch.header["t"]
    first, last = int(t[0]), int(t[-1])
    heard = np.minimum(first + -(-(t - first) // STEP_MS) * STEP_MS, last)
    between = np.arange(first, last, MINUTE_MS)
    after = np.arange(last + MINUTE_MS, min(last + AFTER_MS + 1, end + shift), MINUTE_MS)
    idle = np.arange(last + AFTER_MS + HOUR_MS, end + shift, HOUR_MS)
    moments = np.unique(np.concatenate([heard, between, after, idle]))
    edges = np.searchsorted(heard, moments, "right")
    found: list[Said] = []
    for (read, edge), now in zip(pairwise([0, *edges.tolist()]), moments.tolist(), strict=True):
        events = [engine.process(batch.window(read, edge), now)] if edge > read else []
        events.append(engine.advance(now, since))
        engine.commit()
        found += [_said(row, now, shift) for rows in events for row in rows if row["rule"] in RULES]
    return tuple(found)


def _batch(walk: Walk, shift: int) -> ReadingBatch:
    fixes = walk.fixes
    count = len(fixes.t)
    header = np.zeros(count, HEADER)
    header["t"] = header["received"] = fixes.t + shift
    header["pos"] = header["row"] = np.arange(count)
    header["seq"], header["kind"], header["trusted"] = -1, Kind.POSITION, 1
    position = np.zeros(count, POSITION)
    for name in ("lat", "lon", "accuracy_m", "source"):
        position[name] = getattr(fixes, name)
    for name in ("speed_mps", "heading_deg", "altitude_m"):
        position[name] = np.nan
    return empty_batch()._replace(header=header, position=position)


def _said(row: Any, now: int, shift: int) -> Said:
    rule = Rule(int(row["rule"]))
    values = dict(zip(EVIDENCE_FIELDS[rule], row["values"].tolist(), strict=False))
    return Said(rule, What(int(row["what"])), now - shift, int(row["severity"]), values)


def _registry(home: Home, timezone: str, parameters: Mapping[str, float], version: int) -> list[RegistryChange]:
    """Somebody with a band, at a home."""
    records: list[tuple[Entity, Record]] = [
        ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
        for name, value in parameters.items()
    ]
    resident = Resident(id="r", slot=_SLOT, site="s", name="", timezone=timezone, home_lat=home.lat, home_lon=home.lon)
    records.append(("resident", resident))
    if not version:
        records += [
            ("device", Device(id="d", slot=0, site="s")),
            ("assignment", Assignment(id="a", device_slot=0, resident_slot=_SLOT, from_ms=0)),
        ]
    changes = [
        RegistryChange(version=version + 1 + number, entity=entity, key=record.id, record=record)
        for number, (entity, record) in enumerate(records)
    ]
    fence = None
    if home.zone_radius_m is not None:
        fence = Fence(
            id="f", resident_slot=_SLOT, name="", circle_lat=home.lat, circle_lon=home.lon, radius_m=home.zone_radius_m
        )
    if fence or version:
        changes.append(RegistryChange(version=version + len(changes) + 1, entity="fence", key="f", record=fence))
    return changes
