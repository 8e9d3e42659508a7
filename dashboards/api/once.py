"""``Idempotency-Key``: what a POST did is done once, however often the network makes a client repeat it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import msgspec
from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import Principal, deps_of
from dashboards.api.problems import Problem
from devices.refusals import Refusal
from gateway.store.idempotency import Answered, abandon, begin, complete


class Answer(NamedTuple):
    """A success. ``kept``: what a repetition is answered with, where that must differ (secrets are not kept)."""

    status: int
    body: bytes
    location: str | None = None
    kept: bytes | None = None

    def response(self) -> Response:
        """The answer as HTTP."""
        headers = {"Location": self.location} if self.location else None
        return Response(self.body, self.status, headers=headers, media_type="application/json")


async def once(request: Request, principal: Principal, work: Callable[[], Awaitable[Answer]]) -> Response:
    """Run ``work`` once for the request's key; without a key, every time.

    Only successes are kept, for a day: after an error nothing has changed, and the same key may try again.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return (await work()).response()
    if not 1 <= len(key) <= 200:
        raise Problem(422, Refusal("once.key", "Idempotency-Key: 1 to 200 characters"), kind="idempotency")
    deps, account = deps_of(request), principal.account.id
    async with deps.pool.connection() as conn:
        begun = await begin(conn, account, key, await _fingerprint(request))
    if isinstance(begun, Answered):
        body = msgspec.json.encode(begun.body)
        headers = {"Idempotency-Replayed": "true"}
        return Response(body, begun.status, headers=headers, media_type="application/json")
    if begun == "under_way":
        headers = {"Retry-After": "1"}
        raise Problem(
            409,
            Refusal("once.under_way", "a request with this Idempotency-Key is under way"),
            kind="idempotency",
            headers=headers,
        )
    if begun == "other_request":
        raise Problem(
            422, Refusal("once.other_request", "this Idempotency-Key belongs to another request"), kind="idempotency"
        )
    try:
        answer = await work()
    except BaseException:
        async with deps.pool.connection() as conn:
            await abandon(conn, account, key)
        raise
    async with deps.pool.connection() as conn:
        await complete(conn, account, key, answer.status, msgspec.json.decode(answer.kept or answer.body))
    return answer.response()


async def _fingerprint(request: Request) -> str:
    digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    digest.update(await request.body())
    return digest.hexdigest()
