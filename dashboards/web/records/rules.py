"""The rules: when each raises an alarm, for all centres, for one, for one resident; and who changed what."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.catalogue import PARAMETERS
from dashboards.api.access import DepsOf, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.parameters import site_of, title_of
from dashboards.web.records.found import administers, card_of, manages, sites_of
from dashboards.web.records.history import Change, Version
from dashboards.web.records.rule_fields import Field, Place, fields_of, panels_of, said
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording
from devices.clock import DEFAULT_TIMEZONE
from devices.refusals import no_such
from gateway.store.accounts import accounts
from gateway.store.connection import Connection
from gateway.store.registry import find, residents_with_own, setting_changes, settings_for
from gateway.store.registry_records import Resident, Site

router = APIRouter(include_in_schema=False)

OWN: Final = (
    "vitals.heart_rate.low_bpm",
    "vitals.heart_rate.high_bpm",
    "vitals.blood_pressure.systolic_low_mmhg",
    "vitals.blood_pressure.systolic_high_mmhg",
    "vitals.blood_pressure.diastolic_high_mmhg",
    "vitals.spo2.low_pct",
    "vitals.temperature.low_c",
    "vitals.temperature.high_c",
    "wandering.zone_exit.dwell_s",
    "missed_check.silent.night_from_h",
    "missed_check.silent.night_to_h",
    "device.not_worn.after_s",
)
"""What a person's page offers: what differs from one person to the next. All the others are one click away."""

CHANGES_SHOWN: Final = 40


@router.get("/rules")
async def rules(request: Request, deps: DepsOf, principal: SignedIn, site: str = "", resident: str = "") -> Response:
    """All rules with their parameters in one layer; an account of few sites begins at the first of them."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        if not site and not resident and principal.sites and sites:
            site = sites[0].id
        place = await _place(conn, principal, site, resident)
        person = None if place.scope != "resident" else await find(conn, Resident, place.key)
        fields = fields_of(
            wording, principal, place, await settings_for(conn, site=place.site, resident=place.resident)
        )
        own = await residents_with_own(conn, sites=[place.site] if place.site else principal.sites)
    return page(
        request,
        "rules.html",
        principal=principal,
        place=place,
        person=person,
        sites=sites,
        all_sites=not principal.sites,
        panels=panels_of(wording, fields, own),
        may_change=any(field.may_set for field in fields.values()),
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/people/{resident}/limits")
async def own_limits(request: Request, deps: DepsOf, principal: SignedIn, resident: str) -> Response:
    """A person's own limits; asked for by the person's page when it is there."""
    card = await card_of(deps, principal, resident)
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        place = await _place(conn, principal, "", resident)
        fields = fields_of(wording, principal, place, await settings_for(conn, site=place.site, resident=resident))
    offered: list[Field] = [fields[name] for name in OWN if name in fields]
    return page(
        request,
        "person_limits.html",
        principal=principal,
        card=card,
        place=place,
        fields=offered,
        own=[field for field in fields.values() if field.own],
        may_change=any(field.may_set for field in offered),
    )


@router.get("/rules/changes")
async def rule_changes(
    request: Request, deps: DepsOf, principal: SignedIn, site: str = "", resident: str = ""
) -> Response:
    """The newest changes of the layers that concern somebody."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        place = await _place(conn, principal, site, resident)
        changes = await setting_changes(conn, PARAMETERS, site=place.site, resident=place.resident)
        centre = None if place.site is None else await find(conn, Site, place.site)
        staff = {each.username: each.display_name or each.username for each in await accounts(conn)}
    versions = []
    before: dict[tuple[str, str], float | None] = {}
    for each in changes:
        was = before.get((each.scope, each.name))
        before[each.scope, each.name] = each.value
        change = Change(
            " · ".join(
                (
                    _rule_title(wording, each.name),
                    title_of(wording, each.name),
                    wording.t(f"rules.layer.{each.scope}"),
                )
            ),
            "" if was is None else said(wording, each.name, was),
            "" if each.value is None else said(wording, each.name, each.value),
        )
        versions.append(Version(each.at, each.by, "removed" if each.value is None else "changed", [change]))
    return page(
        request,
        "history_list.html",
        principal=principal,
        versions=versions[: -CHANGES_SHOWN - 1 : -1],
        names=staff,
        timezone=DEFAULT_TIMEZONE if centre is None else centre.timezone,
    )


def _rule_title(wording: Wording, name: str) -> str:
    rule = PARAMETERS[name].rule
    return wording.known(f"rule.{rule}", rule)


async def _place(conn: Connection, principal: Principal, site: str, resident: str) -> Place:
    if resident:
        return Place("resident", resident, await site_of(conn, principal, "resident", resident), resident)
    if not site:
        return Place("everyone", "", None, None)
    await site_of(conn, principal, "site", site)
    if await find(conn, Site, site) is None:
        raise Problem(404, no_such("site"))
    return Place("site", site, site, None)
