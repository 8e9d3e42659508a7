"""Which folders are taken for the data, and what is said of the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from anxin.embedded.errors import FolderError
from anxin.embedded.folder import DataFolder


@pytest.mark.parametrize("name", ["/proc/anxin", "/dev/null/anxin"])
def test_a_folder_that_cannot_be_made_is_refused_with_its_reason(name: str) -> None:
    with pytest.raises(FolderError, match=r"cannot be used|is not a folder"):
        DataFolder.open(Path(name))


def test_a_folder_is_found_again_under_a_name_with_spaces_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "ü 空 dir"
    assert DataFolder.open(path).instance == DataFolder.open(path).instance
