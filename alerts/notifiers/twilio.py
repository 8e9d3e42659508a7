"""SMS and calls through Twilio.

Sources: https://www.twilio.com/docs/messaging/api/message-resource (``ValidityPeriod`` in seconds, ``ContentSid``),
https://www.twilio.com/docs/voice/api/call-resource (``Twiml``), https://www.twilio.com/docs/voice/twiml/gather and
https://www.twilio.com/docs/api/errors. Twilio asks not to build on single codes of refused numbers, since it keeps
splitting them: the HTTP status decides, the code is only written down.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout, RequestException, Timeout
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client
from twilio.twiml.voice_response import Gather, VoiceResponse

from alerts.notifiers.numbers import to_e164
from alerts.notifiers.port import (
    UNKNOWN_TOKEN,
    CannotTell,
    Capabilities,
    Delivered,
    Finding,
    Found,
    GiveUp,
    NotThere,
    RetryAfter,
    Sending,
)
from alerts.notifiers.twilio_http import Busy, TwilioConnections
from alerts.phrases import SPOKEN
from alerts.ports import Message

TIMEOUT_S: Final = 5.0
"""For the connection and for the answer, each: together ``alerts.outbox.SENDING_TAKES_MS``."""
LONGEST_VALIDITY_S: Final = 36_000
"""Twilio's own upper bound."""
DEFAULT_VALIDITY_S: Final = 900
TRY_AGAIN: Final = frozenset({401, 408})
"""Beside 429 and 5xx: a wrong token is put right by the engineer, and the message may still be in time."""
RING_S: Final = 30
LONGEST_CALL_S: Final = 120
KEYPAD_WAIT_S: Final = 8
"""How long a call rings, lasts at most, and waits for a key each time. Assumption."""
LONGEST_SID: Final = 64
"""Characters; Twilio's own have 34."""
LOOK_BACK: Final = 50
"""So many of a number's newest messages are searched."""
CLOCKS_APART_S: Final = 60
"""Twilio's clock and ours may differ by so much. Assumption."""
NO_REPLIES_FROM: Final = frozenset({"86"})
"""Mainland China delivers no replies to numbers abroad. Source: Twilio's SMS guidelines for China."""
_ANY_TOKEN: Final = f"[A-Za-z0-9_-]{{{len(UNKNOWN_TOKEN)}}}"
_MESSAGING_SERVICE: Final = "MG"
_OURS: Final = "outbound-api"


