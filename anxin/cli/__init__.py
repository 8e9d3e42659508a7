"""The command ``anxin``: each command reads its options, wires one call and prints the answer; no logic here."""

from __future__ import annotations

import click

from anxin.cli.audit import audit
from anxin.cli.backtest import backtest
from anxin.cli.bench import bench
from anxin.cli.device import device
from anxin.cli.evaluate import evaluate
from anxin.cli.exchange import export_command, import_command
from anxin.cli.rules import rules
from anxin.cli.running import demo, role, status, up
from anxin.cli.sheet import sheet
from anxin.cli.simulate import simulate
from anxin.cli.staff import staff


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="anxin")
def main() -> None:
    """Anxin: an open, event-driven eldercare safety system."""


for command in (
    up,
    demo,
    role,
    status,
    simulate,
    staff,
    audit,
    device,
    rules,
    import_command,
    export_command,
    sheet,
    backtest,
    evaluate,
    bench,
):
    main.add_command(command)
