"""``anxin up``, ``demo``, ``role`` and ``status``: a system that runs."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from anxin.cli.options import Where, give_up, on_a_system, progress, say
from anxin.embedded.errors import StartError
from anxin.logs import configure_logging
from anxin.settings import ROLES, RoleName, from_environment
from anxin.until_told import run_until_told_to_stop


@click.command()
@on_a_system
@click.option("--roles", help=f"Which roles to run [{','.join(ROLES)}].")
@click.option("--port", type=int, help="The console's port, 0 for a free one [8080].")
@click.option("--mqtt-port", type=int, help="The embedded broker's port, 0 for a free one [1883].")
@click.option("--listen", help="The address to listen on [127.0.0.1].")
@click.option("--broker", help="A broker of your own: HOST:PORT or mqtt[s]://USER:PASSWORD@HOST:PORT.")
def up(
    where: Where,
    roles: str | None,
    port: int | None,
    mqtt_port: int | None,
    listen: str | None,
    broker: str | None,
) -> None:
    """Run the system until it is told to stop."""
    settings = where.settings(
        roles=None if roles is None else tuple(roles.split(",")),
        console__port=port,
        console__listen=listen,
        mqtt__port=mqtt_port,
        mqtt__listen=listen,
        mqtt__broker=broker,
    )
    if set(settings.roles) != set(ROLES) and (settings.database.url is None or settings.mqtt.broker is None):
        give_up("split roles need --database and --broker, which all of them share")
    from anxin.up import up as run_up

    configure_logging(readable=True)
    try:
        run_until_told_to_stop(run_up(settings, say=say, progress=progress))
    except (StartError, ValueError) as error:
        give_up(error)


@click.command()
@on_a_system
@click.option("--port", type=int, help="The console's port, 0 for a free one [8080, or a free one].")
@click.option("--mqtt-port", type=int, help="The embedded broker's port, 0 for a free one [1883, or a free one].")
@click.option("--listen", help="The address to listen on [127.0.0.1].")
@click.option("--language", type=click.Choice(("zh", "en")), help="Of the invented people, at the first start [zh].")
def demo(where: Where, port: int | None, mqtt_port: int | None, listen: str | None, language: str | None) -> None:
    """Run the system with an invented community and a page on which one plays the wearer of a band.

    Its folder is ./anxin-demo-data unless told otherwise. Nobody outside is ever called.
    """
    from anxin.demo.system import demo as run_demo

    settings = where.settings(
        data_dir=where.data_dir or Path("anxin-demo-data"),
        console__port=port,
        console__listen=listen,
        console__language=language,
        mqtt__port=mqtt_port,
        mqtt__listen=listen,
    )
    configure_logging(readable=True)
    try:
        run_until_told_to_stop(run_demo(settings, say=say, progress=progress))
    except (StartError, ValueError) as error:
        give_up(error)


@click.command(hidden=True)
@click.argument("name", type=click.Choice(ROLES))
@click.option("--data-dir", type=click.Path(path_type=Path))
def role(name: RoleName, data_dir: Path | None) -> None:  # noqa: ARG001
    """Run one role; its supervisor hands it its settings in the environment."""
    configure_logging(readable=False)
    try:
        settings = from_environment()
    except KeyError:
        give_up("a role is started by `anxin up`")
    from anxin import roles

    mains = {"gateway": roles.gateway, "dispatcher": roles.dispatcher, "console": roles.console}
    run_until_told_to_stop(mains[name](settings))


@click.command()
@on_a_system
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def status(where: Where, as_json: bool) -> None:  # noqa: FBT001
    """Show roles, broker, database, queues and desks that listen, and what of upkeep has failed."""
    from anxin.status import status as ask

    answer = asyncio.run(ask(where.settings()))
    if as_json:
        say(json.dumps(answer, ensure_ascii=False))
        return
    for part in ("broker", "database"):
        reason = answer[part].get("reason")
        click.echo(f"{part:12} {'running' if answer[part]['running'] else reason or 'stopped'}")
    if behind := answer["database"].get("steps_behind"):
        click.echo(f"{'database':12} is {behind} steps behind this version: end and start `anxin up`")
    for known in answer["roles"]:
        state = known["state"] + {True: "", False: ", not running", None: ", elsewhere"}[known["running"]]
        click.echo(f"{known['role']:12} {state}, restarts {known['restarts']}, {known['detail'] or ''}".rstrip(", "))
    for run in answer["upkeep"]:
        if run["error"]:
            click.echo(f"{'upkeep':12} {run['job']} failed: {run['error']}")
    for site in answer["desks"]:
        click.echo(f"{'listening':12} {site['site']}: {site['desks']}")
    for name, value in (answer["queues"] or {}).items():
        click.echo(f"{name:12} {value}")
