"""The documents point to files, headings and commands that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[3]
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK: Final = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
SHELL_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def anchor(heading: str) -> str:
    """The fragment under which a heading can be linked."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    return {anchor(line.lstrip("#")) for line in document.read_text("utf-8").splitlines() if line.startswith("#")}


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for path, fragment in LINK.findall(document.read_text("utf-8")):
        target = (document.parent / path).resolve() if path else document
        if not target.exists() or (fragment and fragment not in anchors(target)):
            broken.append(f"{path}#{fragment}")
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_shell_block_is_well_formed_and_names_scripts_that_exist(document: Path) -> None:
    for block in SHELL_BLOCK.findall(document.read_text("utf-8")):
        assert subprocess.run(["bash", "-n"], input=block, text=True, check=False).returncode == 0, block
        for script in re.findall(r"^(scripts/[\w./-]+)", block, re.MULTILINE):
            assert (ROOT / script).stat().st_mode & 0o100, script


def test_both_readmes_give_the_same_commands() -> None:
    blocks = [SHELL_BLOCK.findall((ROOT / name).read_text("utf-8")) for name in ("README.md", "README.zh.md")]
    english, chinese = ([re.sub(r"#.*", "", block) for block in each] for each in blocks)
    assert english == chinese


def test_every_decision_is_listed() -> None:
    listed = (ROOT / "docs/adr/README.md").read_text("utf-8")
    assert [path.name for path in ROOT.glob("docs/adr/0*.md") if f"({path.name})" not in listed] == []
