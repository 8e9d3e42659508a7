from __future__ import annotations

from devices.clock import ManualClock
from gateway.session import TAKEN_MESSAGES, TAKEN_OCTETS, Arrival, BrokerAddress, Session


def _session(payloads: list[bytes]) -> Session:
    session = Session(
        name="bulk",
        client_id="test",
        address=BrokerAddress("127.0.0.1", 1),
        filters=[],
        clock=ManualClock(),
        on_arrival=lambda: None,
    )
    session._arrivals = [Arrival("t", payload, number, 1, False, 0) for number, payload in enumerate(payloads)]
    return session


def _taken(session: Session) -> list[list[int | None]]:
    turns = []
    while session.waiting:
        turns.append([arrival.packet_id for arrival in session.take()])
    return turns


def test_everything_that_waits_is_taken_in_its_order() -> None:
    count = 2 * TAKEN_MESSAGES + 1
    turns = _taken(_session([b"x"] * count))
    assert [number for turn in turns for number in turn] == list(range(count))


def test_a_turn_takes_half_a_window_and_no_more() -> None:
    assert [len(turn) for turn in _taken(_session([b"x"] * (TAKEN_MESSAGES + 1)))] == [TAKEN_MESSAGES, 1]


def test_a_turn_takes_no_more_than_its_octets_but_one_message_at_least() -> None:
    large = b"x" * (TAKEN_OCTETS + 1)
    assert _taken(_session([large, b"x", b"x", large])) == [[0], [1, 2], [3]]
