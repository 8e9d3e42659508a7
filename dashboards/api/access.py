"""Who is asking, and what they may do.

Roles: everybody signed in may read what belongs to their sites. ``auditor`` reads only. Everybody else may
act on alarms. The registry is changed by ``admin``, ``manager`` and ``supervisor``; ``duty`` may add and
correct contacts as well, because a daughter's new number at three in the morning cannot wait for the
office. Accounts are kept, and assignments removed, by ``admin`` and ``manager``; sites are made by ``admin``
alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal, cast
from uuid import UUID

from fastapi import Depends, Request

from dashboards.api.looks import Looks
from dashboards.api.problems import Problem
from dashboards.deps import Deps
from devices.refusals import Noun, Refusal, no_such
from gateway.store.accounts import Account, Role, Session, session
from gateway.store.alarm_list import has_active_alarm, has_active_alarm_around, site_of_alarm
from gateway.store.audit_log import Entry
from gateway.store.connection import Connection
from gateway.store.registry_records import Device

COOKIE: Final = "anxin_session"
CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_PURPOSE_AT_MOST: Final = 200
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")

ONLY_INSTALLERS: Final = Refusal("role.only_installers", "only an admin of all sites may make and remove sites")

Deed = Literal[
    "break a refusal open", "act on alarms", "change the registry", "administer", "read the audit log",
    "change contacts", "take the list of alarms out of the house",
]  # fmt: skip
"""What a role may, or may not."""

MAY_ACT: Final[frozenset[Role]] = frozenset({"admin", "manager", "supervisor", "duty", "responder"})
MAY_OPEN: Final[frozenset[Role]] = MAY_ACT - {"responder"}
MAY_ADMINISTER: Final[frozenset[Role]] = frozenset({"admin", "manager"})
MAY_MANAGE: Final[frozenset[Role]] = frozenset({"admin", "manager", "supervisor"})
MAY_EDIT_CONTACTS: Final[frozenset[Role]] = MAY_MANAGE | {"duty"}
MAY_AUDIT: Final[frozenset[Role]] = frozenset({"admin", "manager", "auditor"})


@dataclass(frozen=True, slots=True)
class Principal:
    """The signed-in account behind a request; ``by_cookie`` False for a Bearer token.

    ``purpose``: why they look, where they said so (``?purpose=``); ``address``: from where.
    """

    session: Session
    by_cookie: bool
    looks: Looks = field(repr=False)
    address: str
    purpose: str | None = None

    @property
    def account(self) -> Account:
        """Whose session it is."""
        return self.session.account

    @property
    def csrf(self) -> str:
        """What forms and scripts of this session must send along."""
        return self.session.csrf

    @property
    def sites(self) -> list[str]:
        """What every query is narrowed to; empty for all sites."""
        return self.account.sites

    def require_site(self, site: str | None, what: Noun) -> None:
        """Answer 404 for something of a site that the account does not see: it is not there for them."""
        if not self.account.sees(site):
            raise Problem(404, no_such(what))

    async def looked(
        self,
        what: str,
        *,
        site: str | None = None,
        resident: str | None = None,
        alarm: UUID | None = None,
        subject: str | None = None,
        purpose: str | None = None,
    ) -> None:
        """Write down that they look at somebody, before they see it; once in ten minutes, and never in their way."""
        await self.looks.look(
            self._entry("look", what, site=site, resident=resident, alarm=alarm, subject=subject, purpose=purpose)
        )

    async def looked_at_all(self, what: str, whom: Iterable[tuple[str, str | None, str | None]]) -> None:
        """As ``looked``, at many at once; of each the site, and the resident or what else it is, as ``type/id``."""
        entries = [
            self._entry("look", what, site=site, resident=resident, subject=subject) for site, resident, subject in whom
        ]
        await self.looks.look(*entries)

    async def took_out(self, what: str, *, site: str | None = None, detail: dict[str, str | int]) -> None:
        """Write down what is about to leave the house in bulk. Raises ``Problem`` 503 when that is not possible."""
        await self.looks.insist(self._entry("export", what, site=site, detail=detail))

    async def did(
        self,
        act: str,
        *,
        what: str | None = None,
        site: str | None = None,
        subject: str | None = None,
        **detail: str | int,
    ) -> None:
        """Write down an act that no record's history tells."""
        await self.looks.note(self._entry(act, what, site=site, subject=subject, detail=detail))

    def _entry(
        self,
        act: str,
        what: str | None,
        *,
        site: str | None = None,
        resident: str | None = None,
        alarm: UUID | None = None,
        subject: str | None = None,
        purpose: str | None = None,
        detail: dict[str, str | int] | None = None,
    ) -> Entry:
        return Entry(
            act=act,
            at=self.looks.now_ms(),
            actor=self.account.username,
            via="token" if self.session.by_key else "console" if self.by_cookie else "session",
            what=what,
            subject=subject,
            resident=resident,
            alarm=alarm,
            site=site,
            purpose=purpose or self.purpose,
            address=self.address or None,
            detail=detail or {},
        )


