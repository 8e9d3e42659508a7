"""The accounts of staff over HTTP, for those who keep them."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Self

import msgspec
from fastapi import Query, Request
from pydantic import ConfigDict, Field, StringConstraints, model_validator
from starlette.responses import Response

from dashboards.api.access import Administering, DepsOf, Managing, Principal, require_person
from dashboards.api.forms import Form, Id, Language, Phone, Short
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.routes import page_of_history, router_of
from dashboards.deps import Deps
from devices.refusals import Refusal, Unfit, no_such
from gateway.store.accounts import Role, hash_password, issue_signin_link
from gateway.store.connection import Connection
from gateway.store.passwords import weakness, why_weak
from gateway.store.signin_guard import locked_names, unlock
from gateway.store.staff import (
    Staff,
    StaffFields,
    add_staff,
    disable_staff,
    may_keep,
    replace_staff,
    staff_history,
    staff_list,
    staff_member,
    staff_named,
)

router = router_of()

_JSON: Final = "application/json"
_ANSWERED: Final = frozenset({"id", "has_password", "signin_path"})
"""What answers carry beside the form's fields, so that one can be sent back with one field changed."""


class StaffForm(Form):
    """Somebody who works with the console; ``sites`` empty means all sites.

    So a field that it does not know is refused: one that is misspelt would give more than was meant.
    """

    model_config = ConfigDict(extra="forbid")

    username: Annotated[str, StringConstraints(pattern=r"^[\w.@-]{1,64}$")]
    display_name: Short = ""
    role: Role
    sites: Annotated[list[Id], Field(default_factory=list, max_length=1000)]
    language: Language = "zh"
    phone: Phone | None = None
    disabled: bool = False
    password: Annotated[str, StringConstraints(max_length=1000)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _sent_back(cls, entered: Any) -> Any:
        if not isinstance(entered, dict):
            return entered
        return {name: value for name, value in entered.items() if name not in _ANSWERED}

    @model_validator(mode="after")
    def _hard_to_guess(self) -> Self:
        names = (self.username, self.display_name)
        if self.password is not None and (found := weakness(self.password, names=names)):
            raise Unfit(why_weak(found, "password"))
        return self

    def fields(self) -> StaffFields:
        """What the store takes."""
        fields = self.model_dump(exclude={"password"}) | {"sites": sorted(set(self.sites))}
        return msgspec.convert(fields, StaffFields)

    async def password_hash(self) -> str | None:
        """The hash of the new password, if there is one; hashing takes some 50 ms and leaves the loop alone."""
        return None if self.password is None else await asyncio.to_thread(hash_password, self.password)


async def _load(deps: Deps, principal: Principal, key: str) -> Staff:
    """An account that the principal may keep. Raises ``Problem`` 404, or 403 for a role above their own."""
    async with deps.pool.connection() as conn:
        found = await staff_member(conn, key)
    if found is None or not may_keep(principal.account, "auditor", found.sites):
        raise Problem(404, no_such("account"))
    return found


def _check(principal: Principal, fields: StaffFields) -> None:
    if not may_keep(principal.account, fields.role, fields.sites):
        raise Problem(
            403,
            Refusal("role.account_above", "an account gets neither a role above yours nor sites that are not yours"),
            kind="role",
        )


@router.get("/staff")
async def list_staff(
    deps: DepsOf, principal: Administering, after: str = "", limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """The accounts that lie within one's own sites, by user name, those that ended too."""
    async with deps.pool.connection() as conn:
        found = await staff_list(conn, sites=principal.sites, after=after, limit=limit + 1)
    page = found[:limit]
    answer = {"items": page, "next": page[-1].username if len(found) > limit else None}
    return Response(msgspec.json.encode(answer), media_type="application/json")


@router.get("/staff/locked")
async def locked_staff(deps: DepsOf, principal: Managing) -> Response:
    """Whom too many wrong passwords have locked out, as far as one may open them: `username`, `until` (ms), `failures`.

    Sessions that are open go on; browsers in which they have signed in before are not concerned.
    """
    async with deps.pool.connection() as conn:
        found = await locked_within(conn, principal, deps.clock.now_ms())
    return Response(msgspec.json.encode({"items": [each for each, _ in found], "next": None}), media_type=_JSON)


async def locked_within(conn: Connection, principal: Principal, now: int) -> list[tuple[dict[str, Any], Staff]]:
    """The locked accounts that the principal may open, as they are answered, and as they are kept."""
    found = []
    for each in await locked_names(conn, now):
        member = await staff_named(conn, each.username)
        if member is not None and may_keep(principal.account, member.role, member.sites):
            shown = {"id": member.id, "username": each.username, "display_name": member.display_name}
            found.append(({**shown, "until": each.until, "failures": each.failures}, member))
    return found


@router.post("/staff/{key}/unlock")
async def unlock_staff(deps: DepsOf, principal: Managing, key: str) -> Response:
    """Let a locked account try again at once; 200 with whether it was `locked`."""
    require_person(principal)
    current = await _load(deps, principal, key)
    _check(principal, current)
    async with deps.pool.connection() as conn:
        was = await unlock(conn, current.username, deps.clock.now_ms())
    if was:
        await principal.did("unlocked", subject=f"account:{current.username}")
    return Response(msgspec.json.encode({"locked": was}), media_type=_JSON)


@router.get("/staff/{key}")
async def one_staff(deps: DepsOf, principal: Administering, key: str) -> Response:
    """One account."""
    return _answer(await _load(deps, principal, key))


@router.get("/staff/{key}/history")
async def history_of_staff(
    deps: DepsOf,
    principal: Administering,
    key: str,
    before: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """What an account was, version by version; passwords are not kept in it."""
    await _load(deps, principal, key)
    async with deps.pool.connection() as conn:
        items = await staff_history(conn, key, before=before, limit=limit + 1)
    return page_of_history(items, limit, principal)


@router.post("/staff", status_code=201)
async def create_staff(request: Request, deps: DepsOf, principal: Administering, body: StaffForm) -> Response:
    """Create an account: with a ``password``, or with a one-time ``signin_path`` that the answer alone carries."""
    require_person(principal)
    fields = body.fields()
    _check(principal, fields)

    async def work() -> Answer:
        hashed = await body.password_hash()
        async with deps.pool.connection() as conn:
            made = await add_staff(conn, principal.account.username, fields, hashed)
            path = None if hashed else await _signin_path(deps, conn, made)
        return _with_path(made, path, 201)

    return await once(request, principal, work)


@router.put("/staff/{key}")
async def change_staff(deps: DepsOf, principal: Administering, key: str, body: StaffForm) -> Response:
    """Replace an account's fields; ``disabled`` and a new ``password`` end its sessions, the former its keys too."""
    require_person(principal)
    current = await _load(deps, principal, key)
    fields = body.fields()
    _check(principal, msgspec.structs.replace(fields, role=current.role, sites=current.sites))
    _check(principal, fields)
    hashed = await body.password_hash()
    async with deps.pool.connection() as conn:
        changed = await replace_staff(conn, principal.account.username, key, fields, hashed)
    if changed is None:
        raise Problem(404, no_such("account"))
    if hashed is not None:
        await principal.did("password", what="set", subject=f"account:{changed.username}")
    return _answer(changed)


@router.delete("/staff/{key}", status_code=204)
async def end_staff(deps: DepsOf, principal: Administering, key: str) -> Response:
    """End an account with its sessions and keys; its name stays in the history."""
    current = await _load(deps, principal, key)
    _check(principal, current)
    async with deps.pool.connection() as conn:
        await disable_staff(conn, principal.account.username, key)
    return Response(status_code=204)


@router.post("/staff/{key}/signin-link", status_code=201)
async def link_for_staff(request: Request, deps: DepsOf, principal: Administering, key: str) -> Response:
    """A new one-time ``signin_path``, for whoever forgot their password; good for 30 minutes."""
    require_person(principal)
    current = await _load(deps, principal, key)
    _check(principal, current)
    if current.disabled:
        raise Problem(409, Refusal("account.ended", "the account has ended"), kind="conflict")

    async def work() -> Answer:
        async with deps.pool.connection() as conn:
            path = await _signin_path(deps, conn, current)
        await principal.did("signin_link", subject=f"account:{current.username}")
        return _with_path(current, path, 201)

    return await once(request, principal, work)


async def _signin_path(deps: Deps, conn: Connection, staff: Staff) -> str:
    return f"/signin/{await issue_signin_link(conn, staff.id, deps.clock.now_ms())}"


def _answer(staff: Staff) -> Response:
    return Response(msgspec.json.encode(staff), media_type="application/json")


def _with_path(staff: Staff, path: str | None, status: int) -> Answer:
    known = msgspec.structs.asdict(staff)
    return Answer(
        status,
        msgspec.json.encode(known | {"signin_path": path}),
        location=f"/api/v1/staff/{staff.id}",
        kept=msgspec.json.encode(known | {"signin_path": None}),
    )
