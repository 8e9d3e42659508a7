"""What the console says of itself to Prometheus."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

STREAM_CLIENTS: Final = Gauge("anxin_dashboards_stream_clients", "Open streams")
STREAM_EVENTS: Final = Counter("anxin_dashboards_stream_events_total", "Changes of alarms pushed, once a change")
STREAM_RESETS: Final = Counter(
    "anxin_dashboards_stream_resets_total", "Streams told to load the list again", ["reason"]
)
STREAM_POSITION: Final = Gauge("anxin_dashboards_stream_position", "Number of the last change that was pushed")
SIGN_INS: Final = Counter("anxin_dashboards_sign_ins_total", "Attempts to sign in", ["outcome"])
AUDIT_WAITING: Final = Gauge("anxin_dashboards_audit_waiting", "Entries of the audit log that could not be written yet")
ACTIONS: Final = Counter("anxin_dashboards_alarm_actions_total", "What people did with alarms", ["event", "outcome"])
REPLIES: Final = Counter(
    "anxin_dashboards_replies_total", "Answers that came in, by whether we said something back", ["channel", "outcome"]
)
CARRIER_REPORTS: Final = Counter(
    "anxin_dashboards_carrier_reports_total", "What a carrier said became of messages", ["state", "outcome"]
)
WEBHOOKS_REFUSED: Final = Counter(
    "anxin_dashboards_webhooks_refused_total", "Requests to webhooks without a good signature"
)
REQUEST_SECONDS: Final = Histogram(
    "anxin_dashboards_request_seconds",
    "Time to the first byte of an answer",
    ["method", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
