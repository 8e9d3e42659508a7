"""``anxin status``: what runs, as the store and the processes say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import ProcessRecord
from anxin.foreign_broker import why_not_let_in
from anxin.health import roles_here
from anxin.settings import ROLES, Settings
from anxin.store_access import open_existing
from devices.clock import SystemClock
from gateway.store.connection import connect
from gateway.store.listening import listened
from gateway.store.migrate import steps_behind
from gateway.store.queries import counters
from gateway.store.roles import all_roles
from gateway.store.upkeep import upkeep_runs


async def status(settings: Settings) -> dict[str, Any]:
    """Roles, broker, database, queues, upkeep, desks; ``running``: the process is there now (None: on another machine).

    Of a database that is behind this version's schema (``steps_behind``) no more is told than that.

    Raises:
        FolderError: if the data folder holds no system.
    """
    folder = open_existing(settings.data_dir)
    records = [ProcessRecord.read(path) for path in folder.run.glob("*.pid")]
    running = {record.name: record.pid for record in records if record is not None and record.is_running()}
    here = roles_here(folder.run)
    elsewhere = set() if here is None else set(ROLES) - set(here)
    url = settings.database.url
    conninfo = EmbeddedPostgres(folder).conninfo if url is None else url.get_secret_value()
    answer: dict[str, Any] = {
        "data_dir": str(folder.path),
        "broker": await _broker(settings, running),
        "database": {
            "running": False,
            "pid": running.get("postgres"),
            "host": conninfo_to_dict(conninfo).get("host"),
        },
        "roles": [],
        "upkeep": [],
        "desks": [],
        "queues": None,
    }
    try:
        connection = await connect(conninfo, application="anxin status")
    except psycopg.OperationalError:
        return answer
    async with connection:
        answer["database"]["running"] = True
        answer["database"]["steps_behind"] = behind = await steps_behind(connection)
        if behind:
            return answer
        answer["roles"] = [
            {
                **msgspec.to_builtins(role),
                "running": None
                if role.role in elsewhere
                else running.get(role.role) == role.pid and role.pid is not None,
            }
            for role in await all_roles(connection)
        ]
        answer["upkeep"] = [run._asdict() for run in await upkeep_runs(connection)]
        answer["desks"] = msgspec.to_builtins(await listened(connection, SystemClock().now_ms()))
        answer["queues"] = msgspec.to_builtins(await counters(connection))
    return answer


async def _broker(settings: Settings, running: Mapping[str, int]) -> dict[str, Any]:
    """Ours by its process; one of your own by whether it lets us in."""
    if settings.mqtt.broker is None:
        return {"running": "broker" in running, "pid": running.get("broker")}
    reason = await why_not_let_in(settings.mqtt)
    return {"running": reason is None, "pid": None, "reason": reason}
