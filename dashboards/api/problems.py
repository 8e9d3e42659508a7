"""Every error as RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import quote

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gateway.store.errors import REFUSED, UNAVAILABLE, Conflict, MissingRecord

_log = structlog.get_logger(__name__)

SIGN_IN_PATH = "/signin"
WANTED_COOKIE: Final = "anxin_wanted"
"""Where somebody was when they had to sign in; the page that ends the sign-in leads back there."""
_WANTED_S: Final = 600


class Problem(Exception):
    """An answer that is not a success.

    Args:
        status: HTTP status.
        detail: What went wrong, in words for the one who asked.
        kind: Names the kind of problem in ``type`` (``urn:anxin:problem:<kind>``); None: the status says it all.
        headers: Further headers.
        members: Further members of the body, already encodable as JSON.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.headers = dict(headers or {})
        self.members = members

    def body(self) -> bytes:
        """The JSON document."""
        return msgspec.json.encode(
            {
                "type": f"urn:anxin:problem:{self.kind}" if self.kind else "about:blank",
                "title": HTTPStatus(self.status).phrase,
                "status": self.status,
                "detail": self.detail,
                **self.members,
            }
        )

    def response(self) -> Response:
        """The answer."""
        return Response(self.body(), self.status, headers=self.headers, media_type="application/problem+json")


def invalid(pointer: str, detail: str) -> Problem:
    """422 for one field of the body, as FastAPI's own checks answer it."""
    return Problem(422, f"{pointer}: {detail}", kind="invalid", errors=[{"pointer": pointer, "detail": detail}])


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith("/api/")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    if error.status == 401 and request.method == "GET" and _wants_page(request):
        response = RedirectResponse(SIGN_IN_PATH, 303)
        secure = request.app.state.deps.secure_cookies
        wanted = quote(request.url.path)
        response.set_cookie(WANTED_COOKIE, wanted, max_age=_WANTED_S, path="/", samesite="lax", secure=secure)
        return response
    return _answer(request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _answer(request, Problem(error.status_code, str(error.detail), headers=error.headers))


def _answer(request: Request, problem: Problem) -> Response:
    """A page for whoever opened one in a browser, the JSON document for everybody else."""
    show: Callable[[Request, int, str], Response] | None = getattr(request.app.state, "problem_page", None)
    if show is None or request.method != "GET" or not _wants_page(request):
        return problem.response()
    return show(request, problem.status, problem.detail)


def _pointer(where: Iterable[object]) -> str:
    return "/" + "/".join(str(part) for part in where)


_TOLD: Final = ("code", "corners", "params")
"""What a check of ours says beside its words, for pages that show it in their own."""


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [
        # Our own checks raise ValueError; pydantic puts this before what they say.
        {
            "pointer": _pointer(each["loc"]),
            "detail": str(each["msg"]).removeprefix("Value error, "),
            **{name: each["ctx"][name] for name in _TOLD if name in each.get("ctx", {})},
        }
        for each in error.errors()
    ]
    detail = "; ".join(f"{each['pointer']}: {each['detail']}" for each in errors)
    return Problem(422, detail, kind="invalid", errors=errors).response()


async def _conflict(_: Request, error: Exception) -> Response:
    return Problem(409, str(error), kind="conflict").response()


async def _missing(_: Request, error: Exception) -> Response:
    return Problem(422, str(error), kind="missing-record").response()


async def _refused(_: Request, __: Exception) -> Response:
    return Problem(
        422, "a text or a number in it cannot be stored (NUL characters never can)", kind="invalid"
    ).response()


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("api_store_unavailable", method=request.method, error=type(error).__name__)
    detail = "the database is away or busy; nothing was changed, please try again"
    return Problem(503, detail, kind="unavailable", headers={"Retry-After": "1"}).response()


async def _failed(_: Request, __: Exception) -> Response:
    return Problem(500, "something went wrong here; it was logged").response()


def install(app: FastAPI) -> None:
    """Answer every error of this application as a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(MissingRecord, _missing)
    app.add_exception_handler(REFUSED, _refused)
    for error in UNAVAILABLE:
        app.add_exception_handler(error, _unavailable)
    app.add_exception_handler(Exception, _failed)
