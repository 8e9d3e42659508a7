"""``anxin demo``: what it adds to ``anxin up``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import quote

from anxin.demo import RESIDENTS, SEED, SITE
from anxin.demo.community import seed
from anxin.embedded.broker import Credentials, site_credentials
from anxin.first_account import admin_link
from anxin.settings import BrokerAddress, Settings
from anxin.supervisor import Process
from anxin.up import Extras, Running, Say, up

SIMULATOR = "simulator"


async def demo(settings: Settings, *, say: Say, progress: Say) -> None:
    """Run the demo until this task is cancelled.

    Args:
        settings: as for ``anxin up``; ports that are busy are replaced by free ones.
        say: gets the ready line.
        progress: gets everything else, the sign-in link among it.

    Raises:
        StartError: if it cannot be started; nothing of it runs afterwards.
    """

    async def prepare(conninfo: str) -> None:
        if await seed(conninfo, settings.console.language):
            progress(f"{RESIDENTS} invented residents have moved in")

    async def greet(running: Running) -> None:
        link = await admin_link(running.conninfo)
        if link is not None:
            progress(f"open, once, within 30 minutes: {running.console_url}/signin/{link}")

    extras = Extras(demo=True, other_ports=True, prepare=prepare, processes=_simulator, greet=greet)
    await up(settings, say=say, progress=progress, extras=extras)


def _simulator(running: Running) -> Sequence[Process]:
    arguments = ["simulate", "--site", SITE, "--residents", str(RESIDENTS), "--seed", str(SEED)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANXIN_")}
    environment = {**kept, "ANXIN_MQTT__BROKER": _bridge(running)}
    return [Process(SIMULATOR, arguments, folder=running.folder, environment=environment, reports_itself=False)]


def _bridge(running: Running) -> str:
    """The broker as the site's bridge reaches it; a foreign broker under the account that was told."""
    told: BrokerAddress | Credentials = running.broker
    if running.broker_kind != "external":
        told = site_credentials(running.folder, SITE)
    account = f"{quote(told.username or '', safe='')}:{quote(told.password or '', safe='')}@"
    return f"mqtt://{account if told.username else ''}{running.mqtt}"
