"""Fails when a committed file names a package index: where packages come from is each machine's own setting."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ADDRESS: Final = re.compile(
    r"(pypi|pythonhosted|npmjs|yarnpkg|crates|maven)[.](org|io|com)"
    r"|^\s*(--)?(extra-)?index-url\b|^\s*--find-links\b|^\s*registry\s*=|\"resolved\":\s*\"http",
    re.MULTILINE,
)
VENDORED: Final = "dashboards/web/vendor/"
"""Other people's files, kept as they were published: their comments may name where they came from."""


def main() -> int:
    """Print every hit as path:line; the exit status is 1 if there is one."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout
    hits = 0
    for name in filter(None, listed.split("\0")):
        path = Path(name)
        if name.startswith(VENDORED) or name == "scripts/no_index_address.py" or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for match in ADDRESS.finditer(text):
            hits += 1
            print(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group().strip()}")
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
