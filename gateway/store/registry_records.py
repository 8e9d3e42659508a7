"""The registry as people enter and read it: the field names of contract section 4, ids instead of slots.

``…Fields`` is what somebody enters; the record adds what the store knows. Times are Unix ms, positions
WGS-84 degrees, radii metres.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

from alerts.checks import Reminder, Terms, WindowTerms
from devices.registry import ResidentStatus, ZoneHours


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """A place in degrees."""

    lat: float
    lon: float


class Circle(msgspec.Struct, frozen=True, kw_only=True):
    """A round zone; ``radius_m`` from 1 m to 1,000 km."""

    lat: float
    lon: float
    radius_m: float


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A community service centre; its id is chosen by whoever enters it. ``phone``: whom pages behind links name."""

    id: str
    name: str
    timezone: str = "Asia/Shanghai"
    demo: bool = False
    phone: str | None = None


class HouseholdFields(msgspec.Struct, frozen=True, kw_only=True):
    """People who share a home and perhaps a device."""

    site: str
    name: str
    address: dict[str, Any] = {}


class Household(HouseholdFields, frozen=True, kw_only=True):
    """A stored household."""

    id: str


class ResidentFields(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is looked after.

    ``address``: any of community, building, unit, floor, room. ``card``: what the desk must see:
    any of illnesses, medication, doctor, key_holder, notes.
    """

    site: str
    name: str
    home: Point | None = None
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    phone: str | None = None
    birth_year: int | None = None
    address: dict[str, Any] = {}
    card: dict[str, Any] = {}
    household: str | None = None
    external_id: str | None = None
    status: ResidentStatus = "active"
    until: int | None = None


class Resident(ResidentFields, frozen=True, kw_only=True):
    """A stored resident; ``left_at`` is when they moved away or died, ``erased_at`` when their data was removed.

    ``accompanied_until`` is not entered with the others: whoever goes with them says so, and for how long.
    """

    id: str
    accompanied_until: int | None = None
    left_at: int | None = None
    erased_at: int | None = None


class DeviceFields(msgspec.Struct, frozen=True, kw_only=True):
    """A band or machine and who has it now: a resident, a household, or nobody."""

    site: str
    type: str = "band"
    resident: str | None = None
    household: str | None = None
    phone: str | None = None


class Device(DeviceFields, frozen=True, kw_only=True):
    """A stored device. ``registered`` False: nobody entered it, but it cried for help."""

    id: str
    registered: bool
    revoked: bool


class AssignmentFields(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """Who has a device in ``[from_ms, to_ms)``: a resident or a household; ``to_ms`` None for until now."""

    device: str
    resident: str | None = None
    household: str | None = None
    from_ms: int
    to_ms: int | None = None


class Assignment(AssignmentFields, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """A stored assignment, with the site of whoever had the device."""

    id: str
    site: str


class ContactFields(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the family or neighbourhood; those with the lowest ``order`` are told first."""

    resident: str
    name: str
    phone: str
    relation: str = ""
    order: int = 1
    channels: list[Literal["sms", "call"]] = msgspec.field(default_factory=lambda: ["sms"])
    can_receive_sms: bool = True
    holds_key: bool = False
    language: str = "zh"


class Contact(ContactFields, frozen=True, kw_only=True):
    """A stored contact, with the resident's site."""

    id: str
    site: str


class FenceFields(msgspec.Struct, frozen=True, kw_only=True):
    """A zone in which a resident may walk alone: a circle, or a polygon of [lat, lon]; ``active`` None: at any time."""

    resident: str
    name: str
    circle: Circle | None = None
    polygon: list[tuple[float, float]] | None = None
    active: ZoneHours | None = None


class Fence(FenceFields, frozen=True, kw_only=True):
    """A stored zone, with the resident's site."""

    id: str
    site: str


ResponderKind = Literal["grid_worker", "neighbour", "volunteer", "staff"]


class ResponderFields(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be sent to a resident's door; ``building`` and ``unit`` say where they are at hand.

    ``account``: the user name of whoever signs in themselves.
    """

    site: str
    name: str
    phone: str
    kind: ResponderKind
    building: str | None = None
    unit: str | None = None
    account: str | None = None
    channels: list[Literal["sms", "call"]] = msgspec.field(default_factory=lambda: ["sms"])
    note: str | None = None
    active: bool = True


class Responder(ResponderFields, frozen=True, kw_only=True):
    """A stored responder."""

    id: str


Post = Literal["duty", "supervisor"]
"""As what somebody is on duty."""


class ShiftFields(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """Who is on duty at a site in ``[from_ms, to_ms)``: ``stand_in`` instead of ``account``, both user names."""

    site: str
    account: str
    role: Post = "duty"
    from_ms: int
    to_ms: int
    stand_in: str | None = None
    note: str | None = None

    @property
    def serves(self) -> str:
        """The user name of whoever is there."""
        return self.stand_in or self.account


class Shift(ShiftFields, frozen=True, kw_only=True, rename={"from_ms": "from", "to_ms": "to"}):
    """A stored shift."""

    id: str


ConsentPurpose = Literal["location", "health", "sharing"]
"""What may be known by others than the centre's staff: where they are, their illnesses, how to reach and enter."""


class ConsentFields(msgspec.Struct, frozen=True, kw_only=True, rename={"from_ms": "from", "until_ms": "until"}):
    """What a resident, or a guardian for a ``reason``, allowed (``granted``) or refused in ``[from_ms, until_ms)``."""

    resident: str
    purpose: ConsentPurpose
    granted: bool
    given_by: Literal["resident", "guardian"] = "resident"
    guardian: str | None = None
    reason: str | None = None
    from_ms: int
    until_ms: int | None = None


class Consent(ConsentFields, frozen=True, kw_only=True, rename={"from_ms": "from", "until_ms": "until"}):
    """A stored consent or refusal, with the resident's site; it is never rewritten, only withdrawn."""

    id: str
    site: str
    withdrawn_at: int | None = None


class PlanFields(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks a resident promises, by their local clock, from ``first_day`` to ``last_day``, both with it.

    ``grace_min``: how long after a window's end it may still be kept; None for the rule's parameter. ``remind_min``
    before that end their band reminds them in the ways of ``remind``; None for never.
    """

    resident: str
    name: str
    windows: tuple[WindowTerms, ...]
    grace_min: int | None = None
    remind_min: int | None = 15
    remind: tuple[Reminder, ...] = ("ring",)
    holidays: Literal["as_usual", "skip"] = "as_usual"
    first_day: dt.date | None = None
    last_day: dt.date | None = None
    active: bool = True

    @property
    def terms(self) -> Terms:
        """What it promises, whoever promises it."""
        return Terms(
            windows=self.windows,
            holidays=self.holidays,
            first_day=self.first_day,
            last_day=self.last_day,
            active=self.active,
        )


class Plan(PlanFields, frozen=True, kw_only=True):
    """A stored plan, with the resident's site."""

    id: str
    site: str


class HolidayFields(msgspec.Struct, frozen=True, kw_only=True):
    """Days on which plans that say so ask for nothing: ``date``, or from it to ``last_date``, both with it."""

    site: str
    name: str
    date: dt.date
    last_date: dt.date | None = None


class Holiday(HolidayFields, frozen=True, kw_only=True):
    """A stored holiday."""

    id: str


Record = (
    Site | Household | Resident | Device | Assignment | Contact | Fence | Responder | Consent | Shift | Plan | Holiday
)
