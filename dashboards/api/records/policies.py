"""Escalation policies over HTTP: who is told how and after how long, and what that would mean for an alarm."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import Body, Query, Request
from starlette.responses import Response

from alerts.alarm import SeverityName
from alerts.policies import BUILT_IN, NOBODY, Policy, faults_of
from alerts.preview import preview
from dashboards.api.access import Administering, DepsOf, Principal, SignedIn
from dashboards.api.forms import Time
from dashboards.api.kinds import read_msgspec
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem, Wrong, objecting
from dashboards.api.records.routes import page_of_history, router_of
from devices.refusals import Refusal, no_such
from gateway.store.connection import Connection
from gateway.store.policies import (
    add_policy,
    all_policies,
    policy_by_id,
    policy_history,
    remove_policy,
    replace_policy,
)

router = router_of()


@router.get("/policies")
async def list_policies(deps: DepsOf, principal: SignedIn) -> Response:
    """The policies that somebody wrote, by name; ``built_in``: those that serve where nobody wrote one."""
    async with deps.pool.connection() as conn:
        found = await all_policies(conn, sites=principal.sites)
    return _json({"items": found, "next": None, "built_in": [*BUILT_IN, NOBODY]})


@router.get("/policies/preview")
async def preview_policy(
    deps: DepsOf,
    principal: SignedIn,
    site: str,
    rule: Annotated[str, Query(min_length=1, max_length=100)],
    severity: SeverityName = "critical",
    at: Time | None = None,
    resident: str | None = None,
) -> Response:
    """What an alarm that opens now, or ``at`` (ms), would bring about if nobody took it: when, whom, how.

    ``names``: from the records and the roster as they are; null where it takes a ``resident`` to know.
    """
    principal.require_site(site, "site")
    async with deps.alarm_store.transaction() as tx:
        found = await preview(
            tx,
            site=site,
            rule=rule,
            severity=severity,
            at=deps.clock.now_ms() if at is None else at,
            resident=resident,
        )
    if found is None:
        raise Problem(404, no_such("site"))
    return _json(found)


@router.get("/policies/{key:path}/history")
async def history_of_policy(
    deps: DepsOf,
    principal: SignedIn,
    key: str,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """What a policy was, version by version, also of one that was removed."""
    async with deps.pool.connection() as conn:
        items = await policy_history(conn, key, before=before, limit=limit + 1)
    sites = {each.record.get("site") for each in items if each.record is not None}
    if not items or any(site is not None and not principal.account.sees(site) for site in sites):
        raise Problem(404, no_such("policy"))
    return page_of_history(items, limit, principal)


@router.get("/policies/{key:path}")
async def one_policy(deps: DepsOf, principal: SignedIn, key: str) -> Response:
    """One policy; the built-in ones too."""
    async with deps.pool.connection() as conn:
        return _json(await find_policy(conn, principal, key))


@router.post("/policies", status_code=201)
async def write_policy(
    request: Request, deps: DepsOf, principal: Administering, body: Annotated[dict[str, Any], Body()]
) -> Response:
    """Write a policy: for a ``site``, or without one for every site, which takes an account of all sites."""
    policy = read_policy(body, "")
    _require_scope(principal, policy)

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            made = await add_policy(conn, principal.account.username, policy)
        return Answer(201, msgspec.json.encode(made), location=f"/api/v1/policies/{made.id}")

    return await once(request, principal, work)


@router.put("/policies/{key:path}")
async def change_policy(
    deps: DepsOf, principal: Administering, key: str, body: Annotated[dict[str, Any], Body()]
) -> Response:
    """Replace a policy's fields; alarms that are open keep the plan with which they opened."""
    async with deps.pool.connection() as conn:
        _require_own(principal, await find_policy(conn, principal, key))
        policy = read_policy(body, key)
        changed = await replace_policy(conn, principal.account.username, policy)
    if changed is None:
        raise Problem(404, no_such("policy"))
    return _json(changed)


@router.delete("/policies/{key:path}", status_code=204)
async def end_policy(deps: DepsOf, principal: Administering, key: str) -> Response:
    """Remove a policy; alarms that are open keep their plan, and the next one gets another."""
    async with deps.pool.connection() as conn:
        _require_own(principal, await find_policy(conn, principal, key))
        await remove_policy(conn, principal.account.username, key)
    return Response(status_code=204)


async def find_policy(conn: Connection, principal: Principal, key: str) -> Policy:
    """A policy that the account may see. Raises ``Problem`` 404."""
    built_in = next((each for each in (*BUILT_IN, NOBODY) if each.id == key), None)
    found = built_in or await policy_by_id(conn, key)
    if found is None or (found.site is not None and not principal.account.sees(found.site)):
        raise Problem(404, no_such("policy"))
    return found


def read_policy(body: dict[str, Any], key: str) -> Policy:
    """The policy of a body, its steps in the order of their times. Raises ``Problem`` 422, field by field."""
    try:
        policy = msgspec.convert({**body, "id": key}, Policy)
    except msgspec.ValidationError as error:
        raise _invalid([read_msgspec(error)]) from None
    faults = faults_of(policy)
    if faults:
        raise _invalid([(fault.path, fault.refusal) for fault in faults])
    return msgspec.structs.replace(policy, steps=tuple(sorted(policy.steps, key=lambda step: step.after_s)))


def _invalid(faults: list[tuple[str, Refusal]]) -> Problem:
    return objecting([Wrong(f"/body/{path}".rstrip("/"), refusal) for path, refusal in faults])


def _require_scope(principal: Principal, policy: Policy) -> None:
    if policy.site is not None:
        principal.require_site(policy.site, "site")
    elif principal.sites:
        why = Refusal("role.policy_of_all", "a policy for every site takes an account of all sites")
        raise Problem(403, why, kind="role")


def _require_own(principal: Principal, policy: Policy) -> None:
    if policy.id.startswith("built_in/"):
        raise Problem(
            409,
            Refusal("policy.built_in", "a built-in policy stays as it is: write one of your own, which comes first"),
            kind="conflict",
        )
    _require_scope(principal, policy)


def _json(answer: object) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
