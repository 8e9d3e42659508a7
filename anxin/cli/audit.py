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
@click.option("--head", "--expect", help="N:HASH of an emergency sheet, of the log, or of an earlier run.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_a_system
def verify(where: Where, head: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Recompute the chain of all entries, and say which is the first that does not follow; then the status is 1.

    Only against a head that was kept where nobody who has the database can change it does an end that was cut off
    show, or a log that was written anew: each emergency sheet carries one, the dispatcher's log one a day, and this
    prints one.
    """
    from anxin.auditing import verify_audit
    from gateway.store.audit_chain import SHORTEST, Head

    expected = None
    if head is not None:
        try:
            expected = Head.parse(head)
        except ValueError:
            give_up(f"--head: N:HASH with {SHORTEST} digits of the hash or more, as a sheet or an earlier run has it")
    found = asyncio.run(verify_audit(where.settings(), expected))
    if as_json:
        say(msgspec.json.encode(found._asdict() | {"broken": found.broken and found.broken._asdict()}).decode())
    elif found.broken is None:
        say(f"{found.entries} entries hold, {found.pieces_ended} pieces have ended; keep {found.n}:{found.head}")
        if expected is not None:
            told = "is as it was" if found.checked else "has ended with the oldest pieces: nothing to compare"
            say(f"entry {expected.n} {told}")
    else:
        say(f"entry {found.broken.n} is the first that does not hold: {found.broken.why}")
    sys.exit(0 if found.broken is None else 1)
