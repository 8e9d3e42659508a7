"""The benchmarks do what they say: real parts, the contract's names, nothing lost. No figure is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

PATIENCE_S: Final = 200


def _bench(*arguments: str) -> Any:
    command = [sys.executable, "-m", "anxin", "bench", *arguments, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def test_ingest_measures_the_gateway_between_two_runs_of_the_bare_subscriber_and_loses_nothing() -> None:
    found = _bench("ingest", "--devices", "50", "--seconds", "1")
    named = (
        "messages",
        "messages_per_s",
        "bare_subscriber_per_s",
        "cpu_us_per_message",
        "stored",
        "lost",
        "duplicated",
    )
    assert tuple(found)[: len(named)] == named
    assert (found["lost"], found["duplicated"]) == (0, 0)
    assert found["stored"] == found["messages"] > 0
    assert [phase["receiver"] for phase in found["phases"]] == ["bare", "gateway", "bare"]
    assert all(phase["received"] == phase["messages"] > 0 for phase in found["phases"])


def test_latency_says_which_background_was_reached() -> None:
    (found,) = _bench("latency", "--presses", "20", "--rate", "10", "--background", "200")
    assert {"background_per_s", "n", "p50_ms", "p90_ms", "p99_ms", "max_ms"} <= set(found)
    assert (found["background_per_s"], found["n"], found["missing"]) == (200, 20, 0)
    assert found["reached_per_s"] > 0
    assert found["p50_ms"] <= found["p90_ms"] <= found["p99_ms"] <= found["max_ms"]


def test_escalation_follows_each_alarm_to_its_request_at_twilio() -> None:
    found = _bench("escalation", "--alarms", "10", "--open", "10", "--rate", "10", "--links")
    assert (found["open_alarms"], found["n"], found["missing"], found["twice"]) == (10, 10, 0, 0)
    assert 0 < found["p50_ms"] <= found["p90_ms"] <= found["p99_ms"] <= found["max_ms"]
    assert found["dispatcher_cpu_ms"] > 0


def test_soak_watches_every_role() -> None:
    found = _bench("soak", "--devices", "20", "--minutes", "0.1", "--rate", "100")
    assert found["messages"] > 0
    assert {"gateway", "dispatcher", "console", "broker", "postgres"} <= set(found["samples"][0]["rss_mib"])


def test_the_engine_is_measured_beside_memory_and_plain_python() -> None:
    found = _bench("engine", "--residents", "1000", "--events", "20000", "--polygons", "0.2")
    named = (
        "residents",
        "events",
        "events_per_s",
        "memory_limit_events_per_s",
        "plain_python_events_per_s",
        "bytes_per_resident",
        "batch_of_one_us",
        "advance_ms",
    )
    assert tuple(found)[: len(named)] == named
    assert (found["residents"], found["events"]) == (1000, 20_000)
    assert all(found[name] > 0 for name in named)
    assert {"sos.button opened", "fall.device opened", "wandering.zone_exit opened"} <= set(found["alarms"])
    assert found["silences_opened"] == 50
    assert set(found["ns_by_kind"]) >= {"position", "heartbeat", "vitals", "exercise"}


def test_load_counts_what_sounds_at_a_desk() -> None:
    found = _bench("load", "--residents", "60", "--days", "2", "--assume", "noisy")
    assert (found["residents"], found["days"], found["world"]) == (60, 2, "noisy")
    assert found["readings"] > 60 * 2 * 288
    assert found["sounding_per_day"] > 0
    assert all(len(hours) == 24 for hours in found["by_hour"].values())


def test_recovery_repeats_an_hour_a_minute_and_everything_and_alarms_flow_after_each() -> None:
    found = _bench("recovery", "--residents", "60")
    hour, minute, whole = found["starts"]
    assert hour["readings_replayed"] == 60 * 2 * 12
    assert 0 < minute["readings_replayed"] < 60
    assert all(start["alarm_after_s"] > sum(start["stages_s"].values()) for start in found["starts"])
    assert whole["readings_replayed"] > hour["readings_replayed"]
    assert set(hour["stages_s"]) == {"snapshot", "replay", "registry"}
    assert found["pauses"]["first_steps"] > 1
