"""``anxin device``: devices and how they sign in to the broker."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import click

from anxin.cli.options import Where, on_a_system, say


@click.group()
def device() -> None:
    """Devices and how they sign in."""


def _tell_credentials(provisioned: Any, *, as_json: bool) -> None:
    answer = dataclasses.asdict(provisioned)
    if as_json:
        say(json.dumps(answer))
    else:
        for name, value in answer.items():
            click.echo(f"{name:9} {value}")


@device.command()
@click.argument("site")
@click.argument("device_id", metavar="DEVICE")
@click.option("--type", "kind", default="band", show_default=True)
@click.option("--resident", help="Who wears it.")
@click.option("--json", "as_json", is_flag=True)
@on_a_system
def add(
    where: Where,
    site: str,
    device_id: str,
    kind: str,
    resident: str | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Register a device and print how it signs in."""
    from anxin.provisioning import provision

    provisioned = asyncio.run(provision(where.settings(), site, device_id, kind=kind, resident=resident))
    _tell_credentials(provisioned, as_json=as_json)


@device.command()
@click.argument("device_id", metavar="DEVICE")
@click.option("--json", "as_json", is_flag=True)
@on_a_system
def credentials(where: Where, device_id: str, as_json: bool) -> None:  # noqa: FBT001
    """Give a device a new password and print it."""
    from anxin.provisioning import renew_credentials

    _tell_credentials(asyncio.run(renew_credentials(where.settings(), device_id)), as_json=as_json)


@device.command()
@click.argument("device_id", metavar="DEVICE")
@on_a_system
def revoke(where: Where, device_id: str) -> None:
    """Take a device out of service; its readings stay."""
    from anxin.provisioning import revoke as take_out_of_service

    asyncio.run(take_out_of_service(where.settings(), device_id))
    click.echo(f"device {device_id} revoked", err=True)
