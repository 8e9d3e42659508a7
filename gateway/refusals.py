"""What a broker's refusal means for whoever set the address, in words."""

from __future__ import annotations

from typing import Final

from mqtt5 import ConnAckReasonCode

_WORDS: Final = {
    int(ConnAckReasonCode.UNSUPPORTED_PROTOCOL_VERSION): "it speaks no MQTT 5, which Mosquitto 2 and later do",
    int(ConnAckReasonCode.CLIENT_ID_NOT_VALID): "it refuses our client id: allow those that begin with anxin-gateway",
    int(ConnAckReasonCode.BAD_USER_NAME_OR_PASSWORD): "it does not accept the user name or password of mqtt.broker",
    # Mosquitto 2 answers this to a wrong password, and to an anonymous client.
    int(ConnAckReasonCode.NOT_AUTHORIZED): "it does not accept the user name or password of mqtt.broker",
    int(ConnAckReasonCode.SERVER_BUSY): "it is busy",
    int(ConnAckReasonCode.SERVER_UNAVAILABLE): "it is not available",
}


def in_words(code: ConnAckReasonCode) -> str:
    """Why a CONNECT was refused and what to do about it."""
    return _WORDS.get(int(code), f"it refuses us: {code.name.lower().replace('_', ' ')}")
