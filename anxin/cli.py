"""The command ``anxin``."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import click
from pydantic import ValidationError

from anxin.embedded.errors import StartError
from anxin.logs import configure_logging
from anxin.settings import ROLES, RoleName, Settings, from_environment, load_settings
from anxin.until_told import run_until_told_to_stop

STAFF_ROLES: Final = ("admin", "manager", "supervisor", "duty", "responder", "auditor")
_STARTED = time.monotonic()


def _give_up(reason: object) -> NoReturn:
    click.echo(f"anxin: {reason}", err=True)
    sys.exit(1)


def _say(line: str) -> None:
    """The lines that other programs read, at once."""
    click.echo(line)
    sys.stdout.flush()


def _progress(line: str) -> None:
    click.echo(f"[{time.monotonic() - _STARTED:5.1f} s] {line}", err=True)


def _settings(config: Path | None, **told: Any) -> Settings:
    """The settings, with what was told on the command line (``section__name``) on top."""
    nested: dict[str, Any] = {}
    for key, value in told.items():
        if value is not None:
            section, _, name = key.partition("__")
            if name:
                nested.setdefault(section, {})[name] = value
            else:
                nested[section] = value
    try:
        return load_settings(config, nested)
    except ValidationError as error:
        # Only where and what is wrong: the values may be secrets.
        _give_up("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
    except (OSError, ValueError) as error:
        _give_up(error)


def _where(command: Callable[..., None]) -> Callable[..., None]:
    """The options of every command that works on a system."""
    for option in (
        click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings, a TOML file."),
        click.option("--data-dir", type=click.Path(path_type=Path), help="The system's folder [./anxin-data]."),
        click.option("--database", help="A PostgreSQL of your own (conninfo or URL)."),
    ):
        command = option(command)
    return command


_password = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, unasked.")


def _read_password(*, from_stdin: bool) -> str:
    """A password from standard input, or asked for twice at a terminal."""
    if not from_stdin and sys.stdin.isatty():
        asked: str = click.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        _give_up("the password on standard input is empty")
    return password


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="anxin")
def main() -> None:
    """Anxin: an open, event-driven eldercare safety system."""


@main.command()
@_where
@click.option("--roles", help=f"Which roles to run [{','.join(ROLES)}].")
@click.option("--port", type=int, help="The console's port, 0 for a free one [8080].")
@click.option("--mqtt-port", type=int, help="The embedded broker's port, 0 for a free one [1883].")
@click.option("--listen", help="The address to listen on [127.0.0.1].")
@click.option("--broker", help="A broker of your own: HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT.")
def up(
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
    roles: str | None,
    port: int | None,
    mqtt_port: int | None,
    listen: str | None,
    broker: str | None,
) -> None:
    """Run the system until it is told to stop."""
    settings = _settings(
        config,
        data_dir=data_dir,
        database__url=database,
        roles=None if roles is None else tuple(roles.split(",")),
        console__port=port,
        console__listen=listen,
        mqtt__port=mqtt_port,
        mqtt__listen=listen,
        mqtt__broker=broker,
    )
    if set(settings.roles) != set(ROLES) and (settings.database.url is None or settings.mqtt.broker is None):
        _give_up("split roles need --database and --broker, which all of them share")
    from anxin.up import up as run_up

    configure_logging(readable=True)
    try:
        run_until_told_to_stop(run_up(settings, say=_say, progress=_progress))
    except (StartError, ValueError) as error:
        _give_up(error)


@main.command()
@_where
@click.option("--port", type=int, help="The console's port, 0 for a free one [8080, or a free one].")
@click.option("--mqtt-port", type=int, help="The embedded broker's port, 0 for a free one [1883, or a free one].")
@click.option("--listen", help="The address to listen on [127.0.0.1].")
def demo(
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
    port: int | None,
    mqtt_port: int | None,
    listen: str | None,
) -> None:
    """Run the system with an invented community and a page on which one plays the wearer of a band.

    Its folder is ./anxin-demo-data unless told otherwise. Nobody outside is ever called.
    """
    from anxin.demo.system import demo as run_demo

    settings = _settings(
        config,
        data_dir=data_dir or Path("anxin-demo-data"),
        database__url=database,
        console__port=port,
        console__listen=listen,
        mqtt__port=mqtt_port,
        mqtt__listen=listen,
    )
    configure_logging(readable=True)
    try:
        run_until_told_to_stop(run_demo(settings, say=_say, progress=_progress))
    except (StartError, ValueError) as error:
        _give_up(error)


@main.command(hidden=True)
@click.argument("name", type=click.Choice(ROLES))
@click.option("--data-dir", type=click.Path(path_type=Path))
def role(name: RoleName, data_dir: Path | None) -> None:  # noqa: ARG001
    """Run one role; its supervisor hands it its settings in the environment."""
    configure_logging(readable=False)
    try:
        settings = from_environment()
    except KeyError:
        _give_up("a role is started by `anxin up`")
    from anxin import roles

    mains = {"gateway": roles.gateway, "dispatcher": roles.dispatcher, "console": roles.console}
    run_until_told_to_stop(mains[name](settings))


@main.command()
@_where
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(config: Path | None, data_dir: Path | None, database: str | None, as_json: bool) -> None:  # noqa: FBT001
    """Show roles, broker, database and queues."""
    from anxin.status import status as ask

    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        answer = asyncio.run(ask(settings))
    except StartError as error:
        _give_up(error)
    if as_json:
        _say(json.dumps(answer, ensure_ascii=False))
        return
    for part in ("broker", "database"):
        click.echo(f"{part:12} {'running' if answer[part]['running'] else 'stopped'}")
    for known in answer["roles"]:
        state = known["state"] if known["running"] else f"{known['state']}, not running"
        click.echo(f"{known['role']:12} {state}, restarts {known['restarts']}, {known['detail'] or ''}".rstrip(", "))
    for name, value in (answer["queues"] or {}).items():
        click.echo(f"{name:12} {value}")


@main.command()
@_where
@click.option("--broker", help="Which broker: HOST:PORT or mqtt://USER:PASSWORD@HOST:PORT [the system's own].")
@click.option("--site", default="demo", show_default=True)
@click.option("--residents", type=click.IntRange(min=1), default=200, show_default=True)
@click.option("--speed", type=float, default=1.0, show_default=True, help="How much faster than life.")
@click.option("--scenario", default="ordinary", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def simulate(
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
    broker: str | None,
    site: str,
    residents: int,
    speed: float,
    scenario: str,
    seed: int,
) -> None:
    """Run the simulator alone, at any broker."""
    from anxin.simulation import broker_address
    from simulator.main import Options, run

    configure_logging(readable=True)
    settings = _settings(config, data_dir=data_dir, database__url=database, mqtt__broker=broker)
    try:
        options = Options(
            broker=broker_address(settings, site),
            site=site,
            residents=residents,
            speed=speed,
            scenario=scenario,
            seed=seed,
        )
        run_until_told_to_stop(run(options, _say))
    except (StartError, ValueError) as error:
        _give_up(error)


@main.group()
def staff() -> None:
    """Accounts of the people who work with the console."""


@staff.command("add")
@click.argument("username")
@click.option("--role", "staff_role", type=click.Choice(STAFF_ROLES), required=True)
@click.option("--site", "sites", multiple=True, help="A site that the account sees; all without.")
@_password
@_where
def staff_add(
    username: str,
    staff_role: Literal["admin", "manager", "supervisor", "duty", "responder", "auditor"],
    sites: tuple[str, ...],
    password_stdin: bool,  # noqa: FBT001
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
) -> None:
    """Add an account for the console and the API."""
    from anxin.provisioning import add_staff

    password = _read_password(from_stdin=password_stdin)
    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        asyncio.run(add_staff(settings, username, role=staff_role, sites=sites, password=password))
    except StartError as error:
        _give_up(error)
    click.echo(f"account {username} added", err=True)


@staff.command("password")
@click.argument("username")
@_password
@_where
def staff_password(
    username: str,
    password_stdin: bool,  # noqa: FBT001
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
) -> None:
    """Give an account a new password, admin too."""
    from anxin.provisioning import set_staff_password

    password = _read_password(from_stdin=password_stdin)
    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        asyncio.run(set_staff_password(settings, username, password))
    except StartError as error:
        _give_up(error)
    click.echo(f"account {username} has a new password", err=True)


@staff.command("link")
@click.argument("username")
@_where
def staff_link(username: str, config: Path | None, data_dir: Path | None, database: str | None) -> None:
    """Print a path that signs an account in, once, within 30 minutes: put it behind the console's address."""
    from anxin.provisioning import staff_signin_link

    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        _say(asyncio.run(staff_signin_link(settings, username)))
    except StartError as error:
        _give_up(error)


