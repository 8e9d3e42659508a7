"""Design rule 9: silence means something only while we listen."""

from __future__ import annotations

from gateway.listening import AWAY_MS, BEHIND_MS, PROBE_EVERY_MS, Listening


class Markers:
    """Keeps what was sent to ourselves."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.listening = Listening(lambda session, marker: self.sent.append((session, marker)), ("urgent", "bulk"))

    def are_back(self, now_ms: int) -> None:
        """All that was sent comes back."""
        for _, marker in self.sent:
            self.listening.heard(marker, now_ms)

    def since(self) -> int | None:
        return self.listening.since

    def last(self, session: str) -> bytes:
        return next(marker for name, marker in reversed(self.sent) if name == session)


def test_silence_is_not_judged_until_every_session_has_brought_its_marker_back() -> None:
    markers = Markers()
    listening = markers.listening
    listening.restart("urgent")
    listening.restart("bulk")
    assert listening.since is None
    listening.heard(markers.last("urgent"), 1_000)
    assert listening.since is None
    listening.heard(markers.last("bulk"), 2_000)
    assert listening.since == 2_000


def test_a_marker_of_an_earlier_connection_proves_nothing() -> None:
    markers = Markers()
    listening = markers.listening
    listening.restart("urgent")
    listening.restart("bulk")
    stale = markers.last("bulk")
    listening.restart("bulk")
    listening.heard(markers.last("urgent"), 1_000)
    listening.heard(stale, 2_000)
    assert listening.since is None
    listening.heard(markers.last("bulk"), 3_000)
    assert listening.since == 3_000


def test_a_lost_session_ends_the_listening_at_once() -> None:
    markers = Markers()
    listening = markers.listening
    for session in ("urgent", "bulk"):
        listening.restart(session)
        listening.heard(markers.last(session), 1_000)
    listening.lost()
    assert listening.since is None


def test_a_pipeline_that_stood_still_or_a_clock_that_was_set_starts_to_listen_anew() -> None:
    for now_ms, clock_step_ms in ((5_000 + AWAY_MS + 1, 0), (5_100, AWAY_MS + 1), (5_100, -AWAY_MS - 1)):
        markers = Markers()
        listening = markers.listening
        for session in ("urgent", "bulk"):
            listening.restart(session)
            listening.heard(markers.last(session), 1_000)
        listening.step(5_000, 0)
        assert markers.since() == 1_000
        listening.step(now_ms, clock_step_ms)
        assert markers.since() is None
        assert len(markers.sent) == 4


def test_probes_that_come_back_leave_the_listening_as_it_is() -> None:
    markers = Markers()
    markers.listening.restart_all("start")
    markers.are_back(1_000)
    for now_ms in range(1_000, 600_000, 1_000):
        markers.listening.step(now_ms, 0)
        markers.are_back(now_ms)
    assert markers.since() == 1_000
    assert {session for session, _ in markers.sent[2:]} == {"urgent", "bulk"}


def test_readings_that_stay_out_prove_no_silence_until_they_are_back() -> None:
    markers = Markers()
    markers.listening.restart_all("start")
    markers.are_back(1_000)
    markers.listening.step(1_000 + PROBE_EVERY_MS, 0)
    probed = markers.last("urgent")
    markers.listening.heard(probed, 7_000)  # the bulk session's stays out
    for now_ms in range(7_000, 1_000 + PROBE_EVERY_MS + BEHIND_MS + 2_000, 1_000):
        markers.listening.step(now_ms, 0)
    assert markers.since() is None
    markers.are_back(90_000)
    assert markers.since() == 90_000


def test_a_halt_shorter_than_an_absence_still_forbids_to_judge_what_waits_behind_it() -> None:
    markers = Markers()
    markers.listening.restart_all("start")
    markers.are_back(1_000)
    markers.listening.step(2_000, 0)
    markers.listening.step(2_000 + BEHIND_MS, 0)
    assert markers.since() is None