class TwilioNotifier:
    """Sends SMS from one number or messaging service, and calls from a number.

    Args:
        account_sid: The account's name.
        auth_token: Its secret.
        sender: What SMS come from: a number, a name, or the sid of a messaging service.
        voice_from: The number that calls; None: the sender, if that is a number.
        base_url: Another host that speaks Twilio's API.
        public_url: Where Twilio reaches our webhooks; None: no reports of delivery, no keypad, no replies.
        templates: Keys of messages and the content templates approved for them.
        daily_cap: So many SMS a day and number are delivered.
        values_of: The variables of a content template: what the message's text is made of.
    """

    name = "twilio"

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        voice_from: str | None = None,
        base_url: str | None = None,
        public_url: str | None = None,
        templates: Mapping[str, str] | None = None,
        daily_cap: int | None = None,
        values_of: Callable[[Message, str], Mapping[str, str]] | None = None,
    ) -> None:
        is_number = sender.startswith("+")
        service = sender.startswith(_MESSAGING_SERVICE)
        self._client = Client(account_sid, auth_token, http_client=TwilioConnections(base_url, TIMEOUT_S))
        self._sender: dict[str, Any] = {"messaging_service_sid" if service else "from_": sender}
        self._caller = voice_from or (sender if is_number else None)
        self._public_url = public_url
        self._templates = templates or {}
        self._values_of = values_of or (lambda _message, text: {"text": text})
        self.capabilities = Capabilities(
            sms=True,
            voice=self._caller is not None,
            replies=public_url is not None and (is_number or service),
            no_replies_from=NO_REPLIES_FROM,
            links=public_url is not None,
            daily_cap=daily_cap,
        )

    async def send(self, message: Message, text: str, now: int) -> Sending:
        """Hand the message to Twilio, which drops an SMS when it could not be delivered before it expires."""
        return await asyncio.to_thread(self._send, message, text, now)

    async def find(self, message: Message, text: str) -> Finding:
        """Look among the newest messages, or calls, to this number for one that may be this."""
        return await asyncio.to_thread(self._find, message, text)

    def _send(self, message: Message, text: str, now: int) -> Sending:
        try:
            sent = self._call(message, text) if message.channel == "voice" else self._text(message, text, now)
        except TwilioRestException as refused:
            return _refusal(refused)
        except Busy as busy:
            return RetryAfter("twilio_429", busy.seconds, crowded=True)
        except (RequestException, TwilioException) as error:
            return _failure(error)
        return Delivered(_sid(sent))

    def _text(self, message: Message, text: str, now: int) -> Any:
        left_s = DEFAULT_VALIDITY_S if message.expires_at is None else (message.expires_at - now) // 1000
        options: dict[str, Any] = {"validity_period": max(1, min(left_s, LONGEST_VALIDITY_S)), **self._sender}
        template = self._templates.get(message.template)
        if template is None:
            options["body"] = text
        else:
            options["content_sid"] = template
            # Twilio refuses empty variables.
            values = {key: value for key, value in self._values_of(message, text).items() if value}
            options["content_variables"] = msgspec.json.encode(values).decode()
        if self._public_url is not None:
            options["status_callback"] = f"{self._public_url}/webhooks/twilio/status?message={message.id}"
        return self._client.messages.create(to=to_e164(message.recipient), **options)

    def _call(self, message: Message, text: str) -> Any:
        options: dict[str, Any] = {}
        if self._public_url is not None:
            options["status_callback"] = f"{self._public_url}/webhooks/twilio/voice/{message.id}/status"
        return self._client.calls.create(
            to=to_e164(message.recipient),
            from_=self._caller,
            twiml=self._spoken(message, text),
            timeout=RING_S,
            time_limit=LONGEST_CALL_S,
            **options,
        )

    def _spoken(self, message: Message, text: str) -> str:
        """The text said twice, each time with a wait for a key where there is somebody to hear of it."""
        response = VoiceResponse()
        language = SPOKEN.get(message.language, SPOKEN["zh"])
        for _ in range(2):
            if self._public_url is None:
                response.say(text, language=language)
                response.pause(length=1)
                continue
            action = f"{self._public_url}/webhooks/twilio/voice/{message.id}"
            gather = Gather(action=action, method="POST", num_digits=1, timeout=KEYPAD_WAIT_S)
            gather.say(text, language=language)
            response.append(gather)
        return str(response)

    def _find(self, message: Message, text: str) -> Finding:
        to = to_e164(message.recipient)
        since_s = message.created_at / 1000 - CLOCKS_APART_S
        try:
            if message.channel == "voice":
                calls = self._client.calls.list(to=to, limit=LOOK_BACK)
                found = [c.sid for c in calls if c.direction == _OURS and _created_s(c) >= since_s]
            else:
                messages = self._client.messages.list(to=to, limit=LOOK_BACK)
                found = [
                    m.sid
                    for m in messages
                    if m.direction == _OURS
                    and _created_s(m) >= since_s
                    and (message.template in self._templates or _says(m.body or "", text))
                ]
        except TwilioRestException as refused:
            return CannotTell(f"twilio_{refused.code or refused.status}")
        except (Busy, RequestException, TwilioException) as error:
            return CannotTell(type(error).__name__)
        return Found(tuple(reversed(found))) if found else NotThere()


def _sid(resource: Any) -> str | None:
    """Twilio's name for what it took; None for one that could not be written down."""
    sid = resource.sid
    return sid if isinstance(sid, str) and sid.isprintable() and len(sid) <= LONGEST_SID else None


def _created_s(resource: Any) -> float:
    """When Twilio made it; what does not say so is taken for new."""
    created = resource.date_created
    return float("inf") if created is None else float(created.timestamp())


def _says(body: str, text: str) -> bool:
    """Whether Twilio's body says this, with whatever link; a trial account's has Twilio's own words before it."""
    return re.search(re.escape(text).replace(re.escape(UNKNOWN_TOKEN), _ANY_TOKEN), body) is not None


def _refusal(refused: TwilioRestException) -> RetryAfter | GiveUp:
    reason = f"twilio_{refused.code or refused.status}"
    if refused.status >= 500:
        return RetryAfter(reason, in_doubt=True, crowded=True)
    return RetryAfter(reason, crowded=True) if refused.status in TRY_AGAIN else GiveUp(reason)


def _failure(error: Exception) -> RetryAfter:
    """What never got through to Twilio did not arrive; of everything else nobody knows."""
    if isinstance(error, ConnectTimeout):
        return RetryAfter("twilio_timeout", crowded=True)
    if isinstance(error, Timeout):
        return RetryAfter("twilio_timeout", in_doubt=True, crowded=True)
    refused = isinstance(error, NoConnection) and "NewConnectionError" in repr(error)
    return RetryAfter("twilio_unreachable", in_doubt=not refused, crowded=True)
