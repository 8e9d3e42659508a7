"""``anxin device …`` and ``anxin staff …``: what may sign in, and who."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from anxin.broker_kind import broker_kind
from anxin.embedded.broker import Credentials, is_reserved_user, site_credentials
from anxin.embedded.errors import StartError
from anxin.settings import Settings
from anxin.store_access import database_of, open_existing
from devices.clock import SystemClock
from devices.credentials import mosquitto_password_hash, new_mqtt_password
from devices.phones import normalise_phone
from devices.topics import is_valid_id
from gateway.store.accounts import (
    Role,
    account_by_username,
    add_account,
    hash_password,
    issue_signin_link,
    set_password,
)
from gateway.store.audit_log import Entry, append
from gateway.store.connection import connect
from gateway.store.errors import StoreError
from gateway.store.registry import add_device, find, revoke_device, save_site, set_device_password
from gateway.store.registry_records import Device, DeviceFields, Site
from gateway.store.signin_guard import unlock

_ACTOR = "command line"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """How a device signs in; the password is known this once."""

    site: str
    device: str
    username: str
    password: str = field(repr=False)


async def provision(settings: Settings, site: str, device: str, *, kind: str, resident: str | None) -> Provisioned:
    """Register a device, its site too if it is not there.

    Raises:
        StartError: if it cannot be registered; the message says why.
    """
    for name in (site, device):
        if not is_valid_id(name):
            raise StartError(f"{name!r} is no id: 1 to 64 letters, digits, _ or -")
    if is_reserved_user(device):
        raise StartError(f"{device!r} is the user name of a service: choose another id")
    credentials = _credentials(settings, site, device)
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin device")
        async with connection:
            try:
                if await find(connection, Site, site) is None:
                    await save_site(connection, _ACTOR, Site(id=site, name=site), create=True)
                await add_device(
                    connection,
                    _ACTOR,
                    device,
                    DeviceFields(site=site, type=kind, resident=resident),
                    password_hash=mosquitto_password_hash(credentials.password),
                    now=SystemClock().now_ms(),
                )
            except StoreError as error:
                raise StartError(str(error)) from error
    return Provisioned(site, device, credentials.username, credentials.password)


async def renew_credentials(settings: Settings, device: str) -> Provisioned:
    """Give a device a new password (with ``iotcore``: tell its site's).

    Raises:
        StartError: if there is no such device, or it is revoked.
    """
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin device")
        async with connection:
            known = await find(connection, Device, device)
            if known is None:
                raise StartError(f"there is no device {device}")
            credentials = _credentials(settings, known.site, device)
            hashed = mosquitto_password_hash(credentials.password)
            if not await set_device_password(connection, _ACTOR, device, hashed):
                raise StartError(f"the device {device} is revoked")
    return Provisioned(known.site, device, credentials.username, credentials.password)


async def revoke(settings: Settings, device: str) -> None:
    """Take a device out of service.

    Raises:
        StartError: if there is no such device, or it is revoked already.
    """
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin device")
        async with connection:
            if not await revoke_device(connection, _ACTOR, device, now=SystemClock().now_ms()):
                raise StartError(f"there is no device {device} in service")


async def add_staff(
    settings: Settings, username: str, *, role: Role, sites: Sequence[str], password: str, phone: str | None = None
) -> None:
    """Make an account for the console and the API; ``phone`` is where its alarms go.

    Raises:
        StartError: if the name is taken, or the phone number is none.
    """
    try:
        number = None if phone is None else normalise_phone(phone)
    except ValueError as error:
        raise StartError(f"--phone: {error}") from error
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin staff")
        async with connection:
            try:
                await add_account(
                    connection,
                    username=username,
                    role=role,
                    sites=sites,
                    password_hash=hash_password(password),
                    phone=number,
                )
            except StoreError as error:
                raise StartError(str(error)) from error


async def set_staff_password(settings: Settings, username: str, password: str) -> None:
    """Give an account a new password.

    Raises:
        StartError: if there is no such account.
    """
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin staff")
        async with connection:
            if not await set_password(connection, username, hash_password(password)):
                raise StartError(f"there is no account {username}")
            await unlock(connection, username, SystemClock().now_ms())
            await append(connection, [_entry("password", username, what="set")])


async def staff_signin_link(settings: Settings, username: str) -> str:
    """The path of a one-time sign-in for an account.

    Raises:
        StartError: if there is no such account.
    """
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin staff")
        async with connection:
            account = await account_by_username(connection, username)
            if account is None:
                raise StartError(f"there is no account {username}")
            path = f"/signin/{await issue_signin_link(connection, account.id, SystemClock().now_ms())}"
            await append(connection, [_entry("signin_link", username)])
            return path


async def unlock_staff(settings: Settings, username: str) -> bool:
    """Let an account try again at once that wrong passwords have locked; whether it was locked.

    Raises:
        StartError: if there is no such account.
    """
    async with database_of(settings) as conninfo:
        connection = await connect(conninfo, application="anxin staff")
        async with connection:
            if await account_by_username(connection, username) is None:
                raise StartError(f"there is no account {username}")
            was = await unlock(connection, username, SystemClock().now_ms())
            if was:
                await append(connection, [_entry("unlocked", username)])
            return was


def _entry(act: str, username: str, what: str | None = None) -> Entry:
    now = SystemClock().now_ms()
    return Entry(act=act, at=now, actor=_ACTOR, via=_ACTOR, what=what, subject=f"account:{username}")


def _credentials(settings: Settings, site: str, device: str) -> Credentials:
    if broker_kind(settings) == "iotcore":
        return site_credentials(open_existing(settings.data_dir), site)
    return Credentials(device, new_mqtt_password())
