from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from anxin.settings import (
    MapTiles,
    RoleSettings,
    Twilio,
    desk_hours,
    from_environment,
    load_settings,
    map_tiles,
    parse_broker,
    to_environment,
    twilio_account,
    ways_out,
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "anxin.toml"
    path.write_text('[console]\nport = 9000\nlanguage = "en"\n[twilio]\nfrom = "+100"\n')
    return path


def test_the_command_line_beats_the_environment_which_beats_the_file(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_settings(config).console.port == 9000
    monkeypatch.setenv("ANXIN_CONSOLE__PORT", "9001")
    assert load_settings(config).console.port == 9001
    told = load_settings(config, {"console": {"port": 9002}})
    assert (told.console.port, told.console.language) == (9002, "en")


def test_the_names_of_the_contract_reach_twilio(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCOUNT_SID": "AC1", "AUTH_TOKEN": "t", "FROM": "+200", "BASE_URL": "http://x"}.items():
        monkeypatch.setenv(f"ANXIN_TWILIO__{name}", value)
    account = twilio_account(load_settings(config).twilio)
    assert account is not None
    assert (account.account_sid, account.auth_token, account.from_, account.base_url) == (
        "AC1",
        "t",
        "+200",
        "http://x",
    )


def test_half_an_account_is_refused() -> None:
    assert twilio_account(Twilio()) is None
    with pytest.raises(ValueError, match="auth_token"):
        twilio_account(Twilio(account_sid="AC1"))


def test_ways_out_come_from_their_sections_and_a_chat_group_from_a_secret(
    tmp_path: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "anxin.toml"
    path.write_text(
        '[console]\npublic_url = "https://anxin.example.org/"\n[sms]\ndaily_cap = 10\n'
        '[twilio]\nfrom = "MG1"\nvoice_from = "+15005550006"\n[twilio.templates]\nalarm = "HX1"\n'
    )
    (secrets / "ANXIN_CHAT__North").write_text("wecombot://hidden\n")
    monkeypatch.setenv("ANXIN_SMS__SIGNATURE", "【北苑】")
    settings = load_settings(path)
    ways = ways_out(settings)
    assert (ways.public_url, ways.signature, ways.daily_cap) == ("https://anxin.example.org", "【北苑】", 10)
    assert ways.chat == {"north": "wecombot://hidden"}
    assert "hidden" not in repr(settings)
    assert "hidden" not in repr(ways)
    assert (settings.twilio.voice_from, settings.twilio.templates) == ("+15005550006", {"alarm": "HX1"})


@pytest.mark.parametrize("url", ["anxin.example.org", "https://", "https://anxin.example.org/?a=1", "ftp://a"])
def test_an_address_from_outside_is_a_plain_url(url: str) -> None:
    with pytest.raises(ValidationError):
        load_settings(None, {"console": {"public_url": url}})


@pytest.mark.parametrize("variable", ["ANXIN_CONSOLE__PROT", "ANXIN_CONSOEL__PORT"])
def test_an_unknown_variable_is_refused(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ValueError, match=r"(?i)prot|CONSOEL"):
        load_settings()


def test_an_unknown_key_of_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "anxin.toml"
    path.write_text("[console]\nprot = 1\n")
    with pytest.raises(ValidationError):
        load_settings(path)


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("ANXIN_SECRETS_DIR", str(folder))
    return folder


def test_a_secret_file_beats_the_settings_file_and_the_environment_beats_it(
    config: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (secrets / "ANXIN_TWILIO__FROM").write_text("+300\n")
    (secrets / "postgres_password").write_text("not ours")
    assert load_settings(config).twilio.from_ == "+300"
    monkeypatch.setenv("ANXIN_TWILIO__FROM", "+400")
    assert load_settings(config).twilio.from_ == "+400"


def test_an_empty_secret_file_is_a_setting_left_out(secrets: Path) -> None:
    (secrets / "ANXIN_TWILIO__ACCOUNT_SID").write_text("\n")
    assert load_settings().twilio.account_sid is None


@pytest.mark.parametrize("name", ["ANXIN_DATABASE__URLS", "ANXIN_DATABAES__URL"])
def test_a_misspelt_secret_file_is_refused(secrets: Path, name: str) -> None:
    (secrets / name).write_text("host=x")
    with pytest.raises(ValueError, match=r"(?i)urls|DATABAES"):
        load_settings()


def test_a_folder_of_secrets_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_SECRETS_DIR", "/nowhere/at/all")
    with pytest.raises(ValueError, match="/nowhere/at/all"):
        load_settings()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        load_settings().console.port = 1


def test_no_secret_shows_when_settings_are_printed() -> None:
    settings = load_settings(None, {"database": {"url": "host=x password=hidden"}, "twilio": {"auth_token": "hidden"}})
    assert "hidden" not in repr(settings)
    assert "hidden" not in repr(_role_settings())


def test_a_role_gets_exactly_what_its_supervisor_handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_TWILIO__AUTH_TOKEN", "not for children")
    environment = to_environment(_role_settings())
    assert "ANXIN_TWILIO__AUTH_TOKEN" not in environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert from_environment() == _role_settings()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("broker.example:1884", ("broker.example", 1884, None, None)),
        ("broker.example", ("broker.example", 1883, None, None)),
        ("mqtt://g:p%40ss@10.0.0.1:1884", ("10.0.0.1", 1884, "g", "p@ss")),
        ("mqtts://g:p@broker.example", ("broker.example", 8883, "g", "p")),
    ],
)
def test_a_broker_is_told_as_host_and_port_or_as_a_url(
    told: str, expected: tuple[str, int, str | None, str | None]
) -> None:
    address = parse_broker(told)
    assert (address.host, address.port, address.username, address.password) == expected
    assert address.tls is told.startswith("mqtts:")


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="mqtt://"):
        parse_broker("https://broker.example")


def _role_settings() -> RoleSettings:
    return RoleSettings(
        conninfo="host=x password=hidden",
        mqtt_host="127.0.0.1",
        mqtt_port=1883,
        mqtt_username="gateway",
        mqtt_password="hidden",
        broker_kind="mosquitto",
        console_listen="127.0.0.1",
        console_port=8080,
        data_dir=Path("/x"),
        twilio=twilio_account(Twilio.model_validate({"account_sid": "AC1", "auth_token": "hidden", "from": "+1"})),
    )


def test_the_watchdogs_address_is_one_that_can_be_asked_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANXIN_WATCHDOG__URL", "https://watchdog.example/secret")
    settings = load_settings()
    assert settings.watchdog.url is not None
    assert "secret" not in repr(settings)
    for wrong in ("watchdog.example/secret", "file:///etc/passwd"):
        monkeypatch.setenv("ANXIN_WATCHDOG__URL", wrong)
        with pytest.raises(ValidationError, match="http"):
            load_settings()


def test_without_a_roster_no_desk_is_missed_unless_hours_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert desk_hours(load_settings().watchdog) is None
    monkeypatch.setenv("ANXIN_WATCHDOG__DESK_HOURS", "20:00-08:30")
    assert desk_hours(load_settings().watchdog) == (1200, 510)
    monkeypatch.setenv("ANXIN_WATCHDOG__DESK_HOURS", "8-20")
    with pytest.raises(ValidationError, match="pattern"):
        load_settings()


def test_no_map_has_tiles_unless_somebody_names_a_server() -> None:
    assert load_settings().map.tiles is None
    assert map_tiles(load_settings().map) is None
    told = load_settings(None, {"map": {"tiles": "https://t.example/{z}/{x}/{y}.png", "attribution": "© T"}})
    assert map_tiles(told.map) == MapTiles(url="https://t.example/{z}/{x}/{y}.png", attribution="© T", max_zoom=18)


@pytest.mark.parametrize(
    ("tiles", "why"),
    [
        ("t.example/{z}/{x}/{y}.png", "begins with https"),
        ("https://{s}.t.example/{z}/{x}/{y}.png", "one host"),
        ("https://t.example/{z}/{x}.png", "{y} must stand"),
        ("https://t.example/{z}/{x}/{y}{r}.png", "nothing is known for {r}"),
        ("https://t.example/{z}/{x}/{y}; script-src *", "without blanks"),
    ],
)
def test_an_address_that_cannot_be_of_tiles_is_refused_with_what_to_do(tiles: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        load_settings(None, {"map": {"tiles": tiles}})
    assert why in str(refused.value)
