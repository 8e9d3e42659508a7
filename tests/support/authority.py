"""A certificate authority of a test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_authority(folder: Path) -> None:
    """Make ``ca.crt`` there, and ``broker.crt`` with ``broker.key`` for 127.0.0.1, by openssl."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    authority = ["-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2"]
    openssl("req", "-x509", "-newkey", "rsa:2048", "-noenc", *authority)
    openssl(
        "req", "-newkey", "rsa:2048", "-noenc", "-keyout", "broker.key", "-out", "broker.csr", "-subj", "/CN=broker"
    )
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names", "-days", "2"]
    openssl("x509", "-req", "-in", "broker.csr", *signed, "-out", "broker.crt")
