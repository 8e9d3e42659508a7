"""Plans over HTTP: which checks a resident promises, by their local clock."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal, Self

import msgspec
from fastapi import Request
from pydantic import AfterValidator, Field, StringConstraints, model_validator
from starlette.responses import Response

from alerts.checks import WEEKDAYS, Reminder, Weekday, overlapping
from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import Form, Name, Short
from dashboards.api.records.answers import create, load, replace, require_resident, require_same_resident
from dashboards.api.records.routes import readable, removable, router_of, with_history
from devices.refusals import Refusal, Unfit
from devices.registry import KeptBy
from gateway.store import registry as store
from gateway.store.registry_records import Plan, PlanFields

router = router_of()

WINDOWS_AT_MOST: Final = 48
"""Of one plan: every half hour of a day."""
_OPENING: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
_CLOSING: Final = r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$"


def _in_our_time(day: date) -> date:
    if not 2000 <= day.year < 2100:
        raise Unfit(Refusal("field.century", "a day of this century"))
    return day


Day = Annotated[date, AfterValidator(_in_our_time)]


class WindowForm(Form):
    """From a local time to a local time, HH:MM; a ``to`` at or before ``from`` is on the day after."""

    opens: Annotated[str, StringConstraints(pattern=_OPENING)] = Field(alias="from")
    closes: Annotated[str, StringConstraints(pattern=_CLOSING)] = Field(alias="to")
    days: Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=7)] = WEEKDAYS
    by: KeptBy = "button"

    @model_validator(mode="after")
    def _each_day_once(self) -> Self:
        self.days = tuple(day for day in WEEKDAYS if day in self.days)
        return self


class PlanForm(Form):
    """What a resident promises. ``by``: their button, any ``sign`` of life, or a ``call`` that staff make.

    ``grace_min`` null: the parameter ``missed_check.checkin.grace_min``; ``remind_min`` null: no reminder.
    """

    resident: Short
    name: Name
    windows: Annotated[list[WindowForm], Field(min_length=1, max_length=WINDOWS_AT_MOST)]
    grace_min: Annotated[int, Field(ge=0, le=720)] | None = None
    remind_min: Annotated[int, Field(ge=1, le=720)] | None = 15
    remind: Annotated[tuple[Reminder, ...], Field(max_length=2)] = ("ring",)
    holidays: Literal["as_usual", "skip"] = "as_usual"
    first_day: Day | None = None
    last_day: Day | None = None
    active: bool = True

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.first_day is not None and self.last_day is not None and self.last_day < self.first_day:
            raise Unfit(Refusal("plan.ends_first", "a plan ends after it begins", field="last_day"))
        both = overlapping(self.fields().windows)
        if both is not None:
            first, second = (place + 1 for place in both)
            raise Unfit(
                Refusal(
                    "plan.windows_overlap",
                    "the windows {first} and {second} overlap",
                    field=f"windows.{second - 1}",
                    first=first,
                    second=second,
                )
            )
        return self

    def fields(self) -> PlanFields:
        """What the store takes."""
        body = self.model_dump(by_alias=True) | {"remind": sorted(set(self.remind), reverse=True)}
        return msgspec.convert(body, PlanFields)


readable(router, Plan)
with_history(router, Plan)
removable(router, Plan, store.remove_plan, "Nothing more is asked for because of it, at once.")


@router.post("/plans", status_code=201)
async def add_plan(request: Request, deps: DepsOf, principal: Managing, body: PlanForm) -> Response:
    """Create a plan. The first window asked for is the next that opens. 409 when another plan asks at the same time."""
    await require_resident(deps, principal, body.resident)
    now = deps.clock.now_ms()
    return await create(
        request, deps, principal, lambda conn, actor: store.add_plan(conn, actor, body.fields(), now=now)
    )


@router.put("/plans/{key}")
async def replace_plan(deps: DepsOf, principal: Managing, key: str, body: PlanForm) -> Response:
    """Replace a plan's terms, from now on.

    A window that is under way goes on with its new end; what was kept is not asked for again; what is no longer
    promised is no longer asked for.
    """
    current = await load(deps, principal, Plan, key)
    require_same_resident(current.resident, body.resident)
    now = deps.clock.now_ms()
    return await replace(
        deps, principal, Plan, lambda conn, actor: store.replace_plan(conn, actor, key, body.fields(), now=now)
    )
