"""``anxin rules``: the parameters of the rules, for everyone, a site or a resident."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, Final

import click

from anxin.cli.options import SWITCH, WORKING_POINTS, Where, give_up, on_a_system, say

_NAMED: Final = {"enabled": SWITCH, "tell_goes_on": SWITCH, "working_point": WORKING_POINTS}
"""What a parameter takes besides a number, by the end of its name."""


def _for_whom(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a layer."""
    for option in (
        click.option("--resident", help="For one resident, by id."),
        click.option("--site", help="For one site."),
    ):
        command = option(command)
    return command


@click.group()
def rules() -> None:
    """When the rules raise an alarm: the parameters in force, and setting them."""


@rules.command(name="list")
@_for_whom
@click.option("--set", "only_set", is_flag=True, help="Only what somebody set.")
@click.option("--json", "as_json", is_flag=True)
@on_a_system
def list_rules(
    where: Where,
    site: str | None,
    resident: str | None,
    only_set: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """Print what is in force, and from which layer it comes."""
    from anxin.rules import rules_in_force

    found = asyncio.run(rules_in_force(where.settings(), site=site, resident=resident))
    shown = {name: value for name, value in found.items() if not only_set or value.layer != "default"}
    if as_json:
        say(json.dumps({name: _as_json(value) for name, value in shown.items()}))
        return
    for name, value in shown.items():
        click.echo(f"{name:44} {value.value:>10g}  {value.layer}")


@rules.command(name="set")
@click.argument("values", metavar="NAME=VALUE...", nargs=-1, required=True)
@_for_whom
@on_a_system
def set_values(where: Where, values: tuple[str, ...], site: str | None, resident: str | None) -> None:
    """Set parameters, all or none.

    "anxin rules list" names them. Those that end in .enabled or .tell_goes_on take on and off, too;
    fall.motion.working_point takes sensitive, balanced and quiet.
    """
    _set(where, dict(map(_parted, values)), site, resident, done="set")


@rules.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@_for_whom
@on_a_system
def unset(where: Where, names: tuple[str, ...], site: str | None, resident: str | None) -> None:
    """Take settings back: the layer below is in force again."""
    _set(where, dict.fromkeys(names), site, resident, done="taken back")


def _set(where: Where, values: dict[str, float | None], site: str | None, resident: str | None, *, done: str) -> None:
    from anxin.rules import set_rules

    if site is not None and resident is not None:
        give_up("a setting is for a site or for a resident, not for both")
    asyncio.run(set_rules(where.settings(), values, site=site, resident=resident))
    click.echo(f"{len(values)} {done} for {resident or site or 'everyone'}", err=True)


def _parted(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    named = _NAMED.get(name.rpartition(".")[2], {})
    try:
        return name, named[value] if value in named else float(value)
    except ValueError:
        give_up(f"{text!r} is no NAME=VALUE with a number")


def _as_json(value: Any) -> dict[str, Any]:
    return {"value": value.value, "layer": value.layer, "version": value.version}
