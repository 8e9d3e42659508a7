"""The rules' parameters over HTTP: the catalogue, what is in force for whom and from which layer, setting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Query
from pydantic import Field
from starlette.responses import Response

from alerts.catalogue import PARAMETERS
from alerts.layers import InForce, Setting, in_force, version_of
from dashboards.api.access import DepsOf, Managing, Principal, SignedIn
from dashboards.api.forms import Form, Short
from dashboards.api.problems import Problem
from dashboards.api.records.routes import router_of
from dashboards.parameters import (
    about_of,
    in_all_languages,
    set_parameters,
    site_of,
    spec_of,
    title_of,
)
from dashboards.web.wording import unit_of
from devices.refusals import Refusal
from devices.registry import Scope
from gateway.store.connection import Connection
from gateway.store.registry import common_settings, residents_with_own, setting_changes, settings_for

router = router_of()

_Value = Annotated[float, Field(allow_inf_nan=False)]


class ValueForm(Form):
    """One value in one layer; ``key``: the id of the site or the resident, empty for everyone."""

    scope: Scope
    key: Short = ""
    value: _Value


class ValuesForm(Form):
    """Several values in one layer, by the parameter's name; null takes a setting back."""

    scope: Scope
    key: Short = ""
    values: Annotated[dict[str, _Value | None], Field(min_length=1, max_length=200)]


@router.get("/parameters")
async def all_parameters(deps: DepsOf, principal: SignedIn, site: str = "", resident: str = "") -> Response:
    """All parameters: default, range, unit, source; and what is in force, from which layer, under which version.

    For a ``resident``, for a ``site``, else for everyone. ``settings``: what was set for everyone and for the sites
    that the account sees; ``residents``: for how many residents it was set.
    """
    async with deps.pool.connection() as conn:
        layers = await _layers_of(conn, principal, site, resident)
        answer = await _answer(conn, principal, *layers)
    return _json(answer)


@router.get("/parameters/{name}")
async def one_parameter(deps: DepsOf, principal: SignedIn, name: str, site: str = "", resident: str = "") -> Response:
    """One parameter, as in the list."""
    spec_of(name)
    async with deps.pool.connection() as conn:
        layers = await _layers_of(conn, principal, site, resident)
        answer = await _answer(conn, principal, *layers)
    return _json(next(each for each in answer["items"] if each["name"] == name))


@router.get("/parameters/{name}/history")
async def parameter_history(
    deps: DepsOf, principal: SignedIn, name: str, site: str = "", resident: str = ""
) -> Response:
    """Who set it when, newest first: for everyone, for the site, for the resident. ``value`` null: taken back."""
    spec_of(name)
    async with deps.pool.connection() as conn:
        of_site, of_resident = await _layers_of(conn, principal, site, resident)
        changes = await setting_changes(conn, [name], site=of_site, resident=of_resident)
    return _json({"items": changes[::-1], "next": None})


@router.put("/parameters")
async def replace_parameters(deps: DepsOf, principal: Managing, body: ValuesForm) -> Response:
    """Set several parameters in one layer, all or none; null takes a setting back. Answers as the list does."""
    return await _set(deps, principal, body.scope, body.key, body.values)


@router.put("/parameters/{name}")
async def replace_parameter(deps: DepsOf, principal: Managing, name: str, body: ValueForm) -> Response:
    """Set one parameter in one layer. Answers with the parameter as it is in force there."""
    return await _set(deps, principal, body.scope, body.key, {name: body.value}, only=name)


@router.delete("/parameters/{name}", status_code=204)
async def remove_parameter(
    deps: DepsOf, principal: Managing, name: str, scope: Scope, key: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Take a setting back: the layer below is in force again."""
    spec_of(name)
    async with deps.pool.connection() as conn:
        await set_parameters(conn, principal, scope, key, {name: None})
    return Response(status_code=204)


async def _set(
    deps: DepsOf, principal: Principal, scope: Scope, key: str, values: dict[str, float | None], only: str | None = None
) -> Response:
    async with deps.pool.connection() as conn:
        site = await set_parameters(conn, principal, scope, key, values)
        answer = await _answer(conn, principal, site, key if scope == "resident" else None)
    return _json(answer if only is None else next(each for each in answer["items"] if each["name"] == only))


async def _layers_of(conn: Connection, principal: Principal, site: str, resident: str) -> tuple[str | None, str | None]:
    if resident:
        found = await site_of(conn, principal, "resident", resident)
        if site and site != found:
            raise Problem(
                422, Refusal("parameter.other_site", "site: the resident belongs to another one"), kind="invalid"
            )
        return found, resident
    return (await site_of(conn, principal, "site", site) if site else None), None


async def _answer(conn: Connection, principal: Principal, site: str | None, resident: str | None) -> dict[str, Any]:
    common = await common_settings(conn, sites=principal.sites)
    own = await residents_with_own(conn, sites=principal.sites)
    values = in_force(PARAMETERS, await settings_for(conn, site=site, resident=resident))
    return {
        "items": [_item(name, values[name], common, len(own.get(name, ()))) for name in PARAMETERS],
        "next": None,
        "site": site,
        "resident": resident,
        "version": version_of(values),
    }


def _item(name: str, now: InForce, common: Sequence[Setting], residents: int) -> dict[str, Any]:
    spec = PARAMETERS[name]
    return {
        "name": name,
        "rule": spec.rule,
        "title": in_all_languages(title_of, name),
        "about": in_all_languages(about_of, name),
        "unit": unit_of(name) or None,
        "default": spec.default,
        "min": spec.low,
        "max": spec.high,
        "whole": spec.whole,
        "source": spec.source,
        "value": now.value,
        "layer": now.layer,
        "version": now.version,
        "settings": [each for each in common if each.name == name],
        "residents": residents,
    }


def _json(answer: Any) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
