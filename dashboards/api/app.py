"""The application, put together."""

from __future__ import annotations

from fastapi import FastAPI

from dashboards.api import problems, session
from dashboards.api.headers import SecurityHeaders
from dashboards.deps import Deps


def create_app(deps: Deps) -> FastAPI:
    """The console's ASGI application over open dependencies."""
    app = FastAPI(
        title="Anxin",
        version=deps.version,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.deps = deps
    app.state.gate = session.Gate()
    problems.install(app)
    app.include_router(session.router)
    app.add_middleware(SecurityHeaders, https=deps.secure_cookies)
    return app
