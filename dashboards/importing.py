"""An import with its I/O: the registry is read, the file planned apart, the plan written at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from dashboards.exchange import Outcome, Planned
from dashboards.exchange.columns import Kind
from dashboards.planning_apart import plan_apart
from devices.refusals import Refusal
from gateway.store.connection import Connection
from gateway.store.errors import StoreError
from gateway.store.registry.bulk import RefusedLine, RegistryMoved, snapshot, write

_TRIES: Final = 5
"""How often an import is planned anew because somebody changed the registry meanwhile. Source: assumption."""
_REFUSALS: Final = 20
"""How many lines the database may refuse, each found by planning anew without it. Source: assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An import as it was asked for.

    Args:
        data: The file.
        actor: Whose change it is.
        sites: Those that the actor may see, empty for all.
        site: Of lines that name none.
        kind: What its tables hold, where that must not be told from the columns.
        apply: Write it; else only tell what would happen.
        skip_faulty: Write the good lines when others are faulty; else write nothing then.
        token: Of the dry run that somebody has looked at: write exactly that or nothing.
    """

    data: bytes
    actor: str
    sites: Sequence[str] = ()
    site: str | None = None
    kind: Kind | None = None
    apply: bool = False
    skip_faulty: bool = False
    token: str | None = None


class HasFaults(StoreError):
    """Some lines are faulty and were not to be left out: nothing was written."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(
            Refusal("import.faulty_lines", "{count} lines are faulty: nothing was changed", count=outcome.counts.faulty)
        )
        self.outcome = outcome


class CameOutDifferently(StoreError):
    """It would not do what the dry run said: nothing was written."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(
            Refusal("import.moved", "the registry has changed since the dry run: look at what would happen now")
        )
        self.outcome = outcome


async def run_import(
    conn: Connection, wanted: Wanted, now_ms: Callable[[], int], progress: Callable[[str], None] | None = None
) -> Outcome:
    """Tell what a file would do, or do it, in one transaction.

    Raises:
        Unreadable: It is no table that can be read.
        HasFaults, CameOutDifferently: Nothing was written.
        RegistryMoved: Somebody changed the registry at every try.
    """
    refused: dict[int, str] = {}
    tries = 0
    while True:
        planned = await _planned(conn, wanted, refused, now_ms(), progress)
        outcome = planned.outcome
        if not wanted.apply:
            return outcome
        if wanted.token is not None and not refused and outcome.token != wanted.token:
            raise CameOutDifferently(outcome)
        if outcome.counts.faulty and not wanted.skip_faulty:
            raise HasFaults(outcome)
        if progress:
            progress("writing")
        try:
            await write(conn, wanted.actor, planned.bulk, version=planned.version, now=now_ms())
        except RegistryMoved:
            tries += 1
            if tries == _TRIES:
                raise
        except RefusedLine as error:
            if len(refused) == _REFUSALS:
                raise
            refused[error.line] = error.why
        else:
            return msgspec.structs.replace(outcome, dry_run=False)


async def _planned(
    conn: Connection, wanted: Wanted, refused: dict[int, str], now: int, progress: Callable[[str], None] | None
) -> Planned:
    if progress:
        progress("reading the registry")
    known = await snapshot(conn, wanted.sites)
    if progress:
        progress("checking each line")
    return await plan_apart(
        wanted.data, known, sites=wanted.sites, site=wanted.site, kind=wanted.kind, now=now, refused=refused
    )
