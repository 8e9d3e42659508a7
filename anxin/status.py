"""``anxin status``: what runs, as the store and the processes say."""

from __future__ import annotations

from typing import Any

import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict

from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import ProcessRecord
from anxin.settings import Settings
from anxin.store_access import open_existing
from gateway.store.connection import connect
from gateway.store.queries import counters
from gateway.store.roles import all_roles
from gateway.store.upkeep import upkeep_runs


async def status(settings: Settings) -> dict[str, Any]:
    """Roles, broker, database, queues, upkeep. ``running`` tells whether the process is there now.

    Raises:
        FolderError: if the data folder holds no system.
    """
    folder = open_existing(settings.data_dir)
    records = [ProcessRecord.read(path) for path in folder.run.glob("*.pid")]
    running = {record.name: record.pid for record in records if record is not None and record.is_running()}
    url = settings.database.url
    conninfo = EmbeddedPostgres(folder).conninfo if url is None else url.get_secret_value()
    answer: dict[str, Any] = {
        "data_dir": str(folder.path),
        "broker": {"running": "broker" in running, "pid": running.get("broker")},
        "database": {
            "running": False,
            "pid": running.get("postgres"),
            "host": conninfo_to_dict(conninfo).get("host"),
        },
        "roles": [],
        "upkeep": [],
        "queues": None,
    }
    try:
        connection = await connect(conninfo, application="anxin status")
    except psycopg.OperationalError:
        return answer
    async with connection:
        answer["database"]["running"] = True
        answer["roles"] = [
            {**msgspec.to_builtins(role), "running": running.get(role.role) == role.pid and role.pid is not None}
            for role in await all_roles(connection)
        ]
        answer["upkeep"] = [run._asdict() for run in await upkeep_runs(connection)]
        answer["queues"] = msgspec.to_builtins(await counters(connection))
    return answer