@main.group()
def device() -> None:
    """Devices and how they sign in."""


def _tell_credentials(provisioned: Any, *, as_json: bool) -> None:
    answer = dataclasses.asdict(provisioned)
    if as_json:
        _say(json.dumps(answer))
    else:
        for name, value in answer.items():
            click.echo(f"{name:9} {value}")


@device.command("add")
@click.argument("site")
@click.argument("device_id", metavar="DEVICE")
@click.option("--type", "kind", default="band", show_default=True)
@click.option("--resident", help="Who wears it.")
@click.option("--json", "as_json", is_flag=True)
@_where
def device_add(
    site: str,
    device_id: str,
    kind: str,
    resident: str | None,
    as_json: bool,  # noqa: FBT001
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
) -> None:
    """Register a device and print how it signs in."""
    from anxin.provisioning import provision

    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        provisioned = asyncio.run(provision(settings, site, device_id, kind=kind, resident=resident))
    except StartError as error:
        _give_up(error)
    _tell_credentials(provisioned, as_json=as_json)


@device.command("credentials")
@click.argument("device_id", metavar="DEVICE")
@click.option("--json", "as_json", is_flag=True)
@_where
def device_credentials(
    device_id: str,
    as_json: bool,  # noqa: FBT001
    config: Path | None,
    data_dir: Path | None,
    database: str | None,
) -> None:
    """Give a device a new password and print it."""
    from anxin.provisioning import renew_credentials

    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        provisioned = asyncio.run(renew_credentials(settings, device_id))
    except StartError as error:
        _give_up(error)
    _tell_credentials(provisioned, as_json=as_json)


