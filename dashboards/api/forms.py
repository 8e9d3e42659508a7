"""What may be entered into the registry: the fields of contract section 4, checked, with words for whoever typed.

The models serve JSON and forms alike; ``fields()`` turns one into what the store takes.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self
from zoneinfo import available_timezones

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from devices.phones import normalise_phone
from devices.polygons import polygon_fault
from devices.refusals import Refusal, Unfit
from devices.registry import ResidentStatus, ZoneHours
from gateway.store import registry_records as records
from gateway.store.registry.assignments import ONE_WEARER

_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]*$"
_LINES: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise Unfit(Refusal("field.timezone", "not a time zone of the IANA database, for example Asia/Shanghai"))
    return name


def _polygon(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if fault := polygon_fault(corners):
        why = Refusal.told(f"polygon.{fault.code}", str(fault), **fault.params)
        raise Unfit(why, corners=list(fault.corners))
    return corners


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=_LINES)]
Phone = Annotated[str, StringConstraints(max_length=40), AfterValidator(normalise_phone)]
Timezone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_timezone)]
Language = Literal["zh", "en"]
Time = Annotated[int, Field(ge=0, le=32_503_680_000_000, description="Unix ms")]
ClockTime = Annotated[
    str, StringConstraints(pattern=r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"), Field(description="local, HH:MM")
]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class Form(BaseModel):
    """Fields that it does not know are ignored, so that an answer can be sent back with one field changed."""

    model_config = ConfigDict(extra="ignore")


class PointForm(Form):
    """A place in WGS-84 degrees."""

    lat: Latitude
    lon: Longitude


class CircleForm(PointForm):
    """A round zone; metres."""

    radius_m: Annotated[float, Field(ge=1, le=1_000_000, allow_inf_nan=False)]


class AddressForm(Form):
    """Where somebody lives."""

    community: Short | None = None
    building: Short | None = None
    unit: Short | None = None
    floor: Short | None = None
    room: Short | None = None


class CardForm(Form):
    """What the duty desk must see in an emergency."""

    illnesses: Text | None = None
    medication: Text | None = None
    doctor: Text | None = None
    key_holder: Text | None = None
    notes: Text | None = None


class SiteForm(Form):
    """A community service centre."""

    id: Id
    name: Name
    timezone: Timezone = "Asia/Shanghai"
    phone: Phone | None = None

    def fields(self) -> records.Site:
        """What the store takes."""
        return records.Site(id=self.id, name=self.name, timezone=self.timezone, phone=self.phone)


class HouseholdForm(Form):
    """People who share a home and perhaps a device."""

    site: Id
    name: Name
    address: AddressForm = AddressForm()

    def fields(self) -> records.HouseholdFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump() | {"address": _known(self.address)}, records.HouseholdFields)


class ResidentForm(Form):
    """Somebody who is looked after; ``until`` (ms) ends a status other than active."""

    site: Id
    name: Name
    home: PointForm | None = None
    timezone: Timezone = "Asia/Shanghai"
    language: Language = "zh"
    phone: Phone | None = None
    birth_year: Annotated[int, Field(ge=1880, le=2100)] | None = None
    address: AddressForm = AddressForm()
    card: CardForm = CardForm()
    household: Short | None = None
    external_id: Short | None = None
    status: ResidentStatus = "active"
    until: Time | None = None

    def fields(self) -> records.ResidentFields:
        """What the store takes."""
        nested = {"address": _known(self.address), "card": _known(self.card)}
        return msgspec.convert(self.model_dump() | nested, records.ResidentFields)


class DeviceForm(Form):
    """A band or machine and who has it: a resident, a household, or nobody."""

    site: Id
    type: Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_PRINTABLE)] = "band"
    resident: Short | None = None
    household: Short | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _one_wearer(self) -> Self:
        if self.resident is not None and self.household is not None:
            raise Unfit(
                Refusal(
                    "device.two_wearers",
                    "a device belongs to a resident or to a household, not to both",
                    field="household",
                )
            )
        return self

    def fields(self) -> records.DeviceFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump(), records.DeviceFields)


class NewDeviceForm(DeviceForm):
    """A device with the id under which it will publish."""

    device: Id


class AssignmentForm(Form):
    """Who has a device from a time to a time (ms).

    ``from`` absent: from now on, or as it was; ``to`` None: until now.
    """

    device: Id
    resident: Short | None = None
    household: Short | None = None
    from_ms: Time | None = Field(default=None, alias="from")
    to_ms: Time | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _one_wearer(self) -> Self:
        if (self.resident is None) == (self.household is None):
            raise Unfit(ONE_WEARER)
        return self

    def fields(self, now_ms: int, began_ms: int) -> records.AssignmentFields:
        """What the store takes; ``began_ms`` when ``from`` is absent. Raises ``Unfit`` for a wrong time."""
        start = began_ms if self.from_ms is None else self.from_ms
        if start > now_ms or (self.to_ms or 0) > now_ms:
            raise Unfit(
                Refusal(
                    "assignment.future",
                    "an assignment neither begins nor ends in the future: enter it when it happens",
                    field="from" if start > now_ms else "to",
                )
            )
        if self.to_ms is not None and self.to_ms <= start:
            raise Unfit(Refusal("assignment.ends_first", "an assignment ends after it begins", field="to"))
        return records.AssignmentFields(
            device=self.device, resident=self.resident, household=self.household, from_ms=start, to_ms=self.to_ms
        )


class ContactForm(Form):
    """Somebody of the family or neighbourhood; those with the lowest ``order`` are told first."""

    resident: Short
    name: Name
    phone: Phone
    relation: Short = ""
    order: Annotated[int, Field(ge=1, le=100)] = 1
    channels: Annotated[list[Literal["sms", "call"]], Field(max_length=2)] = ["sms"]
    can_receive_sms: bool = True
    holds_key: bool = False
    language: Language = "zh"

    def fields(self) -> records.ContactFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump(), records.ContactFields)


class ConsentForm(Form):
    """What a resident, or a guardian for a reason, allowed or refused; ``from`` absent: from now on (ms)."""

    resident: Short
    purpose: records.ConsentPurpose
    granted: bool
    given_by: Literal["resident", "guardian"] = "resident"
    guardian: Name | None = None
    reason: Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    from_ms: Time | None = Field(default=None, alias="from")
    until_ms: Time | None = Field(default=None, alias="until")

    @model_validator(mode="after")
    def _guardians_say_why(self) -> Self:
        if self.given_by == "guardian" and (self.guardian is None or self.reason is None):
            raise Unfit(
                Refusal(
                    "consent.guardian",
                    "who is the guardian, and why do they decide?",
                    field="guardian" if self.guardian is None else "reason",
                )
            )
        return self

    def fields(self, now_ms: int) -> records.ConsentFields:
        """What the store takes. Raises ``Unfit`` when it would end before it begins."""
        start = now_ms if self.from_ms is None else self.from_ms
        if self.until_ms is not None and self.until_ms <= start:
            raise Unfit(Refusal("consent.ends_first", "a consent ends after it begins"))
        return records.ConsentFields(
            resident=self.resident,
            purpose=self.purpose,
            granted=self.granted,
            given_by=self.given_by,
            guardian=self.guardian if self.given_by == "guardian" else None,
            reason=self.reason,
            from_ms=start,
            until_ms=self.until_ms,
        )


class WithdrawalForm(Form):
    """A consent that was given is never rewritten: it ends, and another one is entered."""

    withdrawn: Literal[True]


class ResponderForm(Form):
    """Somebody who can be sent; ``building`` and ``unit`` say where they are at hand."""

    site: Id
    name: Name
    phone: Phone
    kind: records.ResponderKind
    building: Short | None = None
    unit: Short | None = None
    account: Short | None = None
    channels: Annotated[list[Literal["sms", "call"]], Field(max_length=2)] = ["sms"]
    note: Text | None = None
    active: bool = True

    def fields(self) -> records.ResponderFields:
        """What the store takes."""
        return msgspec.convert(self.model_dump(), records.ResponderFields)


class ZoneHoursForm(Form):
    """When a zone counts, by the resident's own clock; ``days``: 0 is Monday, those on which it begins to count."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)] = [*range(7)]
    opens: ClockTime = Field(default="00:00", alias="from")
    closes: ClockTime = Field(default="24:00", alias="to")

    def fields(self) -> ZoneHours:
        """What the store takes."""
        return ZoneHours(days=tuple(sorted(set(self.days))), opens=self.opens, closes=self.closes)


class FenceForm(Form):
    """A zone in which a resident may walk alone: a circle, or a polygon of [lat, lon]; ``active`` absent: always."""

    resident: Short
    name: Name
    circle: CircleForm | None = None
    polygon: Annotated[list[tuple[Latitude, Longitude]], AfterValidator(_polygon)] | None = None
    active: ZoneHoursForm | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if (self.circle is None) == (self.polygon is None):
            raise Unfit(Refusal("fence.one_shape", "a zone has either a circle or a polygon"))
        return self

    def fields(self) -> records.FenceFields:
        """What the store takes."""
        shape = msgspec.convert(self.model_dump(exclude={"active"}), records.FenceFields)
        return msgspec.structs.replace(shape, active=None if self.active is None else self.active.fields())


def _known(form: BaseModel) -> dict[str, object]:
    return form.model_dump(exclude_none=True)
