"""What Twilio tells us: reports of delivery, answers by SMS, keys pressed during a call.

Every request must be signed with the account's token over the address that Twilio called; all else is refused and
read no further. What comes twice, late or in the wrong order does no harm (``alerts.inbox``).

Sources: https://www.twilio.com/docs/usage/security (signatures),
https://www.twilio.com/docs/messaging/guides/webhook-request and
https://www.twilio.com/docs/messaging/guides/track-outbound-message-status (fields),
https://www.twilio.com/docs/voice/twiml/gather (``Digits``).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Final, Literal
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import ImmutableMultiDict
from starlette.responses import Response
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from twilio.twiml.voice_response import Gather, VoiceResponse

from alerts.inbox import LONGEST_BODY, CarrierReport, Inbound, hear, press, receive
from alerts.messages import render, text_of
from alerts.phrases import SPOKEN
from alerts.ports import Message
from alerts.replies import Said
from dashboards.api.access import DepsOf
from dashboards.api.metrics import CARRIER_REPORTS, REPLIES, WEBHOOKS_REFUSED
from dashboards.api.problems import Problem
from dashboards.deps import Deps, TwilioWebhooks
from devices.phones import normalise_phone
from devices.refusals import Refusal
from gateway.store.replies import PostgresInboxStore

router = APIRouter(prefix="/webhooks/twilio", tags=["webhooks"], include_in_schema=False)

LARGEST_BODY: Final = 64 * 1024
MOST_FIELDS: Final = 200
KEYPAD_WAIT_S: Final = 8
_SIGNATURE: Final = "X-Twilio-Signature"

_CARRIER_SAYS: Final[Mapping[str, Literal["sent", "delivered", "failed"]]] = {
    "accepted": "sent", "queued": "sent", "sending": "sent", "sent": "sent",
    "delivered": "delivered", "read": "delivered",
    "undelivered": "failed", "failed": "failed", "canceled": "failed",
}  # fmt: skip
_CALL_ENDED: Final[Mapping[str, Literal["delivered", "failed"]]] = {
    "completed": "delivered", "busy": "failed", "no-answer": "failed", "failed": "failed", "canceled": "failed",
}  # fmt: skip
"""Twilio's states of a message and of a call that has ended. A call that was taken has reached somebody."""

Form = ImmutableMultiDict[str, str]

_log = structlog.get_logger(__name__)


async def signed(request: Request, deps: DepsOf) -> Form:
    """The fields of a request that Twilio signed. Raises ``Problem`` 403 for any other, 413, 422."""
    account = deps.twilio
    body = await _bounded(request)
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(422, Refusal("webhook.fields", "too many fields"), kind="invalid") from None
    form = Form(pairs)
    if account is None or not _is_twilios(request, account, form):
        WEBHOOKS_REFUSED.inc()
        _log.info("webhook_refused", account_set=account is not None)
        raise Problem(403, Refusal("webhook.signature", "this request is not signed by our provider"), kind="signature")
    return form


Signed = Annotated[Form, Depends(signed)]


@router.post("/status")
async def message_status(deps: DepsOf, form: Signed, message: int | None = None) -> Response:
    """What became of an SMS; ``message``: our own number of it."""
    state = _CARRIER_SAYS.get(form.get("MessageStatus", form.get("SmsStatus", "")))
    sid = form.get("MessageSid") or form.get("SmsSid")
    if state is not None and sid:
        reason = f"twilio_{form.get('ErrorCode') or form.get('MessageStatus')}" if state == "failed" else None
        await _hear(deps, CarrierReport(provider_id=sid, state=state, message=message, reason=reason))
    return Response(status_code=204)


@router.post("/inbound")
async def inbound(deps: DepsOf, form: Signed) -> Response:
    """An SMS to us: done what it says, and answered as TwiML."""
    account = _account(deps)
    sid = form.get("MessageSid") or form.get("SmsSid")
    if not sid:
        raise Problem(422, Refusal("webhook.message_sid", "MessageSid: is missing"), kind="invalid")
    heard = Inbound(provider_id=sid, sender=_number(form.get("From", "")), body=_printable(form.get("Body", "")))
    own = [_number(number) for number in account.numbers]
    said = await receive(PostgresInboxStore(deps.pool), heard, deps.clock.now_ms(), own=own)
    REPLIES.labels("sms", "answered" if said else "silent").inc()
    answer = MessagingResponse()
    if said is not None:
        answer.message(text_of(said.template, said.params, said.language, signature=account.signature))
    return _twiml(answer)


