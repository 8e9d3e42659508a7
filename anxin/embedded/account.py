"""Which operating-system account the embedded services run under.

An ordinary user runs everything under their own account. Root must not run PostgreSQL (it refuses) and
should not run a broker: both then run under an unprivileged account that already exists (``nobody``
unless told otherwise). No account is created and no folder's rights are widened for it.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from anxin.embedded.errors import BinaryMissing

DEFAULT_ACCOUNT = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """The account of a child process; ``switch`` is False when it is the one we run under anyway."""

    name: str
    uid: int
    gid: int
    switch: bool

    def spawn_arguments(self) -> dict[str, Any]:
        """Keyword arguments for ``subprocess`` that start a process under this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.switch else {}

    def own(self, path: Path) -> None:
        """Give a file or folder that we made to this account."""
        if self.switch:
            os.chown(path, self.uid, self.gid)

    def reaches(self, path: Path) -> bool:
        """Tell whether a process of this account may enter this folder or run this program, through all parents."""
        if not self.switch:
            return True
        command = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
        return subprocess.run(command, cwd="/", check=False, **self.spawn_arguments()).returncode == 0


def service_account(name: str | None = None) -> Account:
    """The account for the embedded services.

    Args:
        name: an existing account, or None for ``nobody`` when root and for ourselves otherwise.

    Raises:
        BinaryMissing: if root names an account that does not exist, or root itself.
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), switch=False)
    wanted = name or DEFAULT_ACCOUNT
    try:
        entry = pwd.getpwnam(wanted)
    except KeyError:
        raise BinaryMissing(f"there is no account {wanted!r} to run the embedded services under") from None
    if entry.pw_uid == 0:
        raise BinaryMissing("PostgreSQL does not run under root: name another account")
    return Account(wanted, entry.pw_uid, entry.pw_gid, switch=True)
