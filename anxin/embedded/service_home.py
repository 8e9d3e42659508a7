"""Where a service keeps its files so that its account reaches them, without widening any folder's rights.

An ordinary user's services live in ``<data-dir>/<service>``. Root runs them under an unprivileged
account, which often does not get through to the data folder (``/root`` is 0700). Then the service
lives in ``/var/lib/anxin/<instance>/<service>``; the file ``<data-dir>/<service>.where`` says so, and
``/var/lib/anxin/<instance>/owner`` names the data folder. Both must be removed to remove the data.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from anxin.embedded.account import Account
from anxin.embedded.folder import DataFolder

SHARED_ROOT: Final = Path("/var/lib/anxin")


def service_home(folder: DataFolder, account: Account, service: str) -> Path:
    """The folder of a service, made if it is not there, owned by ``account`` and closed to others."""
    pointer = folder.path / f"{service}.where"
    if pointer.exists():
        home = Path(pointer.read_text().strip())
    elif (folder.path / service).exists() or account.reaches(folder.path):
        home = folder.path / service
    else:
        home = shared_folder(folder.instance) / service
        (home.parent / "owner").write_text(f"{folder.path}\n")
        pointer.write_text(f"{home}\n")
    home.mkdir(mode=0o700, exist_ok=True)
    account.own(home)
    return home


def shared_folder(*parts: str) -> Path:
    """A folder under /var/lib/anxin, owned by root and open to pass through."""
    path = SHARED_ROOT
    for part in ("", *parts):
        path /= part
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o755)
    return path
