"""Design rule 12: a detector that fails is switched off, the batch is decided without it, and the desk is told."""

from __future__ import annotations

import pytest

from alerts.engine import Engine, KernelFault, Rule
from devices.batch import ReadingBatch, Records
from devices.clock import SystemClock
from tests.support.brokers import RunningBroker, connected
from tests.support.community import one, rows, seed_community
from tests.support.gateway import encoded, eventually, running_gateway


async def test_a_failing_detector_is_switched_off_and_the_others_go_on(
    conninfo: str, mosquitto: RunningBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = Engine.process

    def fail_on_batteries(self: Engine, batch: ReadingBatch, now: int) -> Records:
        if len(batch.heartbeat) and Rule.DEVICE_BATTERY_LOW not in self.disabled:
            raise KernelFault(Rule.DEVICE_BATTERY_LOW, 0, 7)
        return process(self, batch, now)

    monkeypatch.setattr(Engine, "process", fail_on_batteries)
    seed_community(conninfo)
    t = SystemClock().now_ms()
    with connected(mosquitto, mosquitto.site("s1")) as band:
        async with running_gateway(conninfo, mosquitto):
            band.publish("anxin/v1/s1/b0/heartbeat", encoded(t=t, battery_pct=3))
            await eventually(lambda: one(conninfo, "select count(*) from heartbeat") == 1, "the heartbeat is stored")
            band.publish("anxin/v1/s1/b0/sos", encoded(t=t, seq=1))
            await eventually(lambda: one(conninfo, "select count(*) from alarm where kind = 'sos'") == 1, "the press")
    assert rows(conninfo, "select rule, site, state, object -> 'evidence' from alarm where kind = 'system'") == [
        ("system.detector_failed", "s1", "open", {"detector": "device.battery_low", "status": 7})
    ]
    assert one(conninfo, "select count(*) from alarm where kind = 'device'") == 0
