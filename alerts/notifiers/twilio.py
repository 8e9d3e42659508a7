"""SMS through Twilio.

Source: https://www.twilio.com/docs/messaging/api/message-resource (create, ``ValidityPeriod`` in seconds) and
https://www.twilio.com/docs/api/errors (codes).
"""

from __future__ import annotations

import asyncio
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from requests.exceptions import RequestException, Timeout
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from alerts.notifiers.numbers import to_e164
from alerts.notifiers.port import CannotTell, Capabilities, Delivered, Finding, GiveUp, RetryAfter, Sending
from alerts.ports import Message

TIMEOUT_S: Final = 5.0
"""For the connection and for the answer, each."""
LONGEST_VALIDITY_S: Final = 36_000
"""Twilio's own upper bound."""
DEFAULT_VALIDITY_S: Final = 900
TRY_AGAIN: Final = frozenset({401, 429})
"""Beside 5xx: a wrong token is put right by the engineer, and the message may still be in time."""
_MESSAGING_SERVICE: Final = "MG"


class TwilioNotifier:
    """Sends SMS from one number or messaging service.

    ``base_url`` is another host that speaks Twilio's API; ``status_callback`` where Twilio reports delivery.
    """

    name = "twilio"
    capabilities = Capabilities(sms=True)

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        base_url: str | None = None,
        status_callback: str | None = None,
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=_HttpClient(base_url))
        self._options: dict[str, Any] = {
            "messaging_service_sid" if sender.startswith(_MESSAGING_SERVICE) else "from_": sender
        }
        if status_callback is not None:
            self._options["status_callback"] = status_callback

    async def send(self, message: Message, text: str, now: int) -> Sending:
        """Hand the text to Twilio, which drops it when it could not be delivered before the message expires."""
        left_s = DEFAULT_VALIDITY_S if message.expires_at is None else (message.expires_at - now) // 1000
        validity_s = max(1, min(left_s, LONGEST_VALIDITY_S))
        return await asyncio.to_thread(self._send, message.recipient, text, validity_s)

    async def find(self, message: Message, now: int) -> Finding:
        """Nothing is looked up yet."""
        return CannotTell("not_looked_up")

    def _send(self, recipient: str, text: str, validity_s: int) -> Sending:
        try:
            sent = self._client.messages.create(
                to=to_e164(recipient), body=text, validity_period=validity_s, **self._options
            )
        except TwilioRestException as refused:
            reason = f"twilio_{refused.code or refused.status}"
            temporary = refused.status in TRY_AGAIN or refused.status >= 500
            return RetryAfter(reason) if temporary else GiveUp(reason)
        except Timeout:
            return RetryAfter("twilio_timeout")
        except (RequestException, TwilioException):
            return RetryAfter("twilio_unreachable")
        return Delivered(sent.sid)


class _HttpClient(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's client with a time limit, without its logs, and towards another host where one is named."""

    def __init__(self, base_url: str | None) -> None:
        super().__init__(timeout=TIMEOUT_S)
        self._base = None if base_url is None else urlsplit(base_url.rstrip("/"))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if self._base is not None:
            asked = urlsplit(url)
            url = urlunsplit((self._base.scheme, self._base.netloc, self._base.path + asked.path, asked.query, ""))
        return super().request(method, url, *args, **kwargs)

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Say nothing: requests carry names and phone numbers."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Say nothing."""
