"""``anxin import`` and ``anxin export``: residents, devices, contacts and zones in files."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from anxin.cli.options import Where, on_a_system, progress, say

KINDS: Final = ("residents", "devices", "contacts", "fences")
_LINES_SHOWN: Final = 200


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--site", help="The site of lines that name none, by its id or name.")
@click.option("--kind", type=click.Choice(KINDS), help="What the file holds [told from its columns].")
@click.option("--apply", "apply_it", is_flag=True, help="Do it; without this only what would happen is told.")
@click.option("--skip-faulty", is_flag=True, help="Take the good lines though others are faulty.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object with every line.")
@on_a_system
def import_command(
    where: Where,
    file: Path,
    site: str | None,
    kind: Any,
    apply_it: bool,  # noqa: FBT001
    skip_faulty: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Take residents, devices, contacts and zones from a CSV or XLSX FILE: a dry run unless told to --apply.

    Ends with 1 when lines are faulty.
    """
    from anxin.exchange import import_file

    outcome = asyncio.run(
        import_file(
            where.settings(), file, site=site, kind=kind, apply=apply_it, skip_faulty=skip_faulty, progress=progress
        )
    )
    if as_json:
        say(msgspec.json.encode(outcome).decode())
    else:
        _tell(outcome)
        if outcome.dry_run:
            click.echo("nothing was changed" + ("" if apply_it else ": this was a dry run, --apply does it"), err=True)
    if outcome.counts.faulty:
        sys.exit(1)


def _tell(outcome: Any) -> None:
    """The file's tables, a table of the lines that are not simply taken, and the counts."""
    for sheet in outcome.sheets:
        name = f"{sheet.sheet}: " if sheet.sheet else ""
        if sheet.kind is None:
            click.echo(f"{name}no column names found, left out")
            continue
        click.echo(f"{name}{sheet.kind}, column names in line {sheet.header_line}")
        if sheet.unknown:
            click.echo(f"{name}columns that nobody knows, left out: {', '.join(sheet.unknown)}")
    told = [line for line in outcome.lines if line.fate in ("faulty", "update")]
    for line in told[:_LINES_SHOWN]:
        at = f"{line.sheet} {line.line}".strip()
        click.echo(f"{at:>8}  {line.fate:9}  {line.key}")
        for each in line.problems:
            value = "" if each.value in (None, "") else f" ({each.value})"
            click.echo(f"{'':21}{each.column or 'the line'}: {each.problem}{value}")
        for each in line.changes:
            click.echo(f"{'':21}{each.column}: {each.before or '–'} → {each.after or '–'}")
    if len(told) > _LINES_SHOWN:
        click.echo(f"{'':8}  … and {len(told) - _LINES_SHOWN} lines more: --json shows all")
    counts = outcome.counts
    click.echo(f"create {counts.create}, update {counts.update}, unchanged {counts.unchanged}, faulty {counts.faulty}")
    if outcome.new_devices:
        click.echo(f"{outcome.new_devices} new devices need a password each: anxin device credentials DEVICE")


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "form", type=click.Choice(("xlsx", "csv")), help="[told from FILE's name]")
@click.option("--kind", type=click.Choice(KINDS), help="One kind; XLSX without this holds all [CSV: residents].")
@click.option("--site", help="Only one site, by its id.")
@click.option("--language", type=click.Choice(("zh", "en")), default="zh", show_default=True, help="Of column names.")
@on_a_system
def export_command(where: Where, file: Path, form: Any, kind: Any, site: str | None, language: Any) -> None:
    """Write residents, devices, contacts and zones to FILE; importing it again changes nothing."""
    from anxin.exchange import export_file

    count = asyncio.run(export_file(where.settings(), file, form=form, kind=kind, site=site, language=language))
    click.echo(f"{count} records written to {file}", err=True)