async def require_alarm(conn: Connection, principal: Principal, alarm: UUID) -> str:
    """The site of an alarm; answers 404 for one that is not there, or is of a site that the account does not see."""
    site = await site_of_alarm(conn, alarm)
    if site is None or not principal.account.sees(site):
        raise Problem(404, no_such("alarm"))
    return site


async def require_need(conn: Connection, principal: Principal, resident: str) -> None:
    """Answer 403 to a responder who asks where somebody was, and how they are, with whom nothing is wrong."""
    if principal.account.role == "responder" and not await has_active_alarm(conn, resident):
        why = Refusal("role.without_alarm", "a responder sees this while an alarm of the resident is active")
        raise Problem(403, why, kind="role")


async def may_follow(conn: Connection, principal: Principal, device: Device) -> bool:
    """Whether they may let a device tell where it is: a responder while an alarm of whoever has it is active."""
    return principal.account.role != "responder" or await has_active_alarm_around(conn, device)


def deps_of(request: Request) -> Deps:
    """The application's dependencies."""
    deps: Deps = request.app.state.deps
    return deps


def _token(request: Request) -> tuple[str, bool] | None:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return bearer.strip(), False
    cookie = request.cookies.get(COOKIE)
    return (cookie, True) if cookie else None


async def maybe_signed_in(request: Request) -> Principal | None:
    """The principal of a request, or None; 403 for an unsafe request by cookie without its CSRF token."""
    found = _token(request)
    if found is None:
        return None
    token, by_cookie = found
    deps = deps_of(request)
    async with deps.pool.connection() as conn:
        opened = await session(conn, token, deps.clock.now_ms())
    if opened is None:
        return None
    if by_cookie and request.method not in _SAFE:
        await _check_csrf(request, opened.csrf)
    request.state.principal = Principal(opened, by_cookie, looks_of(request), address_of(request), _purpose(request))
    return cast("Principal", request.state.principal)


def address_of(request: Request) -> str:
    """The client's address."""
    return request.client.host if request.client else ""


def looks_of(request: Request) -> Looks:
    """The application's hand in the audit log."""
    looks: Looks = request.app.state.looks
    return looks


def _purpose(request: Request) -> str | None:
    said = "".join(c for c in request.query_params.get("purpose", "") if c.isprintable()).strip()
    return said[:_PURPOSE_AT_MOST] or None


async def _check_csrf(request: Request, expected: str) -> None:
    sent: object = request.headers.get(CSRF_HEADER)
    if sent is None and request.headers.get("content-type", "").startswith(_FORMS):
        sent = (await request.form()).get(CSRF_FIELD)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), expected.encode()):
        raise Problem(
            403,
            Refusal(
                "csrf",
                "send this session's CSRF token in the header {header} or the form field {field_name}",
                header=CSRF_HEADER,
                field_name=CSRF_FIELD,
            ),
            kind="csrf",
        )


async def signed_in(principal: Annotated[Principal | None, Depends(maybe_signed_in)]) -> Principal:
    """The principal; 401 when nobody is signed in."""
    if principal is None:
        raise Problem(401, Refusal("sign_in", "please sign in"), headers={"WWW-Authenticate": "Bearer"})
    return principal


def allowed_to(roles: frozenset[Role], deed: Deed) -> Callable[[Principal], Principal]:
    """A dependency that answers 403 to every other role."""

    def check(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
        if principal.account.role not in roles:
            why = Refusal("role.may_not", "the role {role} may not {deed}", role=principal.account.role, deed=deed)
            raise Problem(403, why, kind="role")
        return principal

    return check


def installing(principal: Annotated[Principal, Depends(signed_in)]) -> Principal:
    """An admin of the whole installation: they alone make and remove sites. Answers 403 to everybody else."""
    if principal.account.role != "admin" or principal.sites:
        raise Problem(403, ONLY_INSTALLERS, kind="role")
    return principal


def require_person(principal: Principal) -> None:
    """Answer 403 to an API token: one that leaked must not make tokens or accounts that outlive it."""
    if principal.session.by_key:
        raise Problem(403, Refusal("role.token", "an API token cannot do this: sign in"), kind="role")


opening = allowed_to(MAY_OPEN, "break a refusal open")
acting = allowed_to(MAY_ACT, "act on alarms")
managing = allowed_to(MAY_MANAGE, "change the registry")
administering = allowed_to(MAY_ADMINISTER, "administer")
auditing = allowed_to(MAY_AUDIT, "read the audit log")
editing_contacts = allowed_to(MAY_EDIT_CONTACTS, "change contacts")

SignedIn = Annotated[Principal, Depends(signed_in)]
Opening = Annotated[Principal, Depends(opening)]
Acting = Annotated[Principal, Depends(acting)]
Installing = Annotated[Principal, Depends(installing)]
Managing = Annotated[Principal, Depends(managing)]
Administering = Annotated[Principal, Depends(administering)]
Auditing = Annotated[Principal, Depends(auditing)]
EditingContacts = Annotated[Principal, Depends(editing_contacts)]
DepsOf = Annotated[Deps, Depends(deps_of)]
