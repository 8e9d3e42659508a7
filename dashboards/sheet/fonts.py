"""Fonts for Chinese text: those of the system, in the order in which we would choose.

The PDF embeds the characters that it uses, so whoever opens it needs no font. Rare characters of names are looked for
in every font that is found.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from fontTools.ttLib import TTCollection, TTFont, TTLibError

from dashboards.sheet.errors import NoFont

AT_MOST: Final = 4
"""Fonts in one sheet: the first has nearly all, the others what it lacks."""
_SAMPLE: Final = "安心长者楼栋单元室电话钥匙"
"""What every font must have to be taken."""
_NAMES: Final = (
    "NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "NotoSansSC-Regular.ttf",
    "NotoSansSC-VF.ttf", "SourceHanSansSC-Regular.otf", "SourceHanSansCN-Regular.otf", "msyh.ttc", "msyh.ttf",
    "Deng.ttf", "simhei.ttf", "simsun.ttc", "simsunb.ttf", "PingFang.ttc", "Hiragino Sans GB.ttc",
    "STHeiti Light.ttc", "Songti.ttc", "wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf",
    "NotoSerifCJK-Regular.ttc", "uming.ttc", "HanaMinA.ttf", "HanaMinB.ttf",
)  # fmt: skip
_ADDITIONAL: Final = frozenset({"simsunb.ttf", "HanaMinB.ttf"})
"""Fonts of rare characters alone."""
_OURS: Final = (" SC", " CN", " GB", "YaHei", "SimSun", "黑体", "宋体")
"""How the faces of a collection are called that write characters as China does."""


class Face(NamedTuple):
    """A face in a font file: ``number`` in its collection, and the characters that it has."""

    path: Path
    number: int
    characters: frozenset[int]


def faces(told: Path | None = None) -> list[Face]:
    """The faces to draw with, the first for nearly everything.

    Raises:
        NoFont: The system has none, or the file that was told is none.
    """
    if told is not None:
        if (face := _read(told)) is None or not _writes_chinese(face):
            raise NoFont(f"{told} is no TrueType or OpenType font with Chinese characters")
        return [face, *(each for each in _found() if each.path != told)][:AT_MOST]
    found = list(_found())
    if not any(_writes_chinese(face) for face in found):
        raise NoFont(
            "no font with Chinese characters was found: install one (Debian: fonts-noto-cjk), or name a file in"
            " [sheet] font"
        )
    return sorted(found, key=lambda face: not _writes_chinese(face))[:AT_MOST]


def _found() -> Iterator[Face]:
    here: dict[str, Path] = {}
    for folder in _folders():
        for parent, _, names in os.walk(folder):
            here |= {name.lower(): Path(parent, name) for name in names if name.lower() not in here}
    paths = [(name, here[name.lower()]) for name in _NAMES if name.lower() in here]
    for name, path in paths[:AT_MOST]:
        face = _read(path)
        if face is not None and (name in _ADDITIONAL or _writes_chinese(face)):
            yield face


def _folders() -> list[Path]:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        own = [Path(local, "Microsoft", "Windows", "Fonts")] if local else []
        return [Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), "Fonts"), *own]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts"), Path.home() / "Library/Fonts"]
    shared = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
    try:
        home = Path.home()
    except RuntimeError:  # a container's account without a home
        return shared
    return [*shared, home / ".local/share/fonts", home / ".fonts"]


def _read(path: Path) -> Face | None:
    try:
        with path.open("rb") as file:
            is_collection = file.read(4) == b"ttcf"
        if not is_collection:
            with TTFont(path, lazy=True) as font:
                return Face(path, 0, frozenset(font.getBestCmap()))
        with TTCollection(path, lazy=True) as collection:
            number = max(range(len(collection.fonts)), key=lambda n: (_is_ours(collection.fonts[n]), -n))
            return Face(path, number, frozenset(collection.fonts[number].getBestCmap()))
    except (OSError, TTLibError):
        return None


def _is_ours(font: TTFont) -> bool:
    name = font["name"].getDebugName(4) or ""
    return any(part in name for part in _OURS)


def _writes_chinese(face: Face) -> bool:
    return face.characters.issuperset(map(ord, _SAMPLE))
