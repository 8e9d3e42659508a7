"""The data folder of one running system: what is in it, who may open it, its secrets.

::

    <data-dir>/
      anxin.json      what makes the folder ours: its instance's name and layout version
      lock            held (flock) while a system runs here; names the holder
      run/*.pid       the child processes of the running system
      run/mqtt        HOST:PORT of its broker
      log/            what they say
      secrets/        passwords, one a file, readable by the owner alone
      broker/         Mosquitto's configuration, accounts and stored messages
      postgres/       the database (or ``postgres.where``, a file that says where it is instead)
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anxin.embedded.errors import FolderError

_MARKER: Final = "anxin.json"
_LAYOUT: Final = 1


@dataclass(frozen=True, slots=True)
class DataFolder:
    """A folder that is proven to be ours."""

    path: Path
    instance: str

    @classmethod
    def open(cls, path: Path) -> DataFolder:
        """Open the data folder, or make one out of a folder that is missing or empty.

        Raises:
            FolderError: if it holds something else, belongs to a newer version, or cannot be written to.
        """
        try:
            return cls._open(path.absolute())
        except OSError as error:
            raise FolderError(
                f"{path.absolute()} cannot be used ({error.strerror}): choose another folder with --data-dir"
            ) from error

    @classmethod
    def _open(cls, path: Path) -> DataFolder:
        if not path.exists():
            path.mkdir(parents=True)
            # Root's services run under another account, which must get through; all secrets lie deeper.
            path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        marker = path / _MARKER
        if not path.is_dir():
            raise FolderError(f"{path} is not a folder: choose another one with --data-dir")
        if not marker.exists():
            if any(path.iterdir()):
                raise FolderError(
                    f"{path} holds something that is not ours: choose an empty or new folder with --data-dir"
                )
            marker.write_text(json.dumps({"instance": secrets.token_hex(8), "layout": _LAYOUT}))
        found = json.loads(marker.read_text())
        if found["layout"] > _LAYOUT:
            raise FolderError(f"{path} was written by a newer version of anxin")
        folder = cls(path, str(found["instance"]))
        for private in (folder.run, folder.log, folder.secrets):
            private.mkdir(mode=0o700, exist_ok=True)
        return folder

    @property
    def run(self) -> Path:
        """Pid files."""
        return self.path / "run"

    @property
    def log(self) -> Path:
        """What the child processes say."""
        return self.path / "log"

    @property
    def secrets(self) -> Path:
        """Passwords, one a file."""
        return self.path / "secrets"

    def secret(self, name: str) -> str:
        """The password of that name, made up the first time it is asked for."""
        path = self.secrets / name
        if not path.exists():
            draft = self.secrets / f".{name}.draft"
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        return path.read_text()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for this process.

        Raises:
            FolderError: if another process holds it; the message says which.
        """
        descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = file.read().strip() or "another process"
                raise FolderError(
                    f"{self.path} is held by {holder}: stop it first, or choose another folder with --data-dir"
                ) from None
            file.seek(0)
            file.truncate()
            # The first two words only: the rest of a command line may hold a password.
            command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
            file.write(f"process {os.getpid()} ({command})")
            file.flush()
            yield
            file.seek(0)
            file.truncate()
