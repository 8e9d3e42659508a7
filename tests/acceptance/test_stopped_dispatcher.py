"""A dispatcher that stands still cannot say so: another process does, at the desk and by its silence outside."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from devices.clock import SystemClock
from tests.support.brokers import connected
from tests.support.gateway import encoded, eventually
from tests.support.house import PATIENCE_S, House
from tests.support.outbox import fall_due
from tests.support.system import running_up

pytestmark = pytest.mark.timeout(300)


class _Watchdog(ThreadingHTTPServer):
    """Counts who asks for it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Counting)
        self.asked: list[str] = []


class _Counting(BaseHTTPRequestHandler):
    server: _Watchdog

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def watchdog() -> Iterator[_Watchdog]:
    with _Watchdog() as server:
        thread = threading.Thread(target=server.serve_forever, name="watchdog")
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def watched(watchdog: _Watchdog, data_dir: Path) -> Iterator[House]:
    env = {"ANXIN_WATCHDOG__URL": f"http://127.0.0.1:{watchdog.server_port}/anxin"}
    with running_up(data_dir, env=env) as system, House(system) as house:
        yield house


async def test_a_step_that_a_stopped_dispatcher_lets_pass_sounds_at_the_desk(
    watched: House, watchdog: _Watchdog, measured: Callable[[str, float], None]
) -> None:
    house = watched
    await eventually(lambda: len(watchdog.asked) > 0, "the watchdog hears that all is well", PATIENCE_S)
    assert set(watchdog.asked) == {"/anxin"}
    centre = await house.register("stopped", 1)
    (device,) = centre.residents
    stopped = house.system.kill("dispatcher", signal.SIGSTOP)
    with connected(house, house.site_account(centre.site)) as band:
        band.subscribe(f"anxin/v1/{centre.site}/+/receipt")
        band.publish(f"anxin/v1/{centre.site}/{device}/sos", encoded(t=SystemClock().now_ms(), seq=1))
        cry: str = msgspec.json.decode(band.receive()[1])["alarm"]
    fall_due(house, cry)
    due = SystemClock().now_ms()
    overdue = "select object from alarm where site = %s and rule = 'system.step_overdue'"
    await eventually(lambda: house.rows(overdue, centre.site), "the auditor says so", PATIENCE_S)
    ((alarm,),) = house.rows(overdue, centre.site)
    measured("stopped_dispatcher_heard_after_s", (alarm["raised_at"] - due) / 1000)
    assert (alarm["state"], alarm["severity"], alarm["evidence"]["overdue_steps"]) == ("open", "high", 1)
    async with house.client() as client:
        shown = (await client.get("/api/v1/alarms", params={"state": "active", "site": centre.site})).json()["items"]
    assert alarm["id"] in {each["id"] for each in shown}

    assert house.system.kill("dispatcher", signal.SIGCONT) == stopped
    told = "select count(*) from message where alarm = %s and finished_at is not null"
    await eventually(lambda: house.one(told, cry) > 0, "the step is carried out after all", PATIENCE_S)
    recovered = f"{overdue} and object ->> 'recovered_at' is not null"
    await eventually(lambda: house.rows(recovered, centre.site), "the auditor says that it is over", PATIENCE_S)
    ((last,),) = house.rows(recovered, centre.site)
    assert last["state"] == "open", "somebody looks after those who were told late"
