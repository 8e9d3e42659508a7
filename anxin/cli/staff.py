"""``anxin staff``: accounts of the people who work with the console."""

from __future__ import annotations

import asyncio
import sys
from typing import Final, Literal

import click

from anxin.cli.options import Where, give_up, on_a_system, say

STAFF_ROLES: Final = ("admin", "manager", "supervisor", "duty", "responder", "auditor")

_password = click.option("--password-stdin", is_flag=True, help="Read the password from standard input, unasked.")


def _read_password(*, from_stdin: bool) -> str:
    """A password from standard input, or asked for twice at a terminal."""
    if not from_stdin and sys.stdin.isatty():
        asked: str = click.prompt("password", hide_input=True, confirmation_prompt=True, err=True)
        return asked
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        give_up("the password on standard input is empty")
    return password


def _warn_of(password: str, username: str) -> None:
    """Say what the console would not take; whoever has this command line could do worse."""
    from gateway.store.passwords import WHY_WEAK, weakness

    if found := weakness(password, names=(username,)):
        click.echo(f"warning: a weak password: {WHY_WEAK[found]}", err=True)


@click.group()
def staff() -> None:
    """Accounts of the people who work with the console."""


@staff.command()
@click.argument("username")
@click.option("--role", type=click.Choice(STAFF_ROLES), required=True)
@click.option("--site", "sites", multiple=True, help="A site that the account sees; all without.")
@click.option("--phone", help="Where SMS and calls of alarms go.")
@_password
@on_a_system
def add(
    where: Where,
    username: str,
    role: Literal["admin", "manager", "supervisor", "duty", "responder", "auditor"],
    sites: tuple[str, ...],
    phone: str | None,
    password_stdin: bool,  # noqa: FBT001
) -> None:
    """Add an account for the console and the API."""
    from anxin.provisioning import add_staff

    given = _read_password(from_stdin=password_stdin)
    _warn_of(given, username)
    asyncio.run(add_staff(where.settings(), username, role=role, sites=sites, password=given, phone=phone))
    click.echo(f"account {username} added", err=True)


@staff.command()
@click.argument("username")
@_password
@on_a_system
def password(where: Where, username: str, password_stdin: bool) -> None:  # noqa: FBT001
    """Give an account a new password, admin too; its open desks are signed out and told why."""
    from anxin.provisioning import set_staff_password

    given = _read_password(from_stdin=password_stdin)
    _warn_of(given, username)
    asyncio.run(set_staff_password(where.settings(), username, given))
    click.echo(f"account {username} has a new password", err=True)


@staff.command()
@click.argument("username")
@on_a_system
def link(where: Where, username: str) -> None:
    """Print a path that signs an account in, once, within 30 minutes: put it behind the console's address."""
    from anxin.provisioning import staff_signin_link

    say(asyncio.run(staff_signin_link(where.settings(), username)))


@staff.command()
@click.argument("username")
@on_a_system
def unlock(where: Where, username: str) -> None:
    """Let an account try again at once that too many wrong passwords have locked."""
    from anxin.provisioning import unlock_staff

    was = asyncio.run(unlock_staff(where.settings(), username))
    click.echo(f"account {username} {'is open again' if was else 'was not locked'}", err=True)
