"""A running house, as its user, its devices and its database see it, with registered centres in it."""

from __future__ import annotations

import csv
import io
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final, NamedTuple, Self

import httpx
import psycopg

from anxin.embedded.broker import Credentials, site_credentials
from anxin.embedded.folder import DataFolder
from anxin.embedded.postgres import EmbeddedPostgres
from anxin.embedded.proof import ProcessRecord
from devices.clock import SystemClock
from simulator.community import Person, invent
from simulator.link import BrokerAddress
from simulator.load import Target
from tests.support.brokers import connected
from tests.support.gateway import encoded, eventually
from tests.support.system import UpProcess, until

PATIENCE_S: Final = 100.0
"""How long a recovery may take before a test gives up; no law hangs on it."""
_PASSWORD: Final = "acceptance of the house"
_SOON_S: Final = 2.0
_COLUMNS: Final = (
    "external id", "name", "home lat", "home lon", "device", "contact 1 name", "contact 1 phone", "contact 1 relation",
)  # fmt: skip
_WEARERS: Final = (
    "select d.id, r.id from assignment a join device d on d.slot = a.device_slot"
    " join resident r on r.slot = a.resident_slot where d.site = %s order by d.slot"
)


class Reading(NamedTuple):
    """What identifies a reading of the load."""

    device: str
    kind: str
    seq: int


@dataclass(frozen=True)
class Centre:
    """A registered site: people by device, and one more device, that nobody wears."""

    site: str
    people: tuple[Person, ...]
    residents: dict[str, str]
    """The resident's id by the device on their wrist."""

    @property
    def probe(self) -> str:
        """The device that nobody wears; it is registered last."""
        return f"{self.site}-probe"

    @property
    def targets(self) -> list[Target]:
        """The devices as a load pretends to be them."""
        return [Target(self.site, p.device, p.home["lat"], p.home["lon"]) for p in self.people]


def _roster(people: Sequence[Person]) -> bytes:
    """People with their band and the first to be told, as a list that a centre would import."""
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(_COLUMNS)
    for person in people:
        first = person.contacts[0]
        lines.writerow([person.external_id, person.name, person.home["lat"], person.home["lon"], person.device,
                        first.name, first.phone, first.relation])  # fmt: skip
    return text.getvalue().encode()