@device.command("revoke")
@click.argument("device_id", metavar="DEVICE")
@_where
def device_revoke(device_id: str, config: Path | None, data_dir: Path | None, database: str | None) -> None:
    """Take a device out of service; its readings stay."""
    from anxin.provisioning import revoke

    settings = _settings(config, data_dir=data_dir, database__url=database)
    try:
        asyncio.run(revoke(settings, device_id))
    except StartError as error:
        _give_up(error)
    click.echo(f"device {device_id} revoked", err=True)


@main.group()
def bench() -> None:
    """Measurements, each on a system of its own."""


@bench.command("latency")
@click.option("--presses", type=click.IntRange(min=1), default=2000, show_default=True, help="SOS a background rate.")
@click.option("--rate", type=float, default=16.0, show_default=True, help="SOS a second.")
@click.option("--background", type=int, multiple=True, help="Messages a second behind them [0 and 5000].")
@click.option("--json", "as_json", is_flag=True)
def bench_latency(presses: int, rate: float, background: tuple[int, ...], as_json: bool) -> None:  # noqa: FBT001
    """Measure from a published SOS to its event on the console's stream."""
    from anxin.benchmark import latency

    backgrounds = background or (0, 5000)
    try:
        found = asyncio.run(latency(presses=presses, backgrounds=backgrounds, presses_per_s=rate, progress=_progress))
    except StartError as error:
        _give_up(error)
    if as_json:
        click.echo(json.dumps([{name: getattr(row, name) for name in row.__struct_fields__} for row in found]))
        return
    click.echo(f"{'background/s':>12} {'n':>6} {'missing':>7} {'p50':>8} {'p90':>8} {'p99':>8} {'max':>8}  ms")
    for row in found:
        click.echo(
            f"{row.background_per_s:>12} {row.n:>6} {row.missing:>7} {row.p50_ms:>8} {row.p90_ms:>8} {row.p99_ms:>8}"
            f" {row.max_ms:>8}"
        )
