"""What the store says of the roles: written by the supervisor when one dies, read when it waits for all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import psycopg
import structlog

from anxin.embedded.errors import ChildFailed
from anxin.supervisor import Process, ServiceState, Supervisor
from gateway.store.connection import connect
from gateway.store.roles import RoleStatus, all_roles, report

_log = structlog.get_logger(__name__)

_DATABASE: Final = "postgres"
"""It cannot take down that it is down."""
_POLL_S: Final = 0.1
_TELL_EVERY_S: Final = 5.0
_GIVE_UP_AFTER_DEATHS: Final = 3
_LAST_LINES: Final = 15


class RoleBoard:
    """The table ``role_status``, as far as it can be reached."""

    def __init__(self) -> None:
        self._conninfo: str | None = None

    def open(self, conninfo: str) -> None:
        """From now on the schema is there."""
        self._conninfo = conninfo

    async def write(self, name: str, state: ServiceState, pid: int | None, detail: str | None) -> None:
        """Write down a state; while the database is away it is only logged."""
        if self._conninfo is None or (name == _DATABASE and state != "ready"):
            return
        try:
            connection = await connect(self._conninfo, application="anxin supervisor")
            async with connection:
                await report(connection, name, state, pid, detail)
        except psycopg.Error as error:
            if state != "stopped":
                _log.warning("state not written", service=name, state=state, error=type(error).__name__)

    async def until_ready(
        self, roles: Mapping[str, Process], supervisor: Supervisor, progress: Callable[[str], None]
    ) -> None:
        """Wait until every role says that it is ready.

        Raises:
            ChildFailed: if one keeps dying; the message ends with what it said.
        """
        loop = asyncio.get_running_loop()
        told = loop.time()
        while waiting := await self._not_ready(roles):
            for name in waiting:
                if supervisor.deaths[name] >= _GIVE_UP_AFTER_DEATHS:
                    raise ChildFailed(f"the role {name} does not start:\n{_last_words(roles[name])}")
            if loop.time() - told > _TELL_EVERY_S:
                told = loop.time()
                described = [f"{name} ({detail})" if detail else name for name, detail in waiting.items()]
                progress(f"waits for {', '.join(described)}")
            await asyncio.sleep(_POLL_S)

    async def _not_ready(self, roles: Mapping[str, Process]) -> dict[str, str | None]:
        """The roles that are not ready, each with what it says it is doing."""
        statuses: dict[tuple[str, int | None], RoleStatus] = {}
        if self._conninfo is not None:
            try:
                connection = await connect(self._conninfo, application="anxin supervisor")
                async with connection:
                    statuses = {(status.role, status.pid): status for status in await all_roles(connection)}
            except psycopg.OperationalError:
                pass
        waiting: dict[str, str | None] = {}
        for name, role in roles.items():
            status = None if role.child is None else statuses.get((name, role.child.pid))
            if status is None or status.state != "ready":
                waiting[name] = None if status is None else status.detail
        return waiting


def _last_words(role: Process) -> str:
    if role.log is None:
        return "its last lines stand above"
    lines = role.log.read_text(errors="replace").splitlines() if role.log.exists() else []
    return "\n".join(lines[-_LAST_LINES:])
