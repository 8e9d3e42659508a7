"""Every error as RFC 9457 problem details, with what its reader can do about it in their own language (ADR 47)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dashboards.api.kinds import refusal_of
from devices.refusals import Refusal, Refused, Unfit
from gateway.store.errors import REFUSED, UNAVAILABLE, Conflict, MissingRecord

_log = structlog.get_logger(__name__)

SIGN_IN_PATH = "/signin"
WANTED_COOKIE: Final = "anxin_wanted"
"""Where somebody was when they had to sign in; the page that ends the sign-in leads back there."""
_WANTED_S: Final = 600

_TEXT: Final = {"type": "string"}
_TOLD: Final = {
    "detail": {**_TEXT, "description": "In English, for programs and logs"},
    "code": {**_TEXT, "description": "Names the reason and stays as it is, as `plan.windows_overlap`"},
    "params": {"type": "object", "description": "The values that the words name"},
    "field": {**_TEXT, "description": "The field of the body, as `windows.1.from`"},
    "message": {**_TEXT, "description": "What is wrong and what to do, for people, in the reader's language"},
}
SCHEMAS: Final[dict[str, Any]] = {
    "Problem": {
        "type": "object",
        "description": "What is refused, and why (RFC 9457)",
        "required": ["type", "title", "status", "detail", "code", "params"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            **_TOLD,
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/ProblemAt"}},
        },
    },
    "ProblemAt": {
        "type": "object",
        "description": "One thing that is wrong in a request",
        "required": ["pointer", "detail", "code", "params"],
        "properties": {"pointer": {**_TEXT, "description": "JSON pointer into the request"}, **_TOLD},
    },
}
"""The document in OpenAPI's words."""

Words = Callable[[Refusal], str | None]
"""Puts a refusal into its reader's language; None where no words are known."""


class Wrong(NamedTuple):
    """One thing that is wrong in a request: where (a JSON pointer), why, and what else is known of it."""

    pointer: str
    refusal: Refusal
    members: Mapping[str, Any] = {}

    @property
    def field(self) -> str | None:
        """The field of the body as forms name it, ``windows.1.from``; None for no field of it."""
        path = self.pointer.removeprefix("/body").strip("/").replace("/", ".")
        return ".".join(filter(None, (path, self.refusal.field))) or None

    def told(self, words: Words) -> dict[str, Any]:
        """Its place among the ``errors`` of the problem."""
        whole = {"pointer": self.pointer, "detail": self.refusal.detail, **_told(self.refusal, self.field, words)}
        return {**whole, **self.members}


class Problem(Exception):
    """An answer that is not a success.

    Args:
        status: HTTP status.
        refusal: What went wrong.
        kind: Names the kind of problem in ``type`` (``urn:anxin:problem:<kind>``); None: the status says it all.
        headers: Further headers.
        wrong: What is wrong field by field; ``refusal`` is the only one of them, or says how many there are.
        members: Further members of the body, already encodable as JSON.
    """

    def __init__(
        self,
        status: int,
        refusal: Refusal,
        *,
        kind: str | None = None,
        headers: Mapping[str, str] | None = None,
        wrong: Sequence[Wrong] = (),
        **members: Any,
    ) -> None:
        self.detail = "; ".join(f"{each.pointer}: {each.refusal.detail}" for each in wrong) or refusal.detail
        super().__init__(self.detail)
        self.status = status
        self.refusal = refusal
        self.kind = kind
        self.headers = dict(headers or {})
        self.wrong = wrong
        self.members = members

    def body(self, words: Words) -> bytes:
        """The JSON document."""
        field = self.wrong[0].field if len(self.wrong) == 1 else self.refusal.field
        errors = {"errors": [each.told(words) for each in self.wrong]} if self.wrong else {}
        return msgspec.json.encode(
            {
                "type": f"urn:anxin:problem:{self.kind}" if self.kind else "about:blank",
                "title": HTTPStatus(self.status).phrase,
                "status": self.status,
                "detail": self.detail,
                **_told(self.refusal, field, words),
                **self.members,
                **errors,
            }
        )


def _told(refusal: Refusal, field: str | None, words: Words) -> dict[str, Any]:
    told: dict[str, Any] = {"code": refusal.code, "params": refusal.params}
    if field is not None:
        told["field"] = field
    message = words(refusal)
    return told if message is None else {**told, "message": message}


def invalid(pointer: str, refusal: Refusal) -> Problem:
    """422 for one field of the request, as FastAPI's own checks answer it."""
    return objecting([Wrong(pointer, refusal)])


def objecting(wrong: Sequence[Wrong]) -> Problem:
    """422 for what is wrong field by field."""
    if len(wrong) == 1:
        return Problem(422, wrong[0].refusal, kind="invalid", wrong=wrong)
    return Problem(422, Refusal("several", "{count} things are wrong", count=len(wrong)), kind="invalid", wrong=wrong)


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
    code = "address_unknown" if error.status_code == 404 else "http"
    refusal = Refusal.told(code, str(error.detail), status=error.status_code)
    return _answer(request, Problem(error.status_code, refusal, headers=error.headers))


def _answer(request: Request, problem: Problem) -> Response:
    """A page for whoever opened one in a browser, the JSON document for everybody else."""
    show: Callable[[Request, Problem], Response] | None = getattr(request.app.state, "problem_page", None)
    if show is not None and request.method == "GET" and _wants_page(request):
        return show(request, problem)
    return Response(
        problem.body(words_for(request)), problem.status, headers=problem.headers, media_type="application/problem+json"
    )


def words_for(request: Request) -> Words:
    """What puts a refusal into the language of whoever asks."""
    words: Callable[[Request, Refusal], str | None] = getattr(request.app.state, "refusal_words", _no_words)
    return lambda refusal: words(request, refusal)


def _no_words(_: Request, __: Refusal) -> None:
    return None


def _pointer(where: Iterable[object]) -> str:
    return "/" + "/".join(str(part) for part in where)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return _answer(request, objecting([_wrong(each) for each in error.errors()]))


def _wrong(found: Mapping[str, Any]) -> Wrong:
    """What pydantic found; where a check of ours found it, in the words of that."""
    cause = found.get("ctx", {}).get("error")
    refusal = cause.refusal if isinstance(cause, Refused) else refusal_of(found)
    members = cause.members if isinstance(cause, Unfit) else {}
    return Wrong(_pointer(found["loc"]), refusal, members)


async def _conflict(request: Request, error: Exception) -> Response:
    assert isinstance(error, Conflict)
    return _answer(request, Problem(409, error.refusal, kind="conflict"))


async def _missing(request: Request, error: Exception) -> Response:
    assert isinstance(error, MissingRecord)
    return _answer(request, Problem(422, error.refusal, kind="missing-record"))


async def _refused(request: Request, _: Exception) -> Response:
    why = Refusal("not_storable", "a text or a number in it cannot be stored (NUL characters never can)")
    return _answer(request, Problem(422, why, kind="invalid"))


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("api_store_unavailable", method=request.method, error=type(error).__name__)
    why = Refusal("unavailable", "the database is away or busy; nothing was changed, please try again")
    return _answer(request, Problem(503, why, kind="unavailable", headers={"Retry-After": "1"}))


async def _failed(request: Request, _: Exception) -> Response:
    return _answer(request, Problem(500, Refusal("failed", "something went wrong here; it was logged")))


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
