"""What the gateway counts, for ``/metrics``."""

from __future__ import annotations

from contextlib import AbstractContextManager

from prometheus_client import Counter, Gauge, Histogram

READINGS_STORED = Counter("anxin_gateway_readings_stored_total", "Readings committed", ["kind"])
READINGS_DUPLICATE = Counter("anxin_gateway_readings_duplicate_total", "Readings that were stored before")
READINGS_LATE = Counter("anxin_gateway_readings_late_total", "Readings older than 10 minutes on arrival")
REJECTED = Counter("anxin_gateway_rejected_total", "Payloads or readings not taken, by reason", ["reason"])
RETAINED_IGNORED = Counter("anxin_gateway_retained_ignored_total", "Retained messages of a kind that must not be")
BATCHES = Counter("anxin_gateway_batches_total", "Committed batches")
BATCHES_UNKNOWN = Counter("anxin_gateway_commit_unknown_total", "Commits of unknown outcome, looked up", ["outcome"])
BATCH_SECONDS = Histogram(
    "anxin_gateway_batch_seconds",
    "From taking a batch to its commit",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
BATCH_READINGS = Histogram(
    "anxin_gateway_batch_readings", "Messages taken into one batch", buckets=(1, 4, 16, 64, 256, 1024, 4096, 8192)
)
_QUICK = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
STAGE_SECONDS = Histogram("anxin_gateway_stage_seconds", "What each stage of a batch takes", ["stage"], buckets=_QUICK)
STAGES = ("wait", "decode", "dedupe", "engine", "write", "commit", "acknowledge", "receipt", "snapshot")
"""``wait``: from the receipt of the batch's first message until it is taken; ``write``: until COMMIT is sent;
``commit``: from then until the database has answered to all; ``snapshot``: a step of copying the engine."""
RECOVERY_SECONDS = Gauge("anxin_gateway_recovery_seconds", "What each stage of this process's start took", ["stage"])
SESSION_CONNECTED = Gauge("anxin_gateway_session_connected", "1 while the MQTT session is connected", ["session"])
SESSION_LOST = Counter(
    "anxin_gateway_session_lost_total", "Reconnects at which the broker no longer knew our session", ["session"]
)
SESSION_WAITING = Gauge("anxin_gateway_session_waiting", "Messages received and not yet taken", ["session"])
SESSION_OUTGOING = Gauge(
    "anxin_gateway_session_outgoing", "Receipts and markers not yet acknowledged by the broker", ["session"]
)
RECEIPTS_DROPPED = Counter("anxin_gateway_receipts_dropped_total", "Receipts given up because the queue was full")
STORE_AVAILABLE = Gauge("anxin_gateway_store_available", "1 while the database takes our batches")
PROVISIONAL = Counter("anxin_gateway_provisional_alarms_total", "Alarms announced while the database was away")
EMERGENCY_CALLS = Counter(
    "anxin_gateway_emergency_calls_total", "Attempts to tell an emergency number, by outcome", ["outcome"]
)
BROKER_STORED_BYTES = Gauge("anxin_gateway_broker_stored_bytes", "Bytes that the broker holds in its queues")
BROKER_WINDOW = Gauge("anxin_gateway_broker_window", "Messages that the broker sends before the first PUBACK")
BROKER_KEPT = Gauge("anxin_gateway_broker_kept", "Messages of a test backlog that the broker kept")
BROKER_ADVICE = Gauge("anxin_gateway_broker_advice", "Settings of the broker that would lose or delay messages")
DETECTOR_OFF = Gauge("anxin_gateway_detector_off", "1 while a detector is switched off after a fault", ["rule"])
COMMANDS_CONNECTED = Gauge("anxin_gateway_commands_connected", "1 while commands can be sent to the broker")
COMMANDS_SENT = Counter("anxin_gateway_commands_sent_total", "Commands published, repetitions among them", ["name"])
COMMANDS_EXPIRED = Counter("anxin_gateway_commands_expired_total", "Commands that ran out, by reason", ["reason"])
ANSWERS_TO_NOTHING = Counter("anxin_gateway_answers_to_nothing_total", "Answers of devices that belong to no command")


for _stage in STAGES:
    STAGE_SECONDS.labels(_stage)


def stage(name: str) -> AbstractContextManager[object]:
    """Times a block as one stage of a batch."""
    return STAGE_SECONDS.labels(name).time()
