"""Security headers on every answer, and how long it took; plain ASGI, so that the stream stays a stream."""

from __future__ import annotations

import time
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboards.api.metrics import REQUEST_SECONDS

_NOT_NEEDED: Final = (
    b"camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), serial=(), usb=()"
)
_HEADERS: Final = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", _NOT_NEEDED),
]
_ASSETS: Final = ("/static/", "/vendor/")
_OF_ASSETS: Final = [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", b"same-origin")]
"""A page asks for dozens of small files: what holds for documents alone would weigh more than some of them."""
_STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
_POLICY: Final = b"content-security-policy"
_BEHIND_LINKS: Final = ("/a/", "/find/")
"""Whoever opens a link never asked to tell another server where somebody is: these maps have no tiles."""
_NO_STORE: Final = (b"cache-control", b"no-store")


def policy(tiles: str | None) -> str:
    """What a page may load: our own, and pictures from the one host of a map's tiles, if there is one."""
    images = "'self' data: blob:" if tiles is None else f"'self' data: blob: {tiles}"
    return (
        f"default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    )


class SecurityHeaders:
    """Adds the headers; answers that name no caching are not to be kept, for they speak of people."""

    def __init__(self, app: ASGIApp, *, https: bool, tiles: str | None = None) -> None:
        self._app = app
        common = [*_HEADERS, _STRICT_TRANSPORT] if https else _HEADERS
        self._headers = [(_POLICY, policy(None).encode()), *common]
        self._with_tiles = [(_POLICY, policy(tiles).encode()), *common]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with headers on the way back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        began = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - began
                REQUEST_SECONDS.labels(scope["method"], str(message["status"])).observe(seconds)
                headers = [*message["headers"], *self._of(scope["path"])]
                if not any(name.lower() == b"cache-control" for name, _ in headers) and not any(
                    name.lower() in (b"etag", b"last-modified") for name, _ in headers
                ):
                    headers.append(_NO_STORE)
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _of(self, path: str) -> list[tuple[bytes, bytes]]:
        if path.startswith(_ASSETS):
            return _OF_ASSETS
        return self._headers if path.startswith(_BEHIND_LINKS) else self._with_tiles