class House:
    """A running system, seen with the eyes of its user, its devices and its database."""

    def __init__(self, system: UpProcess) -> None:
        self.system = system
        self.host = system.mqtt_host
        self.port = system.mqtt_port
        self.folder = DataFolder.open(system.data_dir)
        self.conninfo = EmbeddedPostgres(self.folder).conninfo
        self._connection: psycopg.Connection[Any] | None = None
        self._asking = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._hang_up()

    @cached_property
    def token(self) -> str:
        """The session of an administrator, whose account is made at the first call."""
        added = self.system.command("staff", "add", "ann", "--role", "admin", "--password-stdin", stdin=_PASSWORD)
        assert added.returncode == 0, added.stderr
        return self._sign_in("ann")

    def _sign_in(self, username: str) -> str:
        account = {"username": username, "password": _PASSWORD}
        answer = httpx.post(f"{self.system.console}/api/v1/session", json=account)
        token: str = answer.raise_for_status().json()["token"]
        return token

    def client(self) -> httpx.AsyncClient:
        """The HTTP API, signed in."""
        return httpx.AsyncClient(
            base_url=self.system.console, headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )

    def site_account(self, site: str) -> Credentials:
        """Who may speak for all devices of a site."""
        return site_credentials(self.folder, site)

    def broker_for(self, site: str) -> BrokerAddress:
        """The broker, for the simulator."""
        account = self.site_account(site)
        return BrokerAddress(host=self.host, port=self.port, username=account.username, password=account.password)

    def rows(self, query: str, *params: Any) -> list[tuple[Any, ...]]:
        """What a query answers, be the database away for a while."""

        def ask() -> list[list[tuple[Any, ...]]]:
            try:
                return [self._ask(query, params)]
            except psycopg.OperationalError:
                return []

        ((*answer,),) = until(ask, PATIENCE_S)
        return answer

    def _ask(self, query: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Over a connection that is kept: whoever waits for something asks twenty times a second."""
        with self._asking:
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self.conninfo, autocommit=True, prepare_threshold=None)
                return self._connection.execute(query.encode(), params).fetchall()
            except psycopg.OperationalError:
                self._hang_up()
                raise

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def one(self, query: str, *params: Any) -> Any:
        """The single value that a query answers."""
        ((value,),) = self.rows(query, *params)
        return value

    def restarts(self, role: str) -> int:
        """How often the store says that a role or service came back."""
        count: int = self.one("select restarts from role_status where role = %s", role)
        return count

    def stored(self, centre: Centre) -> Counter[Reading]:
        """How often each reading of the centre's people is stored."""
        found = self.rows(
            "select d.id, k.kind, k.seq, count(*) from ("
            " select 'position' as kind, device, seq from position"
            " union all select 'heartbeat', device, seq from heartbeat"
            " union all select 'sos', device, seq from sos"
            ") k join device d on d.slot = k.device where d.site = %s and d.id <> %s group by 1, 2, 3",
            centre.site,
            centre.probe,
        )
        return Counter({Reading(device, kind, seq): count for device, kind, seq, count in found})

    def token_of_duty(self, site: str) -> str:
        """The session of somebody on duty who sees this site alone."""
        username = f"duty-{site}"
        options = ("--role", "duty", "--site", site, "--password-stdin")
        added = self.system.command("staff", "add", username, *options, stdin=_PASSWORD)
        assert added.returncode == 0, added.stderr
        return self._sign_in(username)

    async def strike(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a service; returns when another process serves in its place."""
        await self.back(name, other_than=self.system.kill(name, number))

    async def back(self, name: str, *, other_than: int) -> None:
        """Return when a service is ready under another pid."""
        await eventually(lambda: self._serves(name, other_than), f"{name} came back", PATIENCE_S)

    def _serves(self, name: str, other_than: int) -> bool:
        record = ProcessRecord.read(self.folder.run / f"{name}.pid")
        query = "select count(*) from role_status where role = %s and state = 'ready' and pid = %s"
        return record is not None and record.pid != other_than and self.one(query, name, record.pid) == 1

    async def register(self, site: str, size: int) -> Centre:
        """Register a centre over HTTP; returns when the broker and the gateway know the last of its devices."""
        people = invent(site=site, residents=size, prefix=site).residents
        async with self.client() as client:

            async def post(
                what: str, *, status: int = 201, params: Mapping[str, Any] | None = None, **body: Any
            ) -> None:
                answer = await client.post(f"/api/v1/{what}", params=params, **body)
                assert answer.status_code == status, answer.text

            await post("sites", json={"id": site, "name": "Centre"})
            await post("import", status=200, params={"site": site, "dry_run": 0}, content=_roster(people))
            centre = Centre(site, people, dict(self.rows(_WEARERS, site)))
            await post("devices", json={"site": site, "device": centre.probe, "type": "band"})
        assert list(centre.residents) == [person.device for person in people]
        await self.has_heard(centre)
        return centre

    async def has_heard(self, centre: Centre) -> None:
        """Return when the gateway has taken in everything that the broker acknowledged before, urgent or not."""
        account = self.site_account(centre.site)
        await eventually(lambda: self.gets_in(account), f"{centre.site} signs in at the broker", PATIENCE_S)
        for kind in ("heartbeat", "checkin"):
            await eventually(partial(self._hears, centre, kind), f"a {kind} is stored", PATIENCE_S)

    def _hears(self, centre: Centre, kind: str) -> bool:
        """Send a reading of the probe; whether it is stored soon. It is not when its device is still unknown."""
        count = f"select count(*) from {kind} r join device d on d.slot = r.device where d.id = %s"
        before = self.one(count, centre.probe)
        with connected(self, self.site_account(centre.site)) as probe:
            probe.publish(f"anxin/v1/{centre.site}/{centre.probe}/{kind}", encoded(t=SystemClock().now_ms()))
        end = time.monotonic() + _SOON_S
        while self.one(count, centre.probe) == before:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def gets_in(self, account: Credentials) -> bool:
        """Whether the broker lets the account in."""
        try:
            with connected(self, account) as client:
                return client.refused is None
        except OSError:
            return False
