"""Where numba keeps compiled kernels: a folder that belongs to exactly these sources.

numba's file cache notices a change of the file in which a cached entry stands, but not of the functions
that the entry calls (Source: numba documentation, "Notes on Caching", limitations). So the folder is
named by a hash over the engine's sources, numba's version and the processor (design rule 12). Folders
of sources that are gone are cleared away.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import llvmlite.binding as llvm  # type: ignore[import-untyped]

VARIABLE: Final = "NUMBA_CACHE_DIR"
_SOURCES: Final = ("alerts.engine", "devices")

KEPT: Final = 3
"""So many folders stay, the newest first: this version, and one to go back to. Assumption."""
_IN_USE_S: Final = 3600.0
"""A folder younger than this, in s, may belong to a process that compiles into it now. Assumption."""
_OURS: Final = re.compile(r"[0-9a-f]{20}")
_TAKEN_AWAY: Final = re.compile(r"[0-9a-f]{20}\.gone-[0-9]+")


def configure(base: Path | None = None) -> Path:
    """Point numba's file cache to the folder of these sources; call it before ``alerts.engine`` is imported.

    Args:
        base: where such folders are kept; by default ``$XDG_CACHE_HOME/anxin/jit`` (``~/.cache/anxin/jit``),
            or a folder of this user's under the temporary directory where that cannot be written.

    Returns:
        The folder, which exists.

    Raises:
        RuntimeError: numba has been imported already with another folder.
    """
    folder = (_default_base() if base is None else base) / fingerprint()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if "numba" in sys.modules and os.environ.get(VARIABLE) != str(folder):
        raise RuntimeError("numba was imported before its cache was configured")
    os.environ[VARIABLE] = str(folder)
    prune(folder)
    return folder


def prune(current: Path) -> None:
    """Mark ``current`` as just used and remove the folders beside it that nobody needs any more.

    Kept are ``current``, the ``KEPT`` newest by their time of change, and whatever changed within an hour
    of now. A folder is renamed before it is removed, so that whoever looks for it finds all of it or
    nothing; numba makes a missing folder anew. Failures are left to the next start: another process may
    be doing the same, and a full cache harms nobody.
    """
    aged: list[tuple[float, Path]] = []
    try:
        os.utime(current)
        now = current.stat().st_mtime
        beside = list(current.parent.iterdir())
    except OSError:
        return
    for folder in beside:
        if _TAKEN_AWAY.fullmatch(folder.name):
            shutil.rmtree(folder, ignore_errors=True)
        elif _OURS.fullmatch(folder.name):
            with contextlib.suppress(OSError):
                aged.append((folder.stat().st_mtime, folder))
    aged.sort(reverse=True)
    for changed, folder in aged[KEPT:]:
        if folder == current or now - changed < _IN_USE_S:
            continue
        gone = folder.with_name(f"{folder.name}.gone-{os.getpid()}")
        with contextlib.suppress(OSError):
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)


def fingerprint() -> str:
    """A hash over the engine's sources, the versions of numba and numpy, Python's, and the processor."""
    digest = hashlib.sha256()
    for part in (
        sys.version,
        importlib.metadata.version("numba"),
        importlib.metadata.version("numpy"),
        llvm.get_host_cpu_name(),
        llvm.get_host_cpu_features().flatten(),
    ):
        digest.update(part.encode() + b"\0")
    for package in _SOURCES:
        folder = _folder_of(package)
        for path in sorted(folder.rglob("*.py")):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:20]


def _folder_of(package: str) -> Path:
    """Where a package's sources are, without importing it."""
    top, _, rest = package.partition(".")
    spec = importlib.util.find_spec(top)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"package {top} is not installed")
    return Path(spec.origin).parent.joinpath(*rest.split("."))


def _default_base() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    wanted = cache / "anxin" / "jit"
    try:
        wanted.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return _temporary_base()
    return wanted if os.access(wanted, os.W_OK) else _temporary_base()


def _temporary_base() -> Path:
    """A folder of our own: compiled code is never loaded from one that somebody else could have made."""
    base = Path(tempfile.gettempdir()) / f"anxin-jit-{os.getuid()}"
    base.mkdir(exist_ok=True, mode=0o700)
    if base.stat().st_uid != os.getuid() or base.is_symlink():
        return Path(tempfile.mkdtemp(prefix="anxin-jit-"))
    return base
