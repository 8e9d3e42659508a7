"""Who is told when: the policies that somebody wrote and the built-in ones; what an alarm would bring about."""

from __future__ import annotations

from typing import Final, get_args

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from alerts.alarm import SEVERITIES, SeverityName
from alerts.policies import BUILT_IN, MINUTES_A_DAY, NOBODY, How, Policy, Who
from alerts.preview import preview
from dashboards.api.access import Administering, DepsOf, Principal, SignedIn
from dashboards.api.problems import Problem
from dashboards.api.records.policies import find_policy
from dashboards.web.records.found import administers, manages, sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.wording import Wording, catalogue
from devices.refusals import no_such
from gateway.store.policies import all_policies
from gateway.store.registry_records import Site

router = APIRouter(include_in_schema=False)

KINDS: Final = ("sos", "fall", "wandering", "missed_check", "vitals", "device", "system")
RULES: Final = tuple(
    sorted(
        (key.removeprefix("rule.") for key in catalogue()["zh"] if key.startswith("rule.")),
        key=lambda rule: (KINDS.index(rule.partition(".")[0]), rule),
    )
)
"""All rules that have a name."""


@router.get("/policies")
async def policies(
    request: Request,
    deps: DepsOf,
    principal: SignedIn,
    site: str = "",
    rule: str = "sos.button",
    severity: SeverityName = "critical",
) -> Response:
    """All policies, and the timetable of an alarm that would open now."""
    async with deps.pool.connection() as conn:
        found = await all_policies(conn, sites=principal.sites)
        sites = await sites_of(conn, principal)
    centre = _centre(sites, site)
    shown = None
    if centre is not None:
        async with deps.alarm_store.transaction() as tx:
            shown = await preview(tx, site=centre.id, rule=rule, severity=severity, at=deps.clock.now_ms())
    return page(
        request,
        "policies.html",
        principal=principal,
        policies=found,
        built_in=(*BUILT_IN, NOBODY),
        preview=shown,
        sites=sites,
        site_names={each.id: each.name for each in sites},
        centre=centre,
        rules=RULES,
        rule=rule,
        severity=severity,
        severities=SEVERITIES[::-1],
        clock=clock_of,
        may_write=administers(principal),
        may_manage=manages(principal),
        may_administer=administers(principal),
    )


@router.get("/policies/new")
async def new_policy(request: Request, deps: DepsOf, principal: Administering, like: str = "built_in/fall") -> Response:
    """An empty policy with the steps of another one, to begin with."""
    wording = Wording(language_of(request, principal))
    async with deps.pool.connection() as conn:
        found = await find_policy(conn, principal, like)
        sites = await sites_of(conn, principal)
    fresh = msgspec.structs.replace(
        found, id="", name=wording.known(f"policy.name.{found.name}", found.name), site=None, active=True
    )
    return _form(request, principal=principal, policy=fresh, sites=sites)


@router.get("/policies/{policy}")
async def edit_policy(request: Request, deps: DepsOf, principal: Administering, policy: str) -> Response:
    """A policy that somebody wrote, to be changed or removed."""
    async with deps.pool.connection() as conn:
        found = await find_policy(conn, principal, policy)
        sites = await sites_of(conn, principal)
    return _form(request, principal=principal, policy=found, sites=sites)


def clock_of(minute: int | None) -> str:
    """A minute of the day as ``22:00``; empty for None."""
    return "" if minute is None else f"{minute // 60 % (MINUTES_A_DAY // 60):02d}:{minute % 60:02d}"


def _form(request: Request, *, principal: Principal, policy: Policy, sites: list[Site]) -> Response:
    return page(
        request,
        "policy_form.html",
        principal=principal,
        policy=policy,
        sites=sites,
        all_sites=not principal.sites,
        kinds=KINDS,
        rules=RULES,
        severities=SEVERITIES[::-1],
        whos=get_args(Who),
        hows=get_args(How),
        clock=clock_of,
    )


def _centre(sites: list[Site], wanted: str) -> Site | None:
    if wanted and all(each.id != wanted for each in sites):
        raise Problem(404, no_such("site"))
    return next((each for each in sites if not wanted or each.id == wanted), None)
