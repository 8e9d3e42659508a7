"""The Dockerfile, as far as it can be judged without an engine that builds it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).parents[3]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()
SETTINGS: Final = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: Final = [name.rstrip("*") for name in SETTINGS["tool"]["setuptools"]["packages"]["find"]["include"]]

NOT_RUN: Final = ("dashboards/grafana/",)
"""Grafana takes these from the repository; nothing that runs here reads them."""


def _copied() -> set[str]:
    """What the first stage takes out of the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_it_takes_every_package_and_nothing_that_is_not_there() -> None:
    copied = _copied()
    assert copied >= set(PACKAGES)
    assert copied - set(PACKAGES) == {"requirements.lock", "pyproject.toml", "README.md", "LICENSE"}
    assert all((ROOT / name).exists() for name in copied)


def test_only_what_it_takes_reaches_the_builder() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == _copied()


def test_every_package_is_checked_against_its_hash() -> None:
    installs = re.findall(r"pip install (.+)$", DOCKERFILE, re.MULTILINE)
    assert len(installs) == 2
    assert "--require-hashes" in installs[0]
    assert "--no-deps" in installs[1]
    assert "--no-index" in installs[1]


def test_it_does_not_run_as_root_and_shares_mosquittos_number() -> None:
    _, last = DOCKERFILE.rsplit("\nFROM ", 1)
    assert re.findall(r"^USER (\S+)$", last, re.MULTILINE) == ["anxin"]
    (number,) = re.findall(r"^ARG UID=(\d+)$", last, re.MULTILINE)
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert compose["services"]["mosquitto"]["user"] == f"{number}:{number}"


def test_the_python_of_the_image_is_one_that_the_project_supports() -> None:
    versions = set(re.findall(r"^FROM python:3\.(\d+)-slim", DOCKERFILE, re.MULTILINE))
    assert len(versions) == 1
    assert int(versions.pop()) >= int(SETTINGS["project"]["requires-python"].removeprefix(">=3."))


def test_what_is_committed_in_a_package_is_in_what_is_installed(tmp_path: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    tracked = {name for name in listed.split("\0") if name.partition("/")[0] in PACKAGES and (ROOT / name).is_file()}
    tracked = {name for name in tracked if not name.startswith(NOT_RUN)}
    source = tmp_path / "source"
    for name in (*tracked, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    step = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*step, "--wheel-dir", str(tmp_path), str(source)], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as built:
        assert tracked - set(built.namelist()) == set()
