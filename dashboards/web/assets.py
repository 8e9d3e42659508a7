"""Style, scripts and drawings: compressed once, kept by the browser for good where the address carries their version.

``/static/<version>/js/app.js`` is ``/static/js/app.js`` of this version: modules import each other by names beside
them, and so under the same version. ``pages.css`` is all style of the console's pages in one.

Pages themselves are not compressed: what somebody typed stands in them beside the session's token (BREACH).
"""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import stat
from functools import cache, lru_cache
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from typing import Final

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

HERE: Final = Path(str(files("dashboards.web")))
FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"
"""Without its version in the address: the browser asks whether it is still the same."""
_TEXT: Final = {".css", ".js", ".svg"}
_VERSION: Final = re.compile(r"[0-9a-f]{12}")
"""A page that is older than this release asks for files of its own version, and gets ours."""
_STYLES: Final = (
    *(f"static/{name}.css" for name in (
        "tokens", "base", "console", "records", "checks", "map", "people_map", "felt", "accounts", "listening", "held",
        "figures", "today", "sheet",
    )),
    "vendor/leaflet/leaflet.css", "vendor/uplot/uPlot.min.css",
)  # fmt: skip
"""In the order in which they follow each other in ``pages.css``."""


class _File(msgspec.Struct, frozen=True):
    body: bytes
    compressed: bytes | None
    tag: str
    media_type: str


class Assets(StaticFiles):
    """A folder of files that change with a release only. They are few and small: each is read once, and kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, its compressed form, or that it is unchanged."""
        version, _, name = path.partition(os.sep)
        found = self._found(name if _VERSION.fullmatch(version) else path)
        if found is None or scope["method"] not in {"GET", "HEAD"}:
            return await super().get_response(path, scope)  # which refuses it
        asked = Headers(scope=scope)
        kept = version == static_version() or scope["query_string"].startswith(b"v=")
        headers = {"ETag": found.tag, "Cache-Control": FOR_GOOD if kept else ASK_EACH_TIME}
        if found.compressed is not None:
            headers["Vary"] = "Accept-Encoding"
        if self.is_not_modified(Headers(headers), asked):
            return NotModifiedResponse(Headers(headers))
        if found.compressed is None or not takes_gzip(asked):
            return Response(found.body, headers=headers, media_type=found.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(found.compressed, headers=headers, media_type=found.media_type)

    def _found(self, path: str) -> _File | None:
        if path == "pages.css":
            return _together(tuple((os.fspath(HERE / name), (HERE / name).stat().st_mtime_ns) for name in _STYLES))
        try:
            full_path, status = self.lookup_path(path)
        except (ValueError, OSError):  # no name of a file at all
            return None
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        return _together(((full_path, status.st_mtime_ns),))


def takes_gzip(asked: Headers) -> bool:
    """Whether whoever asks can read gzip."""
    return "gzip" in asked.get("accept-encoding", "")


@lru_cache(maxsize=512)
def _together(parts: tuple[tuple[str, int], ...]) -> _File:
    """What stands in these files; one that changes (path, ns) is another one."""
    body = b"\n".join(Path(path).read_bytes() for path, _ in parts)
    path = Path(parts[0][0])
    compressed = gzip.compress(body, compresslevel=9, mtime=0) if path.suffix in _TEXT else None
    return _File(body, compressed, f'"{_digest(body)}"', guess_type(path)[0] or "application/octet-stream")


@cache
def static_version() -> str:
    """Changes whenever any of the files does."""
    paths = sorted(each for folder in ("static", "vendor") for each in (HERE / folder).rglob("*.*"))
    return _digest(b"".join(path.read_bytes() for path in paths))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
