"""What becomes of a file: the fate of each line, told before anything is written."""

from __future__ import annotations

import hashlib
from typing import Final, Literal

import msgspec

from dashboards.exchange.columns import Kind
from dashboards.exchange.faults import Fault
from dashboards.exchange.lines import Sheet
from dashboards.exchange.tables import Format

Fate = Literal["create", "update", "unchanged", "faulty"]


class Change(msgspec.Struct, frozen=True, kw_only=True, rename={"before": "from", "after": "to"}):
    """One field that a line changes, as text; ``column`` is its header in the file, or the field's name."""

    column: str
    before: str
    after: str


class LineFate(msgspec.Struct, kw_only=True):
    """One line. ``key``: its number, else its id, else its name. ``cells``: of faulty lines, to be mended."""

    line: int
    sheet: str
    kind: Kind
    fate: Fate
    key: str
    name: str = ""
    problems: list[Fault] = []
    changes: list[Change] = []
    cells: list[str] | None = None


class Counts(msgspec.Struct, kw_only=True):
    """Lines by their fate."""

    create: int = 0
    update: int = 0
    unchanged: int = 0
    faulty: int = 0


class Outcome(msgspec.Struct, kw_only=True):
    """What a file would do, or has done when ``dry_run`` is False.

    ``token`` stands for exactly this outcome: who applies with it is refused when it would come out differently.
    ``new_devices``: registered without a password of their own; they get one each on the device's page.
    """

    dry_run: bool
    format: Format
    encoding: str
    counts: Counts
    token: str
    new_devices: int
    sheets: list[Sheet]
    lines: list[LineFate]


_LENGTH: Final = 32


def token_of(data: bytes, lines: list[LineFate]) -> str:
    """A fingerprint of a file and what would become of it."""
    digest = hashlib.sha256(hashlib.sha256(data).digest())
    digest.update(msgspec.json.encode(lines))
    return digest.hexdigest()[:_LENGTH]
