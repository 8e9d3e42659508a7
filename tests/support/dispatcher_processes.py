"""Dispatchers as processes of their own, as ``anxin up`` runs them: to be killed at any moment."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anxin.settings import RoleSettings, TwilioAccount, WaysOut, to_environment
from simulator.twilio_standin import TwilioStandIn


class Dispatchers:
    """So many dispatchers over one database, all with the same account at the stand-in."""

    def __init__(self, conninfo: str, twilio: TwilioStandIn, folder: Path, count: int) -> None:
        account = TwilioAccount(twilio.account_sid, twilio.auth_token, "+15005550006", twilio.base_url)
        self._environment = to_environment(
            RoleSettings(
                conninfo=conninfo,
                mqtt_host="127.0.0.1",
                mqtt_port=1,
                mqtt_username=None,
                mqtt_password=None,
                broker_kind="external",
                console_listen="127.0.0.1",
                console_port=0,
                data_dir=folder,
                twilio=account,
                ways_out=WaysOut(per_second=1_000.0),
            )
        )
        self._log = folder / "dispatchers.log"
        self.running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "anxin", "role", "dispatcher"], env=self._environment, stdout=log, stderr=log
            )

    def are_alive(self) -> None:
        """Fails if one has ended by itself."""
        for process in self.running:
            assert process.poll() is None, self._log.read_text()

    def replace(self, index: int) -> None:
        """Kill one, and let another begin in its place."""
        self.are_alive()
        self._end(self.running[index])
        self.running[index] = self._start()

    def end(self) -> None:
        """Kill them all."""
        for process in self.running:
            self._end(process)

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()


@contextmanager
def dispatchers(conninfo: str, twilio: TwilioStandIn, folder: Path, count: int) -> Iterator[Dispatchers]:
    """Run them until the block ends."""
    running = Dispatchers(conninfo, twilio, folder, count)
    try:
        yield running
    finally:
        running.end()
