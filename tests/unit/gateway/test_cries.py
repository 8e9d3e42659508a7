"""What a message on ``sos`` or ``fall`` is read as, however large it is."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from devices.kinds import Kind
from devices.payloads import MAX_READINGS_PER_PAYLOAD, Sos
from gateway.cries import hear
from gateway.readings import Heading
from gateway.receipts import receipts

NOW = 1_750_000_000_000


@pytest.mark.parametrize("kind", [Kind.SOS, Kind.FALL])
def test_of_too_many_cries_the_latest_are_heard_in_their_order(kind: Kind) -> None:
    times = [NOW - 5_000 + i for i in range(3 * MAX_READINGS_PER_PAYLOAD)]
    late_first = times[::-1]
    heard = hear(kind, msgspec.json.encode([{"t": t, "lat": "x"} for t in late_first]), NOW)
    assert [cry.payload.t for cry in heard.cries] == late_first[:MAX_READINGS_PER_PAYLOAD]
    assert heard.unreadable is not None


def test_a_cry_without_a_time_counts_as_the_latest() -> None:
    old = [{"t": NOW - 1}] * MAX_READINGS_PER_PAYLOAD
    heard = hear(Kind.SOS, msgspec.json.encode([*old, {}]), NOW)
    assert [cry.payload.t for cry in heard.cries[-1:]] == [NOW]
    assert len(heard.cries) == MAX_READINGS_PER_PAYLOAD


def test_a_press_that_comes_many_times_at_once_gets_one_receipt() -> None:
    press = Heading(Kind.SOS, 0, NOW, 1, NOW, True, "b0", "s1", Sos(t=NOW, seq=1))
    other = press._replace(seq=2)
    assert len(receipts([press, other, press, press], {})) == 2
    alarm = UUID(int=1)
    ((_, payload),) = receipts([press], {press.key: alarm})
    assert msgspec.json.decode(payload)["alarm"] == str(alarm)
