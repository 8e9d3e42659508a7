"""Devices over HTTP: registered with credentials of their own, given new ones, revoked."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from fastapi import Request
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.forms import DeviceForm, NewDeviceForm
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.api.records.answers import as_json, created, found, load
from dashboards.api.records.routes import readable, router_of, with_history
from dashboards.deps import Deps
from devices.credentials import mosquitto_password_hash, new_mqtt_password
from devices.refusals import Refusal
from gateway.store import registry as store
from gateway.store.errors import Conflict
from gateway.store.registry.assignments import DEVICE_REVOKED
from gateway.store.registry.writing import DEVICE_TAKEN
from gateway.store.registry_records import Device

router = router_of()
readable(router, Device)
with_history(router, Device)


@dataclass(frozen=True, slots=True)
class DeviceCredentials:
    """What a device signs in to the broker with; shown once. Both None where devices have no account of their own."""

    username: str | None
    password: str | None
    password_hash: str | None


def new_credentials(deps: Deps, device: str) -> DeviceCredentials:
    """Fresh credentials of a device."""
    if not deps.mqtt.per_device:
        return DeviceCredentials(None, None, None)
    password = new_mqtt_password()
    return DeviceCredentials(device, password, mosquitto_password_hash(password))


@router.post("/devices", status_code=201)
async def add_device(request: Request, deps: DepsOf, principal: Managing, body: NewDeviceForm) -> Response:
    """Register a device. The answer alone carries its ``username`` and ``password`` for the broker.

    One that was revoked comes back with its history, at another site too: for those alone who see both sites.
    """
    principal.require_site(body.site, "site")
    async with deps.pool.connection() as conn:
        before = await store.find(conn, Device, body.device)
    if before is not None and before.registered and not principal.account.sees(before.site):
        raise Conflict(DEVICE_TAKEN)

    async def work() -> Answer:
        new = new_credentials(deps, body.device)
        async with deps.pool.connection() as conn:
            device = await store.add_device(
                conn,
                principal.account.username,
                body.device,
                body.fields(),
                password_hash=new.password_hash,
                now=deps.clock.now_ms(),
            )
        return _with_credentials(created(device), deps, new)

    return await once(request, principal, work)


def _with_credentials(answer: Answer, deps: Deps, new: DeviceCredentials) -> Answer:
    known = msgspec.json.decode(answer.body) | {"mqtt": {"host": deps.mqtt.host, "port": deps.mqtt.port}}
    shown = known | {"username": new.username, "password": new.password}
    return answer._replace(
        body=msgspec.json.encode(shown),
        kept=msgspec.json.encode(known | {"username": new.username, "password": None}),
    )


@router.post("/devices/{key}/credentials")
async def renew_credentials(request: Request, deps: DepsOf, principal: Managing, key: str) -> Response:
    """Give a device a new password; the old one ends at once."""
    device = await load(deps, principal, Device, key)
    if not deps.mqtt.per_device:
        raise Problem(
            409,
            Refusal("device.shared_account", "this broker has one account a site, none a device"),
            kind="conflict",
        )

    async def work() -> Answer:
        new = new_credentials(deps, key)
        assert new.password_hash is not None
        async with deps.pool.connection() as conn:
            if not await store.set_device_password(conn, principal.account.username, key, new.password_hash):
                raise Problem(409, DEVICE_REVOKED, kind="conflict")
        return _with_credentials(Answer(200, as_json(device)), deps, new)

    return await once(request, principal, work)


@router.put("/devices/{key}")
async def replace_device(deps: DepsOf, principal: Managing, key: str, body: DeviceForm) -> Response:
    """Replace a device's fields; another ``resident`` or ``household`` has it from now on."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        changed = await store.replace_device(
            conn, principal.account.username, key, body.fields(), now=deps.clock.now_ms()
        )
    if changed is None:
        raise Problem(409, DEVICE_REVOKED, kind="conflict")
    return found(changed, Device)


@router.delete("/devices/{key}", status_code=204)
async def revoke_device(deps: DepsOf, principal: Managing, key: str) -> Response:
    """Take a device out of service: it can no longer sign in and nobody wears it. Its readings stay."""
    await load(deps, principal, Device, key)
    async with deps.pool.connection() as conn:
        await store.revoke_device(conn, principal.account.username, key, now=deps.clock.now_ms())
    return Response(status_code=204)
