"""``anxin audit``: whether the log of who looked at whom is what was written."""

from __future__ import annotations

import asyncio
import sys

import click
import msgspec

from anxin.cli.options import Where, give_up, on_a_system, say


@click.group()
def audit() -> None:
    """The log of who looked at whom, signed in, and took records out."""


@audit.command()
@click.option("--expect", help="N:HASH that an earlier run printed and that was kept elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_a_system
def verify(where: Where, expect: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Recompute the chain of all entries, and say which is the first that does not follow; then the status is 1.

    Keep the printed N:HASH away from this machine: only against it does an end that was cut off show, or a log that
    was written anew.
    """
    from anxin.auditing import verify_audit

    expected = None
    if expect is not None:
        n, _, head = expect.partition(":")
        if not n.isdigit() or len(head) != 64:
            give_up("--expect: N:HASH, as an earlier run printed it")
        expected = int(n), head.lower()
    found = asyncio.run(verify_audit(where.settings(), expected))
    if as_json:
        say(msgspec.json.encode(found._asdict() | {"broken": found.broken and found.broken._asdict()}).decode())
    elif found.broken is None:
        say(f"{found.entries} entries hold, {found.pieces_ended} pieces have ended; keep {found.n}:{found.head}")
    else:
        say(f"entry {found.broken.n} is the first that does not hold: {found.broken.why}")
    sys.exit(0 if found.broken is None else 1)
