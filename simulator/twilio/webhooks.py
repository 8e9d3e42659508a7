"""What Twilio posts to an application: signed forms, answered in TwiML."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPSConnection
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from defusedxml import ElementTree

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

TIMEOUT_S: Final = 15.0
"""So long Twilio waits for an answer. Source: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides"""


class Answer(NamedTuple):
    """What the application answered: the status and, of its TwiML, what is said or written."""

    status: int
    texts: tuple[str, ...] = ()


class Question(NamedTuple):
    """What a call says, in which language, and where a key that is pressed goes (None: nowhere)."""

    texts: tuple[str, ...]
    languages: tuple[str, ...]
    action: str | None


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """``X-Twilio-Signature``: HMAC-SHA1 over the address and the sorted fields, in Base64."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def post(token: str, url: str, form: Mapping[str, str], *, forwarded_to: str | None = None) -> Answer:
    """Post a form as Twilio does.

    Args:
        token: The account's secret; a wrong one makes a forged request.
        url: Where the application is, as the world sees it: that is what is signed.
        form: The fields.
        forwarded_to: ``http://host:port`` of the application behind its proxy, if that differs.
    """
    seen, there = urlsplit(url), urlsplit(forwarded_to or url)
    assert there.hostname is not None, "a webhook has a host"
    connecting = HTTPSConnection if there.scheme == "https" else HTTPConnection
    connection = connecting(there.hostname, there.port, timeout=TIMEOUT_S)
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": seen.netloc,
        "X-Forwarded-Proto": seen.scheme,
        "X-Twilio-Signature": signature(token, url, form),
    }
    try:
        path = seen.path + (f"?{seen.query}" if seen.query else "")
        connection.request("POST", path, urlencode(form), headers)
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    return Answer(response.status, texts_of(body) if response.status == 200 and body.startswith("<") else ())


def texts_of(twiml: str) -> tuple[str, ...]:
    """What a TwiML document says or writes, in order."""
    return tuple((node.text or "").strip() for node in _nodes(twiml) if node.tag in ("Say", "Message"))


def question_of(twiml: str) -> Question:
    """What a call's TwiML says and asks."""
    said = [node for node in _nodes(twiml) if node.tag == "Say"]
    actions = [node.get("action") for node in _nodes(twiml) if node.tag == "Gather"]
    return Question(
        tuple((node.text or "").strip() for node in said),
        tuple(node.get("language", "") for node in said),
        next(iter(actions), None),
    )


def _nodes(twiml: str) -> list[Element]:
    return list(ElementTree.fromstring(twiml).iter())
