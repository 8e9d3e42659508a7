"""``anxin bench escalation``: how long a committed alarm takes to become a request at Twilio."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import numpy as np
import psutil

from alerts.alarm import Episode, episode_id
from alerts.desk import absorb
from alerts.policies import BUILT_IN, Policy, PolicyStep
from anxin.benchmarks.community import SITE, register
from anxin.benchmarks.stage import Progress, open_stage
from anxin.settings import TwilioAccount, WaysOut
from devices.clock import SystemClock
from gateway.store.alarms import PostgresAlarmStore
from gateway.store.connection import Connection, connect, pool
from gateway.store.policies import add_policy
from gateway.store.registry.bulk import snapshot, write
from gateway.store.registry_bulk import Bulk, ContactRow
from gateway.store.registry_records import ContactFields
from simulator.twilio_standin import TwilioStandIn

_SENDER: Final = "+15005550006"
_PATIENCE_S: Final = 30.0
_SETTLE_S: Final = 2.0


class Escalation(msgspec.Struct, frozen=True):
    """Milliseconds from the end of the COMMIT of an alarm to the arrival of its request, over ``n`` alarms.

    ``open_alarms`` were open before the first of them, with their plans under way. ``missing`` requests never came,
    ``twice`` came more than once.
    """

    open_alarms: int
    alarms_per_s: float
    links: bool
    n: int
    missing: int
    twice: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    dispatcher_cpu_ms: float
    """CPU an alarm in the dispatcher's own process."""


async def escalation(
    *, alarms: int, open_alarms: int, alarms_per_s: float, links: bool, progress: Progress
) -> Escalation:
    """Measure with a database, a dispatcher in its own process, and a server that speaks Twilio's API."""
    residents = [f"{number:05d}" for number in range(open_alarms + alarms)]
    async with open_stage(SITE, progress) as stage:
        progress(f"registers {len(residents)} residents with a daughter each")
        async with await connect(stage.conninfo, application="anxin bench") as connection:
            await register(connection, residents)
            await _daughters(connection, residents)
            await add_policy(connection, "benchmark", _at_once())
        with TwilioStandIn() as twilio:
            account = TwilioAccount(twilio.account_sid, twilio.auth_token, _SENDER, twilio.base_url)
            ways = WaysOut(public_url="https://anxin.example.org" if links else None, per_second=1000.0)
            async with (
                pool(stage.conninfo, application="anxin bench") as connections,
                stage.dispatcher(account, ways, progress) as dispatcher,
            ):
                store = PostgresAlarmStore(connections)
                progress(f"opens {open_alarms} alarms and waits until all are told")
                for number in residents[:open_alarms]:
                    await _open(store, number)
                if not await asyncio.to_thread(twilio.wait_for, open_alarms, within_s=_PATIENCE_S + open_alarms / 20):
                    raise RuntimeError("the dispatcher did not keep up with the alarms that were to be open")
                await asyncio.sleep(_SETTLE_S)
                progress(f"{alarms} alarms at {alarms_per_s:g} a second")
                before = psutil.Process(dispatcher).cpu_times()
                committed = await _paced(store, residents[open_alarms:], alarms_per_s)
                await asyncio.to_thread(twilio.wait_for, open_alarms + alarms, within_s=_PATIENCE_S)
                after = psutil.Process(dispatcher).cpu_times()
            arrived: dict[str, list[int]] = {}
            for sent in twilio.sent[open_alarms:]:
                arrived.setdefault(sent.to, []).append(sent.at_ms)
    waited = [arrived[_phone(number)][0] - at for number, at in committed.items() if _phone(number) in arrived]
    p50, p90, p99 = np.percentile(waited, [50, 90, 99])
    return Escalation(
        open_alarms=open_alarms,
        alarms_per_s=alarms_per_s,
        links=links,
        n=len(waited),
        missing=alarms - len(waited),
        twice=sum(len(times) > 1 for times in arrived.values()),
        p50_ms=round(float(p50), 1),
        p90_ms=round(float(p90), 1),
        p99_ms=round(float(p99), 1),
        max_ms=float(max(waited)),
        dispatcher_cpu_ms=round(1000 * (after.user + after.system - before.user - before.system) / alarms, 2),
    )


async def _paced(store: PostgresAlarmStore, residents: list[str], per_s: float) -> dict[str, int]:
    """Open an alarm each at a steady pace; when each had been committed, ms."""
    loop = asyncio.get_running_loop()
    begun, committed = loop.time(), {}
    for count, number in enumerate(residents):
        await asyncio.sleep(max(0.0, begun + count / per_s - loop.time()))
        committed[number] = await _open(store, number)
    return committed


async def _open(store: PostgresAlarmStore, number: str) -> int:
    now = SystemClock().now_ms()
    resident = f"wearer-of-{number}"
    subject = f"resident:{resident}"
    press = Episode(
        id=episode_id("sos.button", subject, now, -1),
        what="opened",
        rule="sos.button",
        severity="critical",
        subject=subject,
        site=SITE,
        resident=resident,
        household=None,
        device=number,
        t=now,
        late=False,
        position=None,
        evidence={},
        received=now,
    )
    async with store.transaction() as tx:
        await absorb(tx, [press], now)
    return SystemClock().now_ms()


def _at_once() -> Policy:
    """The plan of an SOS that comes with the program, and before it the daughter at once."""
    usual = next(policy for policy in BUILT_IN if policy.applies_to == "sos")
    first = PolicyStep(after_s=0, who="family", how="sms", nth=1)
    return msgspec.structs.replace(usual, id="", name="at once", site=SITE, steps=(first, *usual.steps))


async def _daughters(connection: Connection, residents: list[str]) -> None:
    bulk = Bulk()
    for line, number in enumerate(residents):
        fields = ContactFields(resident=f"wearer-of-{number}", name="女儿", phone=_phone(number), relation="女儿")
        bulk.contacts.append(ContactRow(line=line, id=f"daughter-{number}", new=True, fields=fields))
    known = await snapshot(connection, [SITE])
    await write(connection, "benchmark", bulk, version=known.version, now=SystemClock().now_ms())


def _phone(number: str) -> str:
    return f"+86138000{number}"
