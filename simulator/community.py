"""An invented community: who lives where, who is told first, which band is on whose wrist.

Everything is plain data that turns into JSON, derived from a seed: the same seed, site and size give the
same people, and a larger community only adds to a smaller one.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from simulator import names
from simulator.die import Die
from simulator.geometry import moved, polar

Language = Literal["zh", "en"]

SQUARE_LAT = 31.23040
SQUARE_LON = 121.47370
"""People's Square, Shanghai (WGS-84), a public place; homes are scattered around it."""
FENCE_RADIUS_M = 300.0
"""How far a resident may walk alone. Source: assumption, about five minutes on foot."""
COMMUNITY_NAME = {"zh": "安心示范社区（虚构）", "en": "Anxin model community (fictitious)"}
MACHINES = ("rower", "elliptical", "walker", "twister")


class SimulatedContact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the family, in the order in which they are told."""

    name: str
    phone: str
    relation: str
    order: int
    language: Language
    holds_key: bool


class SimulatedFence(msgspec.Struct, frozen=True, kw_only=True):
    """A zone around the home: a circle, or a polygon of (lat, lon)."""

    name: str
    circle: dict[str, float] | None = None
    polygon: tuple[tuple[float, float], ...] | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """An invented resident with the band they wear."""

    index: int
    external_id: str
    name: str
    language: Language
    birth_year: int
    phone: str
    home: dict[str, float]
    timezone: str
    address: dict[str, str]
    illnesses: tuple[str, ...]
    fence: SimulatedFence
    contacts: tuple[SimulatedContact, ...]
    device: str


class Community(msgspec.Struct, frozen=True, kw_only=True):
    """A site with its residents and the fitness machines of its activity corner."""

    site: str
    name: str
    timezone: str
    seed: int
    residents: tuple[Person, ...]
    machines: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The community as dicts, lists, texts and numbers."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def band_id(index: int, prefix: str = "band") -> str:
    """The device id of the band of resident ``index``: ``band-0001`` for the first."""
    return f"{prefix}-{index + 1:04d}"


def invent(
    *, site: str = "demo", residents: int = 200, seed: int = 1, prefix: str = "band", language: Language = "zh"
) -> Community:
    """Invent a community.

    Args:
        site: The site's id.
        residents: How many people live there.
        seed: Chooses names, homes and routines.
        prefix: How device ids begin; another prefix keeps two communities of one system apart.
        language: What names, places and illnesses are written in; homes and lives are the same in each.
    """
    die = Die(seed, "community")
    return Community(
        site=site,
        name=COMMUNITY_NAME[language],
        timezone="Asia/Shanghai",
        seed=seed,
        residents=tuple(_person(die, index, prefix, language) for index in range(residents)),
        machines=tuple(f"{prefix}-machine-{machine}" for machine in MACHINES),
    )


def _person(die: Die, index: int, prefix: str, language: Language) -> Person:
    woman = index == 0 or die.uniform(0, 1, index, "woman") < 0.58
    surname, name = names.resident_name(die, index, woman=woman, language=language)
    north_m = die.uniform(-600, 600, index, "north")
    east_m = die.uniform(-600, 600, index, "east")
    lat, lon = moved(SQUARE_LAT, SQUARE_LON, north_m, east_m)
    count = 1 + (die.uniform(0, 1, index, "illnesses") < 0.4)
    first = die.integer(0, 8, index, "illness")
    floor = die.integer(1, 7, index, "floor")
    return Person(
        index=index,
        external_id=f"S{index + 1:04d}",
        name=name,
        language=language,
        birth_year=die.integer(1932, 1956, index, "birth"),
        phone=names.resident_phone(index),
        home={"lat": lat, "lon": lon},
        timezone="Asia/Shanghai",
        address={
            "community": COMMUNITY_NAME[language],
            "building": str(1 + index // 24),
            "unit": str(1 + index // 12 % 2),
            "floor": str(floor),
            "room": f"{floor}0{1 + index % 4}",
        },
        illnesses=tuple(names.ILLNESSES[language][(first + i * 3) % 8] for i in range(count)),
        fence=_fence(index, lat, lon, language),
        contacts=_contacts(die, index, surname, language),
        device=band_id(index, prefix),
    )


def _fence(index: int, lat: float, lon: float, language: Language) -> SimulatedFence:
    name = "小区附近" if language == "zh" else "Neighbourhood"
    if index % 8 == 7:
        corners = tuple(polar(lat, lon, FENCE_RADIUS_M * 1.1, math.radians(45 * corner)) for corner in range(8))
        return SimulatedFence(name=name, polygon=corners)
    return SimulatedFence(name=name, circle={"lat": lat, "lon": lon, "radius_m": FENCE_RADIUS_M})


def _contacts(die: Die, index: int, surname: str, language: Language) -> tuple[SimulatedContact, ...]:
    daughter = SimulatedContact(
        name=names.contact_name(die, index, 1, surname=surname, woman=True, language=language),
        phone=names.contact_phone(index, 1),
        relation="daughter",
        order=1,
        language=language,
        holds_key=True,
    )
    if die.uniform(0, 1, index, "contacts") < 0.45:
        return (daughter,)
    relation = die.pick(names.SECOND_RELATIONS, index, "relation")
    second = SimulatedContact(
        name=names.contact_name(die, index, 2, surname=surname, woman=relation == "niece", language=language),
        phone=names.contact_phone(index, 2),
        relation=relation,
        order=2,
        language=language,
        holds_key=relation == "neighbour",
    )
    return daughter, second
