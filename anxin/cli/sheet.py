"""``anxin sheet``: the emergency sheet by hand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import click

from anxin.cli.options import Where, on_a_system


@click.command()
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write.")
@click.option("--site", help="Whose sheet, by the site's id [the only one].")
@click.option("--language", type=click.Choice(("zh", "en")), help="[the console's]")
@on_a_system
def sheet(where: Where, out: Path, site: str | None, language: Any) -> None:
    """Write the emergency sheet of a site as PDF: open alarms, checks that wait, and a card of everybody.

    It holds everybody's phones and illnesses: only you can read the file.
    """
    from anxin.sheets import write_by_hand

    unknown = asyncio.run(write_by_hand(where.settings(), out, site=site, language=language))
    click.echo(f"written to {out}", err=True)
    if unknown:
        click.echo(f"{unknown} rare characters are in no font of this machine and stand there as 〓", err=True)
