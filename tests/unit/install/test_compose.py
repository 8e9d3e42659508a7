"""docker-compose.yml: what Compose itself says of it, and what it must never lose."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from anxin.foreign_broker import told_broker
from anxin.settings import ROLES, load_settings, twilio_account

ROOT: Final = Path(__file__).parents[3]
FILE: Final = ROOT / "docker-compose.yml"
COMPOSE: Final[dict[str, Any]] = yaml.safe_load(FILE.read_text())
SERVICES: Final[dict[str, dict[str, Any]]] = COMPOSE["services"]
OURS: Final = {name: service for name, service in SERVICES.items() if "build" in service}
RESTRAINED: Final = [*OURS, "mosquitto"]
DOCKERFILE: Final = (ROOT / "Dockerfile").read_text()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The folder that ``scripts/compose-secrets`` makes."""
    (tmp_path / "scripts").mkdir()
    script = shutil.copy2(ROOT / "scripts" / "compose-secrets", tmp_path / "scripts")
    subprocess.run([script], check=True, capture_output=True)
    return tmp_path / "secrets"


def _compose_says(file: Path) -> subprocess.CompletedProcess[str]:
    """The verdict of ``docker compose config``, or of the parser that it is made of; else skipped by name."""
    docker = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False) if _docker() else None
    if docker is not None and docker.returncode == 0:
        command = ["docker", "compose", "--file", str(file), "config", "--quiet"]
    elif Path(checker := os.environ.get("ANXIN_COMPOSE_CHECK", "")).is_file():
        command = [checker, str(file)]
    else:
        pytest.skip("NEITHER docker compose NOR go (see scripts/test): docker-compose.yml was not checked by Compose")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _docker() -> bool:
    return shutil.which("docker") is not None


def test_compose_accepts_it(tmp_path: Path, secrets: Path) -> None:
    shutil.copy2(FILE, tmp_path)
    said = _compose_says(tmp_path / FILE.name)
    assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("    restart: unless-stopped", "    restrat: always"), ("    secrets: [", "    secrets: [[], ")],
)
def test_compose_refuses_what_its_specification_does_not_know(tmp_path: Path, right: str, wrong: str) -> None:
    text = FILE.read_text()
    assert right in text
    (tmp_path / "docker-compose.yml").write_text(text.replace(right, wrong, 1))
    assert _compose_says(tmp_path / "docker-compose.yml").returncode != 0


@pytest.mark.parametrize("kind", ["secrets", "volumes", "networks"])
def test_what_a_service_names_is_declared_and_nothing_else_is(kind: str) -> None:
    named = {str(each).partition(":")[0] for service in SERVICES.values() for each in service.get(kind, [])}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE[kind])


def test_each_role_has_one_service() -> None:
    assert [service["environment"]["ANXIN_ROLES"] for service in OURS.values()] == [f'["{role}"]' for role in ROLES]


@pytest.mark.parametrize("name", OURS)
def test_its_settings_and_secrets_are_those_that_anxin_knows(
    name: str, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = tmp_path / "granted"
    granted.mkdir()
    for secret in OURS[name]["secrets"]:
        shutil.copy(secrets / secret, granted)
    image = dict(re.findall(r"(ANXIN_\w+)=(\S+)", DOCKERFILE))
    for variable, value in {**image, **OURS[name]["environment"]}.items():
        monkeypatch.setenv(variable, re.sub(r"\$\{\w+:-(.*)\}", r"\1", value))
    monkeypatch.setenv("ANXIN_SECRETS_DIR", str(granted))
    settings = load_settings()
    assert settings.roles == (name,)
    assert settings.database.url is not None
    password = (secrets / "postgres_password").read_text()
    assert settings.database.url.get_secret_value() == f"postgresql://anxin:{password}@timescaledb:5432/anxin"
    broker = told_broker(settings.mqtt)
    assert (broker.host, broker.username) == ("mosquitto", "gateway")
    assert twilio_account(settings.twilio) is None
    assert settings.logs == "stderr"


def test_no_secret_stands_in_it() -> None:
    for service in SERVICES.values():
        for variable in service.get("environment", {}):
            assert not re.search(r"PASSWORD(?!_FILE)|TOKEN|BROKER$|URL$", variable)
    assert {Path(secret["file"]).parts[0] for secret in COMPOSE["secrets"].values()} == {"secrets"}
    assert "/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_secrets_are_made_once_and_their_folder_is_its_owners_alone(secrets: Path) -> None:
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in secrets.iterdir()} == set(COMPOSE["secrets"])
    # Compose shows a file with the rights that it has here to accounts that are not its owner.
    assert {path.stat().st_mode & 0o777 for path in secrets.iterdir()} == {0o444}
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    assert len(before["postgres_password"]) == 48
    subprocess.run([secrets.parent / "scripts" / "compose-secrets"], check=True, capture_output=True)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before


@pytest.mark.parametrize("name", RESTRAINED)
def test_nothing_of_ours_runs_as_root_or_writes_beside_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name == "mosquitto":
        assert service["user"] == "1883:1883"
    else:
        assert "user" not in service
        assert "/tmp" in service["tmpfs"]  # noqa: S108 - a container's own


@pytest.mark.parametrize("name", SERVICES)
def test_it_comes_back_by_itself_and_says_how_it_is(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert "healthcheck" in service or (name in OURS and "\nHEALTHCHECK " in DOCKERFILE)
    if name not in OURS:
        assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+(-pg17)?", service["image"]), "an exact version"


def test_only_console_and_broker_are_published_and_on_loopback_until_told_otherwise() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {
        "mosquitto": ["${ANXIN_PUBLISH_ON:-127.0.0.1}:1883:1883"],
        "console": ["${ANXIN_PUBLISH_ON:-127.0.0.1}:8080:8080"],
    }
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if service["networks"] == ["inside"]} == {"timescaledb"}
