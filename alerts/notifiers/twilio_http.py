"""The connections to Twilio: kept open, with a time limit, silent, and towards another host where one is named."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from requests.adapters import HTTPAdapter
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

KEPT_OPEN: Final = 16
"""As many as the dispatcher sends at once: none pays for a new TLS connection while others wait for one."""
_TOO_MANY_REQUESTS: Final = 429
_MOST_DIGITS: Final = 5


class Busy(Exception):
    """Twilio wants fewer requests. ``seconds``: after how long one may come again; None: it did not say."""

    def __init__(self, seconds: float | None) -> None:
        super().__init__("Twilio wants fewer requests")
        self.seconds = seconds


class TwilioConnections(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's client over connections that stay open."""

    def __init__(self, base_url: str | None, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        for scheme in ("https://", "http://"):
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=KEPT_OPEN))
        self._base = None if base_url is None else urlsplit(base_url.rstrip("/"))

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        """Send a request; raises ``Busy`` for 429."""
        if self._base is not None:
            asked = urlsplit(url)
            url = urlunsplit((self._base.scheme, self._base.netloc, self._base.path + asked.path, asked.query, ""))
        response = super().request(method, url, *args, **kwargs)
        if response.status_code == _TOO_MANY_REQUESTS:
            raise Busy(_seconds((response.headers or {}).get("Retry-After")))
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Say nothing: requests carry names and phone numbers."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Say nothing."""


def _seconds(header: str | None) -> float | None:
    """What a ``Retry-After`` says; a date, or more than a day's seconds have digits, says nothing."""
    named = header is not None and header.isascii() and header.isdigit() and len(header) <= _MOST_DIGITS
    return float(header) if header is not None and named else None
