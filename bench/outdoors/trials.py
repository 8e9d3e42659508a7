"""Single outings of people of whom nothing is known yet: patterns of wandering, and ordinary ones beside them."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from alerts.engine import Engine, Rule, What
from bench.desk.month import START_MS
from bench.desk.people import SITE, change
from bench.outdoors.figures import OfKind, Wandered, of_kind
from bench.outdoors.measured import readings, registry
from bench.outdoors.run import STEP_MS, Told
from devices.clock import DAY_MS, HOUR_MS
from devices.registry import Parameter, RegistryChange, Site
from simulator.outdoors.assumptions import Outdoors
from simulator.outdoors.life import Going, OutdoorDay, OutdoorLife
from simulator.outdoors.patterns import PATTERNS
from simulator.outdoors.town import Town

RULE: Final = Rule.WANDERING_PATTERN.public_name
INTERVALS_S: Final = (15.0, 30.0, 60.0)
ORDINARY: Final[tuple[Going, ...]] = (
    "market", "shop", "park", "friend", "clinic", "club", "stroll", "garden", "bus", "with the family", "laps",
)  # fmt: skip
PLANNED: Final = len(PATTERNS) * len(INTERVALS_S) + len(ORDINARY)
"""So many kinds of outings are tried."""
_STARTS_S: Final = 9.0 * 3600


class Trials(msgspec.Struct, frozen=True, kw_only=True):
    """Single outings.

    Attributes:
        found: patterns by kind and by how often the band tells its position; what ``wandering.pattern`` found.
        all_found: of all of them, as ``found``.
        alarmed: ordinary outings of a kind with an alarm of that rule.
    """

    each: int
    seed: int
    all_found: OfKind
    found: dict[str, OfKind]
    alarmed: dict[str, OfKind]
    parameters: dict[str, float]


def tried(*, each: int, seed: int, a: Outdoors, parameters: dict[str, float], told: Told) -> Trials:
    """Let ``each`` people go out for each pattern at each interval, and for each ordinary thing."""
    town = Town(seed)
    plan: list[tuple[Going, float]] = [(kind, s) for kind in PATTERNS for s in INTERVALS_S]
    plan += [(kind, 0.0) for kind in ORDINARY]
    lives: list[OutdoorLife] = []
    days: list[OutdoorDay] = []
    for kind, interval_s in plan:
        for _ in range(each):
            life = OutdoorLife(town, a, seed=seed, number=len(lives), days=1)
            if interval_s:
                life.habits.band = life.habits.band._replace(position_s=interval_s)
            lives.append(life)
            days.append(life.only(kind, 0, _STARTS_S))
        told(len(lives) // each)
    noticed = _alarms(lives, days, parameters)
    outings = []
    for who, day in enumerate(days):
        span, kind = day.spans[0], plan[who // each][0]
        onset, over = (day.incidents[0].onset, day.incidents[0].over) if day.incidents else (span.start, span.stop)
        began, ended = START_MS + int(1000 * onset), START_MS + int(1000 * over) + STEP_MS
        told_of = {rule: t for rule, t in noticed[who].items() if began <= t <= ended}
        outings.append(Wandered(who, kind, 0, began, ended, told_of))
    groups = {
        f"{kind}, {interval_s:g} s" if interval_s else kind: outings[k * each : (k + 1) * each]
        for k, (kind, interval_s) in enumerate(plan)
    }
    sums = {name: of_kind(name, group, RULE) for name, group in groups.items()}
    return Trials(
        each=each,
        seed=seed,
        all_found=of_kind("all patterns", outings[: len(PATTERNS) * len(INTERVALS_S) * each], RULE),
        found={name: sums[name] for name in list(sums)[: len(PATTERNS) * len(INTERVALS_S)]},
        alarmed={name: sums[name] for name in list(sums)[len(PATTERNS) * len(INTERVALS_S) :]},
        parameters=parameters,
    )


def _alarms(lives: list[OutdoorLife], days: list[OutdoorDay], parameters: dict[str, float]) -> list[dict[str, int]]:
    """When each rule first opened, by resident."""
    engine = Engine()
    engine.warm()
    records = [("site", Site(id=SITE, name="")), *registry([life.habits for life in lives], zones=False)]
    records += [
        ("parameter", Parameter(id=f"everyone//{name}", scope="everyone", name=name, value=value))
        for name, value in {f"{RULE}.enabled": 1.0, **parameters}.items()
    ]
    changes: list[RegistryChange] = []
    for version, (entity, record) in enumerate(records, 1):
        changes.append(change(version, entity, record))
    engine.apply(changes)
    batch = readings([day.fixes for day in days], START_MS, 0)
    steps = np.arange(START_MS, START_MS + DAY_MS + 1, STEP_MS)
    edges = np.searchsorted(batch.header["received"], steps).tolist()
    noticed: list[dict[str, int]] = [{} for _ in lives]
    for i, now in enumerate(steps[1:].tolist()):
        if now < START_MS + int(_STARTS_S * 1000) - HOUR_MS and edges[i] == edges[i + 1]:
            continue
        for events in (engine.process(batch.window(edges[i], edges[i + 1]), now), engine.advance(now, START_MS)):
            for event in events[events["what"] == What.OPENED]:
                if event["resident"] >= 0:
                    noticed[int(event["resident"])].setdefault(Rule(int(event["rule"])).public_name, now)
        engine.commit()
    return noticed
