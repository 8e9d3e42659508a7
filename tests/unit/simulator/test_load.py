from __future__ import annotations

from collections import Counter

import mqtt5
import msgspec
import pytest

from devices.clock import ManualClock
from devices.payloads import Heartbeat, Motion, Position, Sos, Vitals
from devices.topics import parse_device_topic
from simulator.load import Mix, Target
from simulator.wire import PACKET_IDS, Outgoing, again, head

TYPES = {"position": Position, "heartbeat": Heartbeat, "vitals": Vitals, "motion": Motion, "sos": Sos}


def _packet(outgoing: Outgoing, packet_id: int) -> mqtt5.PublishPacket:
    raw = outgoing.head + PACKET_IDS[packet_id] + outgoing.tail
    packet, length = mqtt5.read(memoryview(raw))
    assert length == len(raw)
    assert isinstance(packet, mqtt5.PublishPacket)
    return packet


def test_every_packet_of_the_mix_is_a_valid_reading() -> None:
    mix = Mix(
        [Target("demo", f"band-{n:04d}") for n in range(3)],
        clock=ManualClock(),
        sos_every=10,
        vitals_every=7,
        motion_every=9,
    )
    seen: set[str] = set()
    for number, outgoing in enumerate(mix.take(200), start=1):
        packet = _packet(outgoing, number)
        topic = parse_device_topic(packet.topic)
        assert topic is not None
        msgspec.json.decode(packet.payload, type=TYPES[topic.kind.topic_name])
        seen.add(topic.kind.topic_name)
        assert packet.packet_id == number
        assert packet.qos == mqtt5.QoS.AT_LEAST_ONCE
    assert seen == set(TYPES)


def test_each_device_counts_up_from_zero_over_all_kinds() -> None:
    mix = Mix([Target("demo", "a"), Target("demo", "b")], clock=ManualClock(), sos_every=7)
    seen: dict[str, list[int]] = {}
    kinds: Counter[str] = Counter()
    for outgoing in [*mix.take(30), *mix.take(31)]:
        packet = _packet(outgoing, 1)
        topic = parse_device_topic(packet.topic)
        assert topic is not None
        kinds[topic.kind.topic_name] += 1
        seen.setdefault(topic.device, []).append(msgspec.json.decode(packet.payload)["seq"])
    assert seen == {"a": list(range(31)), "b": list(range(30))}
    assert mix.next_seq == [31, 30]
    assert kinds["sos"] == mix.presses == 61 // 7


@pytest.mark.parametrize("length", [0, 90, 100, 127, 128, 16_300, 16_384])
def test_heads_state_their_length_as_the_codec_does(length: int) -> None:
    payload = b"x" * length
    theirs = mqtt5.PublishPacket("a/b", payload, qos=mqtt5.QoS.AT_LEAST_ONCE, packet_id=7).write()
    assert head("a/b", length) + PACKET_IDS[7] + b"\0" + payload == theirs


def test_a_repeated_packet_says_so() -> None:
    packet = _packet(Outgoing(again(head("a/b", 1)), b"\0x"), 9)
    assert packet.duplicate
