"""Style, scripts and drawings: compressed once, kept by the browser for good where the address carries a version.

Pages themselves are not compressed: what somebody typed stands in them beside the session's token (BREACH).
"""

from __future__ import annotations

import gzip
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

FOR_GOOD: Final = "public, max-age=31536000, immutable"
ASK_EACH_TIME: Final = "no-cache"
"""A module is imported by a name without a version: the browser asks whether it is still the same."""
_TEXT: Final = {".css", ".js", ".svg"}


class Assets(StaticFiles):
    """A folder of files that change with a release only."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, its compressed form, or that it is unchanged."""
        response: Response = super().file_response(full_path, stat_result, scope, status_code)
        asked = Headers(scope=scope)
        if Path(full_path).suffix in _TEXT:
            response.headers["Vary"] = "Accept-Encoding"
            if takes_gzip(asked) and not isinstance(response, NotModifiedResponse):
                body = _compressed(os.fspath(full_path), stat_result.st_mtime_ns)
                kept = {"ETag": response.headers["etag"], "Vary": "Accept-Encoding", "Content-Encoding": "gzip"}
                response = Response(body, status_code, kept, response.media_type)
        versioned = scope["query_string"].startswith(b"v=")
        response.headers["Cache-Control"] = FOR_GOOD if versioned else ASK_EACH_TIME
        return response


def takes_gzip(asked: Headers) -> bool:
    """Whether whoever asks can read gzip."""
    return "gzip" in asked.get("accept-encoding", "")


@lru_cache(maxsize=512)
def _compressed(path: str, changed_ns: int) -> bytes:  # noqa: ARG001 a file that changes is another one
    return gzip.compress(Path(path).read_bytes(), compresslevel=9, mtime=0)
