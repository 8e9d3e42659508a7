"""Passwords of devices, as the broker checks them."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Final

MOSQUITTO_ITERATIONS: Final = 101
"""Mosquitto 2's own default. Low on purpose: our passwords are 192 random bits, and a broker that restarts
checks thousands of them at once. Source: mosquitto, ``src/password_mosq.h``, ``PW_DEFAULT_ITERATIONS``."""


def new_mqtt_password() -> str:
    """A fresh password: 192 random bits, 32 characters of URL-safe text."""
    return secrets.token_urlsafe(24)


def mosquitto_password_hash(password: str, salt: bytes | None = None, iterations: int = MOSQUITTO_ITERATIONS) -> str:
    """``$7$iterations$salt$hash`` of Mosquitto's password file: PBKDF2-HMAC-SHA512, 64 bytes, base64.

    Args:
        password: What the device will say.
        salt: 12 bytes; random when None.
        iterations: Rounds of PBKDF2.
    """
    salt = secrets.token_bytes(12) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)
    return f"$7${iterations}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
