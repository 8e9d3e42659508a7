"""What the stand-in keeps: messages and calls, and how its API shows them."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate
from typing import Final, NamedTuple

API: Final = "/2010-04-01/Accounts"
PAGE_SIZE: Final = 50
"""Twilio's default."""


class SentMessage(NamedTuple):
    """A message that the stand-in accepted. ``direction``: ``outbound-reply`` for what a webhook answered."""

    sid: str
    to: str
    sender: str
    body: str
    validity_period_s: int | None
    status_callback: str | None
    at_ms: int = 0
    direction: str = "outbound-api"
    content_sid: str | None = None
    content_variables: str | None = None

    def resource(self, account: str) -> dict[str, object]:
        """As the API shows it."""
        return {
            **_common(self.sid, account, self.to, self.sender, self.direction, self.at_ms),
            "body": self.body,
            "status": "queued",
            "num_segments": "1",
            "num_media": "0",
            "messaging_service_sid": self.sender if self.sender.startswith("MG") else None,
            "error_code": None,
            "error_message": None,
            "uri": f"{API}/{account}/Messages/{self.sid}.json",
        }


class PlacedCall(NamedTuple):
    """A call that the stand-in accepted."""

    sid: str
    to: str
    sender: str
    twiml: str
    ring_s: int | None
    status_callback: str | None
    at_ms: int = 0

    def resource(self, account: str) -> dict[str, object]:
        """As the API shows it."""
        return {
            **_common(self.sid, account, self.to, self.sender, "outbound-api", self.at_ms),
            "status": "queued",
            "uri": f"{API}/{account}/Calls/{self.sid}.json",
        }


def message_from(form: Mapping[str, str], sid: str, at_ms: int) -> SentMessage:
    """The message of a request."""
    validity = form.get("ValidityPeriod")
    return SentMessage(
        sid=sid,
        to=form["To"],
        sender=form.get("From") or form.get("MessagingServiceSid", ""),
        body=form.get("Body", ""),
        validity_period_s=None if validity is None else int(validity),
        status_callback=form.get("StatusCallback"),
        at_ms=at_ms,
        content_sid=form.get("ContentSid"),
        content_variables=form.get("ContentVariables"),
    )


def call_from(form: Mapping[str, str], sid: str, at_ms: int) -> PlacedCall:
    """The call of a request."""
    ring = form.get("Timeout")
    return PlacedCall(
        sid=sid,
        to=form["To"],
        sender=form["From"],
        twiml=form["Twiml"],
        ring_s=None if ring is None else int(ring),
        status_callback=form.get("StatusCallback"),
        at_ms=at_ms,
    )


def page(kind: str, resources: list[dict[str, object]], path: str) -> dict[str, object]:
    """One page that holds them all."""
    return {
        kind: resources,
        "page": 0,
        "page_size": PAGE_SIZE,
        "start": 0,
        "end": max(0, len(resources) - 1),
        "uri": path,
        "first_page_uri": path,
        "next_page_uri": None,
        "previous_page_uri": None,
    }


def error(status: int, code: int) -> dict[str, object]:
    """An error as Twilio words it."""
    return {
        "code": code,
        "message": "refused by the stand-in",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": int(status),
    }


def _common(sid: str, account: str, to: str, sender: str, direction: str, at_ms: int) -> dict[str, object]:
    created = formatdate(at_ms / 1000, usegmt=False).replace("-0000", "+0000")
    return {
        "sid": sid,
        "account_sid": account,
        "to": to,
        "from": sender,
        "direction": direction,
        "date_created": created,
        "date_updated": created,
        "api_version": "2010-04-01",
    }
