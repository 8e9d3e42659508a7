"""From a file's bytes to its outcome: read, planned, counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dashboards.exchange.book import Book
from dashboards.exchange.columns import Kind
from dashboards.exchange.context import Context
from dashboards.exchange.fates import Counts, LineFate, Outcome, token_of
from dashboards.exchange.faults import Faulty, Unreadable
from dashboards.exchange.lines import read_lines
from dashboards.exchange.planning import plan_lines
from dashboards.exchange.reading import read_tables
from gateway.store.registry_bulk import Bulk, Snapshot


@dataclass(frozen=True, slots=True)
class Planned:
    """What a file would do, and the rows that do it at the registry's ``version``; rows name lines by their place."""

    outcome: Outcome
    bulk: Bulk
    version: int


def plan_file(
    data: bytes,
    snapshot: Snapshot,
    *,
    sites: Iterable[str],
    site: str | None,
    kind: Kind | None,
    now: int,
    refused: Mapping[int, str] | None = None,
) -> Planned:
    """What the file would do to the registry as the snapshot has it.

    Args:
        data: The file.
        snapshot: The registry as it is.
        sites: Those that the account may see, empty for all.
        site: Of lines that name none, by id or name; where the account sees a single one, that.
        kind: What its tables hold, where that must not be told from the columns.
        now: ms.
        refused: Lines by their place that the database refused when it was tried, with the reason.

    Raises:
        Unreadable: It is no table that can be read, or there is no such site.
    """
    tables = read_tables(data)
    lines, sheets = read_lines(tables, kind)
    book = Book(snapshot, sites)
    for place, why in (refused or {}).items():
        lines[place].refuse("", Faulty("refused", why=why))
    fates = plan_lines(lines, Context(book, _default_site(book, site), now))
    outcome = Outcome(
        dry_run=True,
        format=tables.format,
        encoding=tables.encoding,
        counts=_counts(fates),
        token=token_of(data, fates),
        new_devices=sum(row.new for row in book.bulk.devices),
        sheets=sheets,
        lines=fates,
    )
    return Planned(outcome, book.bulk, snapshot.version)


def _default_site(book: Book, site: str | None) -> str | None:
    if site is None:
        return next(iter(book.sites)) if len(book.sites) == 1 else None
    try:
        return book.site(site)
    except Faulty:
        raise Unreadable("site_unknown") from None


def _counts(fates: list[LineFate]) -> Counts:
    counts = Counts()
    for each in fates:
        setattr(counts, each.fate, getattr(counts, each.fate) + 1)
    return counts
