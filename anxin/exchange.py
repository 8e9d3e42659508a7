"""``anxin import`` and ``anxin export``: the registry from a file and into one, on a running or a stopped system."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal

from anxin.embedded.errors import StartError
from anxin.settings import Settings
from anxin.store_access import database_of
from dashboards.exchange import Outcome, Unreadable
from dashboards.exchange.columns import KINDS, Kind
from dashboards.exchange.export import Language, rows_of, to_csv
from dashboards.exchange.workbooks import to_xlsx
from dashboards.importing import HasFaults, Wanted, run_import
from devices.clock import SystemClock
from gateway.store.audit_log import Entry, append
from gateway.store.connection import Connection, connect
from gateway.store.errors import StoreError
from gateway.store.registry.bulk import snapshot
from gateway.store.registry_records import Site

_ACTOR: Final = "command line"


@asynccontextmanager
async def _registry(settings: Settings) -> AsyncIterator[Connection]:
    async with database_of(settings) as conninfo, await connect(conninfo, application="anxin exchange") as connection:
        yield connection


async def import_file(
    settings: Settings,
    file: Path,
    *,
    site: str | None,
    kind: Kind | None,
    apply: bool,
    skip_faulty: bool,
    progress: Callable[[str], None],
) -> Outcome:
    """What a file would do, or has done. Where faulty lines kept everything from being done, ``dry_run`` stays True.

    Raises:
        StartError: The file cannot be read, or the registry cannot be written.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}") from None
    wanted = Wanted(data=data, actor=_ACTOR, site=site, kind=kind, apply=apply, skip_faulty=skip_faulty)
    try:
        async with _registry(settings) as connection:
            return await run_import(connection, wanted, SystemClock().now_ms, progress)
    except HasFaults as error:
        return error.outcome
    except (Unreadable, StoreError) as error:
        raise StartError(f"{file}: {error}") from None


async def export_file(
    settings: Settings,
    file: Path,
    *,
    form: Literal["csv", "xlsx"] | None,
    kind: Kind | None,
    site: str | None,
    language: Language,
) -> int:
    """Write the registry to a file; how many records it holds. ``form`` None: CSV where its name ends so, else XLSX.

    Raises:
        StartError: The file cannot be written, or there is no such site.
    """
    async with _registry(settings) as connection:
        now, told = SystemClock().now_ms(), {"format": form or "by name", "kind": kind or "all"}
        entry = Entry(act="export", at=now, actor=_ACTOR, via=_ACTOR, what="registry", site=site, detail={**told})
        await append(connection, [entry])
        known = await snapshot(connection, [] if site is None else [site])
    if site is not None and not known.rows[Site]:
        raise StartError(f"there is no site {site}")
    as_csv = form == "csv" or (form is None and file.suffix.lower() == ".csv")
    kinds: tuple[Kind, ...] = (kind,) if kind else ("residents",) if as_csv else KINDS
    sheets = [(each, rows_of(known, each, site)) for each in kinds]
    data = to_csv(sheets[0][1], sheets[0][0], language) if as_csv else to_xlsx(sheets, language)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise StartError(f"{file}: {error.strerror}") from None
    return sum(len(rows) for _, rows in sheets)
