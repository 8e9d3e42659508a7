"""One catalogue for both languages, complete; and the vendored files are what they claim to be."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from string import Formatter

import dashboards.web
from dashboards.web.wording import LANGUAGES, catalogue

WEB = Path(dashboards.web.__file__).parent
SOURCES = [*sorted((WEB / "templates").rglob("*.html")), *sorted((WEB / "static" / "js").glob("*.js")),
           *sorted(WEB.rglob("*.py"))]  # fmt: skip
_CALL = re.compile(r"""\b(?:self\.)?(?:t|known|textOr)\(\s*(['"`])([a-z_][\w.\-]*)\1\s*[,)]""")
_FAMILY = re.compile(r"""\b(?:t|known|textOr)\(\s*(?:f?['"`])([a-z_][\w.\-]*\.)(?:['"]\s*~|\$\{|\{)""")


def _parameters(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys() -> None:
    assert catalogue()["zh"].keys() == catalogue()["en"].keys()


def test_both_languages_take_the_same_parameters() -> None:
    for key, text in catalogue()["zh"].items():
        assert _parameters(text) == _parameters(catalogue()["en"][key]), key


def test_every_key_that_is_used_exists() -> None:
    keys = catalogue()["zh"].keys()
    used = {match[1] for path in SOURCES for match in _CALL.findall(path.read_text("utf-8"))}
    assert len(used) > 100
    assert used - keys == set()


def test_every_family_of_keys_that_is_used_has_members() -> None:
    keys = catalogue()["zh"].keys()
    families = {family for path in SOURCES for family in _FAMILY.findall(path.read_text("utf-8"))}
    assert len(families) > 10
    assert [family for family in sorted(families) if not any(key.startswith(family) for key in keys)] == []


def test_no_text_is_empty() -> None:
    assert [key for language in LANGUAGES for key, text in catalogue()[language].items() if not text.strip()] == []


def test_vendored_files_have_their_checksums() -> None:
    rows = re.findall(r"^\| `([^`]+)` .*`([0-9a-f]{64})` \|$", (WEB / "vendor" / "VENDOR.md").read_text(), re.MULTILINE)
    assert len(rows) == 7
    for name, checksum in rows:
        assert hashlib.sha256((WEB / "vendor" / name).read_bytes()).hexdigest() == checksum, name


def test_no_template_has_inline_script_or_style() -> None:
    for path in (WEB / "templates").rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text), path.name