@router.post("/voice/{message}")
async def keypad(request: Request, deps: DepsOf, form: Signed, message: int) -> Response:
    """A key pressed during the call of a message: done what it says, and said so; another key: asked again."""
    digits = form.get("Digits", "")[:4]
    heard = Inbound(provider_id=f"{form.get('CallSid')}:{digits}", sender="", body=digits, channel="voice")
    store = PostgresInboxStore(deps.pool)
    said = await press(store, heard, message, deps.clock.now_ms())
    REPLIES.labels("voice", "answered" if said else "silent").inc()
    answer = VoiceResponse()
    if said is not None:
        answer.say(_spoken(deps, said), language=SPOKEN.get(said.language, SPOKEN["zh"]))
        answer.hangup()
        return _twiml(answer)
    async with store.transaction() as tx:
        called = await tx.message(message)
    if called is None:
        answer.hangup()
    else:
        gather = Gather(action=_called(request, deps), method="POST", num_digits=1, timeout=KEYPAD_WAIT_S)
        gather.say(_again(deps, called), language=SPOKEN.get(called.language, SPOKEN["zh"]))
        answer.append(gather)
    return _twiml(answer)


@router.post("/voice/{message}/status")
async def call_status(deps: DepsOf, form: Signed, message: int) -> Response:
    """How a call ended."""
    status = form.get("CallStatus", "")
    state, sid = _CALL_ENDED.get(status), form.get("CallSid")
    if state is not None and sid:
        reason = f"twilio_{status}" if state == "failed" else None
        await _hear(deps, CarrierReport(provider_id=sid, state=state, message=message, reason=reason))
    return Response(status_code=204)


async def _hear(deps: Deps, report: CarrierReport) -> None:
    news = await hear(PostgresInboxStore(deps.pool), report, deps.clock.now_ms())
    CARRIER_REPORTS.labels(report.state, "news" if news else "known").inc()


async def _bounded(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise Problem(
                413, Refusal("webhook.too_large", "at most {most} bytes", most=LARGEST_BODY), kind="too-large"
            )
    return body


def _is_twilios(request: Request, account: TwilioWebhooks, form: Form) -> bool:
    """Whether the signature fits the address that was called, as Twilio knows it or as it arrived here.

    Behind a proxy the two differ; either proves that whoever signed has the token.
    """
    signature = request.headers.get(_SIGNATURE, "")
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    addresses = {str(request.url), *({f"{account.public_url}{path}"} if account.public_url else ())}
    validator = RequestValidator(account.auth_token)
    return any(validator.validate(address, form, signature) for address in addresses)


def _account(deps: Deps) -> TwilioWebhooks:
    assert deps.twilio is not None, "a signed request has an account"
    return deps.twilio


def _called(request: Request, deps: Deps) -> str:
    """The address that Twilio called, so that it calls again."""
    public_url = _account(deps).public_url
    return str(request.url) if public_url is None else f"{public_url}{request.url.path}"


def _number(typed: str) -> str:
    """A number as the registry writes it; what is none (a name, a code) as it came."""
    try:
        return normalise_phone(typed)
    except ValueError:
        return _printable(typed)[:64]


def _printable(text: str) -> str:
    return "".join(c for c in text if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))[:LONGEST_BODY]


def _spoken(deps: Deps, said: Said) -> str:
    signature = _account(deps).signature
    return text_of(said.template, said.params, said.language, channel="voice", signature=signature)


def _again(deps: Deps, called: Message) -> str:
    return render(called, signature=_account(deps).signature)


def _twiml(answer: MessagingResponse | VoiceResponse) -> Response:
    return Response(str(answer), media_type="text/xml")
