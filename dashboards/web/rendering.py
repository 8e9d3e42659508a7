"""Templates, and what every page knows: the language, who is signed in, where static files are."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.responses import HTMLResponse

from dashboards.api.access import MAY_AUDIT, Principal, deps_of
from dashboards.phones import masked_number
from dashboards.web.assets import HERE, static_version
from dashboards.web.modules import modules_for
from dashboards.web.wording import LANGUAGES, Wording, catalogue_version
from gateway.store.listening import LISTENERS

LANGUAGE_COOKIE: Final = "anxin_language"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["audits"] = MAY_AUDIT
    environment.filters["masked"] = masked_number
    environment.globals["static_version"] = static_version()
    environment.globals["modules_for"] = modules_for
    environment.globals["catalogue_version"] = catalogue_version()
    environment.globals["listeners"] = LISTENERS
    return environment


def language_of(request: Request, principal: Principal | None) -> str:
    """The cookie's language, else the account's, else the browser's if it is one of ours, else Chinese."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return chosen
    if principal is not None and principal.account.language in LANGUAGES:
        return principal.account.language
    asked = request.headers.get("accept-language", "").lower()
    return "en" if asked.startswith("en") else LANGUAGES[0]


def page(
    request: Request,
    template: str,
    *,
    principal: Principal | None = None,
    status: int = 200,
    speaks: str | None = None,
    **context: Any,
) -> HTMLResponse:
    """Render a template as an answer; pages speak of people and are never kept by caches.

    ``speaks``: the page's language, where the reader's browser or account does not decide it.
    """
    deps = deps_of(request)
    wording = Wording(speaks or language_of(request, principal))
    html = (
        _environment()
        .get_template(template)
        .render(
            t=wording.t,
            known=wording.known,
            wording=wording,
            language=wording.language,
            principal=principal,
            deps=deps,
            demo=deps.demo is not None,
            now=deps.clock.now_ms(),
            path=request.url.path,
            **context,
        )
    )
    return HTMLResponse(html, status, headers={"Cache-Control": "no-store"})
