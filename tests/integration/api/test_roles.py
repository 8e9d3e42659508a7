"""Least rights: every route of the application is in the table of docs/roles.md, and refuses whom it does not name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from gateway.store.accounts import Role
from tests.support.console import Tokens

TABLE: Final = Path(__file__).parents[3] / "docs" / "roles.md"
ROLES: Final[tuple[Role, ...]] = get_args(Role)
WHO: Final[dict[str, frozenset[Role]]] = {
    "reads": frozenset(ROLES),
    "acts": frozenset(ROLES) - {"auditor"},
    "opens": frozenset({"admin", "manager", "supervisor", "duty"}),
    "manages": frozenset({"admin", "manager", "supervisor"}),
    "administers": frozenset({"admin", "manager"}),
    "audits": frozenset({"admin", "manager", "auditor"}),
    "reviews": frozenset({"admin", "manager", "supervisor", "auditor"}),
    "all sites": frozenset({"admin"}),
}
"""As docs/roles.md calls them; ``anybody`` is let in without a session."""
_LINE: Final = re.compile(r"^\| `([A-Z]+) ([^`]+)` \| ([a-z ]+) \|", re.MULTILINE)
_DOORS: Final = ("/signin", "/api/v1/session")
_ENDS_THE_SESSION: Final = {("POST", "/signout"), ("DELETE", "/api/v1/session")}


def table() -> dict[tuple[str, str], str]:
    return {(method, path): who for method, path, who in _LINE.findall(TABLE.read_text("utf-8"))}


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in iter_route_contexts(app.routes):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            if route.path is not None:
                yield method, route.path


def test_every_route_is_in_the_table_and_nothing_else(app: FastAPI) -> None:
    known, told = set(routes(app)), set(table())
    missing = [f"| `{method} {path}` | … |" for method, path in sorted(known - told, key=lambda each: each[::-1])]
    assert not missing, "add to docs/roles.md: " + " ".join(missing)
    assert told - known == set()
    assert set(table().values()) <= {*WHO, "anybody"}


async def answer_of(app: FastAPI, method: str, path: str, token: str | None) -> tuple[int, dict[str, Any]]:
    """The status, and of a problem its body; an answer that would go on is left after its status."""
    filled = re.sub(r"\{[a-z_]+(:path)?\}", "00000000-0000-0000-0000-000000000000", path)
    headers = [(b"content-type", b"application/json"), (b"accept", b"application/json"), (b"content-length", b"2")]
    if token is not None:
        headers.append((b"authorization", f"Bearer {token}".encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": filled, "raw_path": filled.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("console", 80),
    }  # fmt: skip
    told: asyncio.Future[tuple[int, dict[str, Any]]] = asyncio.get_running_loop().create_future()
    start: dict[str, Any] = {}
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            await asyncio.Event().wait()
        sent = True
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if told.done():
            return
        if message["type"] == "http.response.start":
            start.update(message)
        elif start["status"] < 400:
            told.set_result((start["status"], {}))
        elif not message.get("more_body"):
            told.set_result((start["status"], _problem(message.get("body", b""))))

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(app(scope, receive, send), name="request")  # type: ignore[arg-type]
        serving.add_done_callback(lambda _: None if told.done() else told.set_result((500, {})))
        answer = await told
        serving.cancel()
    return answer


def _problem(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_refuses_a_role_that_the_table_does_not_name(
    app: FastAPI, token_of: Tokens, role: Role
) -> None:
    """With bodies and ids that nothing fits, so that nothing is changed: only who is refused for their role counts."""
    wrong = []
    token = await token_of(role)
    for (method, path), who in table().items():
        if (method, path) in _ENDS_THE_SESSION or who == "anybody":
            continue
        status, problem = await answer_of(app, method, path, token)
        refused = status == 403 and problem.get("type") == "urn:anxin:problem:role"
        if refused == (role in WHO[who]) or status == 401:
            wrong.append(f"{method} {path}: {status}, by the table: {who}")
    assert wrong == []


async def test_nobody_gets_past_the_door_where_the_table_names_roles(app: FastAPI) -> None:
    wrong = []
    for (method, path), who in table().items():
        status, _ = await answer_of(app, method, path, None)
        if (status == 401) != (who != "anybody") and path not in _DOORS:
            wrong.append(f"{method} {path}: {status}, by the table: {who}")
    assert wrong == []
