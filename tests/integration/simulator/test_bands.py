from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from simulator.link import BrokerAddress
from simulator.main import Options, Simulation, counters_topic, instruction_topic
from simulator.motion import fall, from_second
from simulator.movements import sit_down_hard
from tests.support.brokers import Client, RunningBroker, connected

PATIENCE_S = 30.0


def _options(broker: RunningBroker) -> Options:
    account = broker.site("demo")
    address = BrokerAddress(broker.host, broker.port, account.username, account.password)
    return Options(broker=address, residents=3, repeat_s=0.3)


@asynccontextmanager
async def _living(options: Options) -> AsyncIterator[Simulation]:
    simulation = Simulation(options)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(simulation.run())
        try:
            async with asyncio.timeout(PATIENCE_S):
                await simulation.links[0].up.wait()
            yield simulation
        finally:
            running.cancel()


async def _until(law: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not law():  # noqa: ASYNC110 - the parts under test offer no event for every law
            await asyncio.sleep(0.02)


async def _next(client: Client, leaf: str) -> dict[str, Any]:
    """The next message on a topic that ends with ``leaf``."""
    while True:
        topic, payload = await asyncio.to_thread(client.receive)
        if topic.endswith(f"/{leaf}"):
            body: dict[str, Any] = json.loads(payload)
            return body


async def _publish(client: Client, topic: str, body: object) -> None:
    await asyncio.to_thread(client.publish, topic, json.dumps(body).encode())


def _receipt(press: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "sos", "t": press["t"], "seq": press["seq"], "alarm": None}


async def test_a_press_is_repeated_unchanged_until_its_receipt_comes(broker: RunningBroker) -> None:
    with connected(broker, broker.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/+/sos")
        async with _living(_options(broker)) as simulation:
            band = simulation.bands[0]
            band.press()
            presses = [await _next(gateway, "sos") for _ in range(3)]
            assert presses[0] == presses[1] == presses[2]
            await _publish(gateway, f"anxin/v1/demo/{band.device}/receipt", {**_receipt(presses[0]), "seq": 999})
            await _next(gateway, "sos")
            await _publish(gateway, f"anxin/v1/demo/{band.device}/receipt", _receipt(presses[0]))
            await _until(lambda: not band.unheard)
            counts = simulation.counts()
            assert counts.repeated >= 3
            assert counts.made == counts.sent == counts.acked


async def test_readings_of_an_outage_arrive_once_each_afterwards(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway, "listener", keep_session=True) as gateway:
        gateway.subscribe("anxin/v1/#")
    async with _living(_options(mosquitto)) as simulation:
        band = simulation.bands[0]
        await _until(lambda: simulation.counts().settled.readings >= 0)
        await mosquitto.broker.stop()
        await _until(lambda: not simulation.links[0].up.is_set())
        before = simulation.counts().made
        for step in range(450):
            band.report("heartbeat", simulation.clock.now_ms(), {"steps": step})
        assert simulation.counts().acked <= before
        await mosquitto.broker.start()
        await _until(lambda: band.waiting == 0)
        counts = simulation.counts()
        assert counts.acked == counts.made >= 450
    steps: list[int] = []
    payloads = 0
    with connected(mosquitto, mosquitto.gateway, "listener", keep_session=True) as gateway:
        while not steps or steps[-1] != 449:
            topic, payload = await asyncio.to_thread(gateway.receive)
            if topic == "anxin/v1/demo/band-0001/heartbeat":
                body = json.loads(payload)
                readings = body if isinstance(body, list) else [body]
                made = [reading["steps"] for reading in readings if "battery_pct" not in reading]
                steps += made
                payloads += bool(made)
    assert steps == list(range(450))
    assert payloads < 10


async def test_a_press_during_an_outage_is_heard_after_it(mosquitto: RunningBroker) -> None:
    async with _living(_options(mosquitto)) as simulation:
        await mosquitto.broker.stop()
        await _until(lambda: not simulation.links[0].up.is_set())
        cry = simulation.bands[0].press()
        await mosquitto.broker.start()
        with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
            gateway.subscribe("anxin/v1/demo/+/sos")
            press = await _next(gateway, "sos")
            assert (press["t"], press["seq"]) == (cry.t, cry.seq)


async def test_a_band_obeys_each_command_once_and_answers_it_each_time(broker: RunningBroker) -> None:
    with connected(broker, broker.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/+/command_ack")
        async with _living(_options(broker)) as simulation:
            band = simulation.bands[1]
            topic = f"anxin/v1/demo/{band.device}/command"
            for command, ok in (
                ({"id": "c1", "name": "set_interval", "args": {"position_s": 5, "heartbeat_s": 7}}, True),
                ({"id": "c1", "name": "set_interval", "args": {"position_s": 50, "heartbeat_s": 70}}, True),
                ({"id": "c2", "name": "ring", "expires_at": 1_600_000_000_000}, False),
                ({"id": "c3", "name": "dance"}, False),
            ):
                await _publish(gateway, topic, command)
                answer = await _next(gateway, "command_ack")
                assert (answer["id"], answer["ok"]) == (command["id"], ok)
            assert (band.schedule.pace.position_s, band.schedule.pace.heartbeat_s) == (5.0, 7.0)
            assert [each.id for each in band.obedience.obeyed] == ["c1"]


async def test_a_refused_command_is_refused_again_and_an_obeyed_one_confirmed_after_its_time(
    mosquitto: RunningBroker,
) -> None:
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/+/command_ack")
        async with _living(_options(mosquitto)) as simulation:
            band = simulation.bands[0]
            topic = f"anxin/v1/demo/{band.device}/command"
            ends = simulation.clock.now_ms() + 60_000
            first = {"id": "c1", "name": "ring", "expires_at": ends}
            for command, ok in (
                ({"id": "c0", "name": "dance"}, False),
                ({"id": "c0", "name": "ring"}, False),
                ({"id": "c9", "name": "message", "args": {"text": ""}}, False),
                (first, True),
                (first | {"expires_at": 1_600_000_000_000}, True),
            ):
                await _publish(gateway, topic, command)
                answer = await _next(gateway, "command_ack")
                assert (answer["id"], answer["ok"]) == (command["id"], ok)
            assert [each.id for each in band.obedience.obeyed] == ["c1"]


async def test_a_wearer_who_is_asked_answers_in_their_own_time_or_not_at_all(mosquitto: RunningBroker) -> None:
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/+/command_ack")
        async with _living(_options(mosquitto)) as simulation:
            quick, mute = simulation.bands[:2]
            quick.wearer.answer, mute.wearer.answer = "help", "none"
            asked_at = simulation.clock.now_ms()
            for band, key in ((quick, "q"), (mute, "m")):
                question = {"id": key, "name": "confirm_ok", "args": {"timeout_s": 8}}
                await _publish(gateway, f"anxin/v1/demo/{band.device}/command", question)
                await _publish(gateway, f"anxin/v1/demo/{band.device}/command", question)
            answers: dict[str, dict[str, Any]] = {}
            while len(answers) < 2:
                answer = await _next(gateway, "command_ack")
                assert answers.setdefault(answer["id"], answer) == answer
            assert {key: (each["ok"], each["answer"]) for key, each in answers.items()} == {
                "q": (True, "help"),
                "m": (True, "none"),
            }
            assert answers["q"]["t"] >= asked_at + 2_000
            assert answers["m"]["t"] >= asked_at + 8_000


async def test_a_wearer_can_be_played_over_mqtt_and_the_counters_tell(broker: RunningBroker) -> None:
    with (
        connected(broker, broker.site("demo"), "player") as player,
        connected(broker, broker.gateway, "listener") as gateway,
    ):
        player.subscribe(counters_topic("demo"))
        gateway.subscribe("anxin/v1/demo/+/checkin")
        async with _living(_options(broker)) as simulation:
            band = simulation.bands[2]
            await _publish(player, instruction_topic("demo", band.device), {"do": "sos"})
            await _until(lambda: len(band.unheard) == 1)
            await _publish(player, instruction_topic("demo", band.device), {"do": "checkin"})
            assert (await _next(gateway, "checkin"))["t"] <= simulation.clock.now_ms()
            await _publish(player, instruction_topic("demo", band.device), {"do": "stop_moving", "interval_s": 2})
            await _until(lambda: band.wearer.doing == "stop_moving")
            assert band.schedule.pace.heartbeat_s == 2.0
            await _until(lambda: simulation.counts().acked >= 1)
            while (await _next(player, "counters"))["acked"] < 1:
                pass


async def test_a_band_with_its_own_account_says_whether_it_is_there(mosquitto: RunningBroker) -> None:
    account = mosquitto.add_device("band-0002")
    address = BrokerAddress(mosquitto.host, mosquitto.port, account.username, account.password)
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/+/+/presence")
        async with _living(replace(_options(mosquitto), broker=address, device="band-0002")) as simulation:
            assert [band.device for band in simulation.bands] == ["band-0002"]
            assert (await _next(gateway, "presence"))["state"] == "online"
        assert (await _next(gateway, "presence"))["state"] == "offline"


async def test_a_movement_is_sent_as_it_comes_every_sample_once_and_the_next_waits_for_its_end(
    mosquitto: RunningBroker,
) -> None:
    quick = from_second(fall(1, rate_hz=50, after_s=0.5), 4.5)
    with connected(mosquitto, mosquitto.gateway, "listener") as gateway:
        gateway.subscribe("anxin/v1/demo/+/motion")
        async with _living(_options(mosquitto)) as simulation:
            band = simulation.bands[0]
            begin = band.move(quick)
            again = band.move(quick)
            assert again == begin + 20 * len(quick.t_ms)
            assert simulation.counts().settled.before_ms <= begin
            for start in (begin, again):
                taken = b""
                while len(taken) < quick.samples_mg.nbytes:
                    window = await _next(gateway, "motion")
                    assert window["t"] == start + 20 * (len(taken) // 6)
                    assert simulation.clock.now_ms() >= window["t"] + 1000
                    taken += base64.b64decode(window["samples"])
                assert taken == quick.samples_mg.astype("<i2").tobytes()
            await _until(lambda: simulation.counts().settled.before_ms > again)


async def test_movements_are_made_on_request(mosquitto: RunningBroker) -> None:
    with (
        connected(mosquitto, mosquitto.site("demo"), "player") as player,
        connected(mosquitto, mosquitto.gateway, "listener") as gateway,
    ):
        gateway.subscribe("anxin/v1/demo/+/motion")
        async with _living(_options(mosquitto)) as simulation:
            band = simulation.bands[0]
            topic = instruction_topic("demo", band.device)
            await _publish(player, topic, {"do": "sit_down_hard", "answer": "ok"})
            window = await _next(gateway, "motion")
            assert base64.b64decode(window["samples"]) == sit_down_hard().samples_mg[:50].astype("<i2").tobytes()
            assert band.wearer.answer == "ok"
