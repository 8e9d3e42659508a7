"""The demo as a person starts it: one process tree, everything in it real."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulator.twilio_standin import TwilioStandIn

PATIENCE_S = 150.0


class Page:
    """The signed-in browser of whoever tries the demo."""

    def __init__(self, link: str) -> None:
        base = link.partition("/signin/")[0]
        self.client = httpx.Client(base_url=base, follow_redirects=True, timeout=30)
        self.client.get(link)
        home = self.client.get("/")
        token = re.search(r'content="([^"]+)"[^>]*csrf|csrf[^>]*content="([^"]+)"', home.text)
        assert token is not None
        self.headers = {"X-CSRF-Token": token[1] or token[2]}

    def state(self) -> Any:
        return self.client.get("/demo/state").json()

    def do(self, path: str, body: object = None) -> None:
        self.client.post(path, headers=self.headers, json=body or {}).raise_for_status()

    def alarms(self, state: str = "active") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.client.get("/api/v1/alarms", params={"state": state}).json()["items"]
        return items


def _until(law: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not law():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.2)


@contextmanager
def _demo(folder: Path, environment: dict[str, str]) -> Iterator[Page]:
    command = [sys.executable, "-m", "anxin", "demo", "--data-dir", str(folder), "--port", "0", "--mqtt-port", "0"]
    output = folder.with_suffix(".out")
    with output.open("wb") as sink:
        process = subprocess.Popen(command, stdout=sink, stderr=sink, env={**os.environ, **environment})
    try:
        _until(lambda: process.poll() is not None or "ready console=" in output.read_text())
        assert process.poll() is None, output.read_text()
        link = re.search(r"http\S+/signin/\S+", output.read_text())
        assert link is not None
        page = Page(link[0])
        with closing(page.client):
            yield page
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.timeout(400)
def test_the_demo_plays_to_the_all_clear_and_reaches_nobody_outside(service_path: Path) -> None:
    with TwilioStandIn() as twilio:
        environment = {
            "ANXIN_TWILIO__ACCOUNT_SID": twilio.account_sid,
            "ANXIN_TWILIO__AUTH_TOKEN": twilio.auth_token,
            "ANXIN_TWILIO__FROM": "+15005550006",
            "ANXIN_TWILIO__BASE_URL": twilio.base_url,
        }
        with _demo(service_path / "demo", environment) as page:
            assert page.alarms() == []
            assert page.state()["phone"] == []  # somebody looks: the first press follows
            _until(lambda: any(alarm["rule"] == "sos.button" for alarm in page.alarms()))
            alarm = next(alarm for alarm in page.alarms() if alarm["rule"] == "sos.button")
            assert (alarm["device"], alarm["severity"], alarm["state"]) == ("band-0001", "critical", "open")
            assert page.state()["phone"] == []

            page.do("/demo/kill-gateway")
            page.do("/demo/fall")
            _until(lambda: any(alarm["rule"] == "fall.device" for alarm in page.alarms()))

            path = f"/api/v1/alarms/{alarm['id']}"
            page.do(f"{path}/acknowledge")
            page.do(f"{path}/notify")
            _until(lambda: [text["state"] for text in page.state()["phone"]] == ["not_sent"])  # or it is withdrawn
            assert "stage-taken" in page.client.get("/demo/page").text  # what the daughter sees behind the link
            page.do(f"{path}/resolve", {"result": "settled_by_phone"})
            page.do(f"{path}/close", {"outcome": "test"})
            _until(lambda: len(page.state()["phone"]) == 2)
            assert {text["state"] for text in page.state()["phone"]} == {"not_sent"}
            told = next(alarm for alarm in page.alarms() if alarm["rule"] == "fall.device")
            page.do(f"/api/v1/alarms/{told['id']}/cancel")
            page.do("/demo/sit-down-hard")  # the fall waits until the chair is done with
            page.do("/demo/fall-motion")
            _until(lambda: any(alarm["rule"] == "fall.motion" for alarm in page.alarms()))
            (seen,) = [alarm for alarm in page.alarms() if alarm["rule"] == "fall.motion"]
            assert seen["device"] == "band-0001"
            trace = page.client.get(f"/api/v1/alarms/{seen['id']}/trace").json()
            assert trace["jolt_ms"] == seen["event_time"]
            assert max(map(abs, trace["x_mg"])) > 1000

            _until(lambda: page.state()["counters"]["on_the_way"] == 0)
            assert page.state()["counters"]["lost"] == 0
            assert page.state()["counters"]["stored"] > 0
        assert twilio.requests == 0
