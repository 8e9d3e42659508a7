"""``python -m anxin.health [DATA_DIR]``: whether what ``anxin up`` runs in a folder does its work.

For a container's health check: status 0, or 1 with one line for each thing that is wrong. It is started twice a
minute beside the work itself, so it loads little: neither the command line nor, without a dispatcher, psycopg.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from anxin.embedded.proof import ProcessRecord

PATIENCE_S: Final = 4.0
_NOTE: Final = "health"
_LISTENER: Final = "anxin dispatcher listener"


def leave_note(run: Path, roles: Sequence[str], answers: Mapping[str, tuple[str, int]]) -> None:
    """Write down what is to be looked at: these roles, and where some of them answer ``/readyz``."""
    (run / _NOTE).write_text(json.dumps({"roles": list(roles), "answers": answers}))


def take_note_away(run: Path) -> None:
    """The system stops."""
    (run / _NOTE).unlink(missing_ok=True)


def roles_here(run: Path) -> tuple[str, ...] | None:
    """The roles of the system that is up there; None when none is."""
    try:
        return tuple(json.loads((run / _NOTE).read_text())["roles"])
    except (OSError, ValueError):
        return None


def complaints(data_dir: Path) -> Iterator[str]:
    """What is wrong, in words; nothing when all is well."""
    run = data_dir / "run"
    try:
        note = json.loads((run / _NOTE).read_text())
    except (OSError, ValueError):
        yield f"no system is up in {data_dir}"
        return
    for role in note["roles"]:
        record = ProcessRecord.read(run / f"{role}.pid")
        if record is None or not record.is_running():
            yield f"{role} is not running"
        elif role in note["answers"]:
            host, port = note["answers"][role]
            if (answer := _readyz(host, port)) != http.client.OK:
                yield f"{role} is not ready: {answer}"
        elif role == "dispatcher" and (wrong := _dispatcher_complaint()):
            yield wrong


def _readyz(host: str, port: int) -> int | str:
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
    finally:
        connection.close()


def _dispatcher_complaint() -> str | None:
    """It serves nobody; but whoever works listens to the database."""
    import asyncio

    import psycopg

    from anxin.settings import load_settings
    from gateway.store.connection import connect
    from gateway.store.roles import listens

    url = load_settings().database.url
    if url is None:
        return None

    async def ask(conninfo: str) -> str | None:
        connection = await connect(conninfo, application="anxin health")
        async with connection:
            return None if await listens(connection, _LISTENER) else "dispatcher does not listen to the database"

    try:
        return asyncio.run(ask(url.get_secret_value()))
    except psycopg.OperationalError as error:
        return f"dispatcher: the database does not answer ({type(error).__name__})"


def main() -> int:
    """Print what is wrong; the exit status is 1 if anything is."""
    told = sys.argv[1:2] or [os.environ.get("ANXIN_DATA_DIR", "anxin-data")]
    found = list(complaints(Path(told[0])))
    for line in found:
        sys.stderr.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
