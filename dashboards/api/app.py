"""The application, put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from alerts.alarm import Alarm
from dashboards import web
from dashboards.api import (
    alarms,
    audit_log,
    checks,
    commands,
    drills,
    escalation,
    exchange,
    figures,
    finding,
    health,
    maintenance,
    measurements,
    own_account,
    people_map,
    phones,
    problems,
    records,
    replies,
    reports,
    session,
    stream,
    today,
    together,
    traces,
    webhooks,
)
from dashboards.api.feed import Feed
from dashboards.api.headers import SecurityHeaders
from dashboards.api.looks import Looks
from dashboards.api.records import consents
from dashboards.api.rooms import take_in
from dashboards.deps import Deps


def create_app(deps: Deps) -> FastAPI:
    """The console's ASGI application over open dependencies; its lifespan runs the change listener."""
    app = FastAPI(
        title="Anxin",
        version=deps.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
    )
    app.state.deps = deps
    app.state.gate = session.Gate()
    app.state.looks = Looks(deps.pool, deps.clock)
    app.state.feed = Feed(deps.conninfo)
    app.state.importing = asyncio.Lock()
    problems.install(app)
    web.install_assets(app)
    take_in(app.router, consents.alarms, replies.alarms)
    for room in (
        health,
        session,
        own_account,
        audit_log,
        phones,
        finding,
        people_map,
        alarms,
        reports,
        checks,
        today,
        together,
        drills,
        maintenance,
        figures,
        escalation,
        traces,
        stream,
        records,
        measurements,
        commands,
        exchange,
        replies,
        webhooks,
    ):
        take_in(app.router, room.router)
    web.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(
        SecurityHeaders, https=deps.secure_cookies, tiles=None if deps.tiles is None else deps.tiles.origin
    )
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    feed: Feed = app.state.feed
    looks: Looks = app.state.looks
    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(feed.follow(), name="api change listener")
        writing = tasks.create_task(looks.keep_trying(), name="api audit log")
        yield
        following.cancel()
        writing.cancel()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """FastAPI's description, with the alarm object, which is not a pydantic model, and what is refused as it is."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        _, components = msgspec.json.schema_components([Alarm], ref_template="#/components/schemas/{name}")
        schemas: dict[str, Any] = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(components | problems.SCHEMAS)
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        refused = {
            "description": "Refused",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for operations in schema["paths"].values():
            for operation in operations.values():
                operation["responses"] = operation["responses"] | {"4XX": refused}
                operation["responses"].pop("422", None)
        app.openapi_schema = schema
    return app.openapi_schema
