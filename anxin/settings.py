"""The settings, read once at the edge: a TOML file, overridden by secret files, overridden by the environment.

A variable is called ``ANXIN_<SECTION>__<NAME>``, and so is a secret file in ``ANXIN_SECRETS_DIR``. Unknown
keys are refused. Inside, a role knows its ``RoleSettings`` only, which its supervisor hands over in the
environment: no secret ever stands in a command line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

RoleName = Literal["gateway", "dispatcher", "console"]
ROLES: Final[tuple[RoleName, ...]] = ("gateway", "dispatcher", "console")
ROLE_VARIABLE: Final = "ANXIN_ROLE_SETTINGS"
"""The environment variable in which a supervisor hands a role its settings, as JSON."""
SECRETS_VARIABLE: Final = "ANXIN_SECRETS_DIR"
"""The environment variable that names the folder of secret files, ``/run/secrets`` in a container; unset: none."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Twilio(_Section):
    """The account that sends SMS; without ``account_sid`` messages stay in the local outbox."""

    account_sid: str | None = None
    auth_token: SecretStr | None = None
    from_: str | None = Field(default=None, alias="from")
    base_url: str | None = None
    voice_from: str | None = None
    """The number that calls, where ``from`` is a messaging service or cannot; ``from`` unless told otherwise."""
    templates: dict[str, str] = Field(default_factory=dict)
    """Keys of our messages and the sids of the content templates that are approved for them, ``HX…``."""


class Sms(_Section):
    """What holds for every SMS, whoever carries it."""

    signature: str | None = Field(default=None, min_length=1, max_length=20)
    """What an SMS begins with; in each language its own unless told otherwise. China approves it beforehand."""
    links: bool = True
    """Whether an SMS carries the link to its page; carriers of mainland China drop texts with links."""
    per_second: float = Field(default=10.0, gt=0)
    """How many messages each dispatcher sends a second; those of critical alarms never wait. Assumption, ADR 21."""
    daily_cap: int | None = Field(default=None, ge=1)
    """How many SMS the carrier brings to one number in a day; None: nobody said so."""


class Emergency(_Section):
    """Who is told by the gateway itself of cries for help that arrive while the database is away."""

    numbers: tuple[Annotated[str, Field(pattern=r"^\+?[0-9]{5,15}$")], ...] = Field(default=(), max_length=10)
    """Phone numbers that somebody answers at any hour; a text costs seconds, so they are few."""


class Database(_Section):
    """Which PostgreSQL: without ``url`` the embedded one."""

    url: SecretStr | None = None
    account: str | None = None
    """As root: the unprivileged account of the embedded services, ``nobody`` unless told otherwise."""


class Mqtt(_Section):
    """Which broker: without ``broker`` the embedded one, on ``listen`` and ``port`` (0: a free one)."""

    broker: SecretStr | None = None
    ca_file: Path | None = None
    """Who signed the certificate of a broker at ``mqtts://``; the system's own authorities when None."""
    accounts_dir: Path | None = None
    """Where the password file and the access list of a Mosquitto of one's own are written; None: nowhere."""
    device_address: str | None = None
    """``HOST:PORT`` by which devices reach the broker, where that differs from the gateway's way to it."""
    listen: str = "127.0.0.1"
    port: int = Field(default=1883, ge=0, le=65535)
    embedded: Literal["auto", "mosquitto", "iotcore"] = "auto"


class Console(_Section):
    """Where the console listens (``port`` 0: a free one)."""

    listen: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    language: Literal["zh", "en"] = "zh"
    secure_cookies: bool = False
    public_url: str | None = Field(default=None, pattern=r"^https?://[^\s?#]+$")
    """Where phones and providers reach the console from outside; None: messages carry no link, calls no keypad."""


class Map(_Section):
    """What lies under the maps: nothing, unless somebody names a server of tiles; each view then tells it the place."""

    tiles: str | None = None
    """Where tiles are, with ``{z}``, ``{x}`` and ``{y}`` in it, in WGS-84, Web Mercator; None: no streets."""
    attribution: str | None = Field(default=None, max_length=200)
    """Whose map it is, as its licence wants it said."""
    max_zoom: int = Field(default=18, ge=1, le=22)
    """The nearest for which the server has tiles; nearer ones are stretched."""

    @field_validator("tiles")
    @classmethod
    def _an_address_of_tiles(cls, tiles: str | None) -> str | None:
        if tiles is None:
            return None
        parts = urlsplit(tiles)
        if parts.scheme not in ("http", "https") or not parts.netloc or "{" in parts.netloc:
            raise ValueError(
                "an address that begins with https:// and one host, such as https://tiles.example/{z}/{x}/{y}.png"
            )
        if missing := [each for each in ("{z}", "{x}", "{y}") if each not in tiles]:
            raise ValueError(f"{' and '.join(missing)} must stand in it where a tile's number goes")
        if unknown := set(re.findall(r"\{(\w*)\}", tiles)) - {"x", "y", "z"}:
            raise ValueError(f"nothing is known for {{{min(unknown)}}}; only {{z}}, {{x}} and {{y}} are filled in")
        if re.search(r"[\s;,'\"]", tiles):
            raise ValueError("an address without blanks, quotes, commas and semicolons")
        return tiles


class Gateway(_Section):
    """The gateway's own small HTTP port for /healthz, /readyz and /metrics; 0 is off."""

    metrics_port: int = Field(default=0, ge=0, le=65535)
    metrics_listen: str = "127.0.0.1"


class Watchdog(_Section):
    """Who watches the watchman."""

    url: SecretStr | None = None
    """An address outside that is asked each minute while all is well, and raises the alarm when it is not."""
    desk_hours: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")
    """When a desk must listen at a centre that keeps no roster, by its own clock: ``08:00-20:00``, ``00:00-00:00`` at
    any hour. None: a roster alone says when (ADR 38)."""

    @field_validator("url")
    @classmethod
    def _over_http(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in ("http", "https"):
            raise ValueError("an address that begins with http:// or https://")
        return url


class Finding(_Section):
    """How often a band tells where it is while its wearer is sought. Source of every default: assumption, ADR 36."""

    position_s: int = Field(default=15, ge=5, le=600)
    """Between two fixes: 20 m of walking, and some hours of a band's battery."""
    low_position_s: int = Field(default=60, ge=5, le=3600)
    """The same while the battery is low: who is not found today must be found tomorrow."""
    low_battery_pct: float = Field(default=20.0, ge=0, le=100)


class Today(_Section):
    """What the list of a shift's tasks goes by."""

    test_press_days: int = Field(default=30, ge=1, le=400)
    """After so many days somebody presses a button to try it out: once a month, as for emergency calls (ADR 39)."""


class Sheet(_Section):
    """The emergency sheet as PDF, one a shift and centre: for when nothing but paper works. Defaults: ADR 39."""

    dir: Path | None = None
    """The folder, best on a disk that other machines see; ``sheets`` in the data folder unless told otherwise."""
    enabled: bool = True
    at: tuple[Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")], ...] = Field(
        default=("07:30", "19:30"), min_length=1, max_length=24
    )
    """When, by the centre's clock, where its roster says nothing of the last day."""
    keep_days: int = Field(default=14, ge=1, le=400)
    """They carry the phones and illnesses of everybody: no longer than they may be needed."""
    font: Path | None = None
    """A TrueType or OpenType font with Chinese characters; looked for among the system's unless told."""


class Retention(_Section):
    """How long what has grown old is kept, in days. Source of every default: assumption, ADR 11."""

    readings_days: int = Field(default=400, ge=30)
    """Readings of every kind: a year can be laid beside the one before, and a month for the review of it."""
    rejected_days: int = Field(default=30, ge=1)
    """Payloads that were put aside: long enough to ask the maker of a device."""
    alarm_change_days: int = Field(default=30, ge=1)
    """The numbered changes of alarms, for readers who were away; the alarms themselves stay."""
    messages_days: int = Field(default=400, ge=30)
    """What was said to whom, and the commands to devices: as long as the readings that they belong to."""
    audit_days: int = Field(default=1096, ge=183)
    """Who looked at whom, by whole months: three years, as PIPL (article 56) asks of records of handling; at least half
    a year, as the Cybersecurity Law (article 21) asks of logs: the database ends none that is younger."""
    left_days: int = Field(default=90, ge=0)
    """The personal data of residents who have moved or died: a quarter for bills and questions of the family."""


class SignIn(_Section):
    """When somebody who signed in is signed out. Source of both defaults: assumption, ADR 42."""

    session_hours: float = Field(default=168.0, ge=1, le=24 * 31)
    """After so long in any case; a desk that is signed out at night misses alarms."""
    idle_minutes: float = Field(default=720.0, ge=5, le=60 * 24 * 31)
    """When nothing used it for so long; an open console uses it, for it listens."""


class Settings(BaseSettings):
    """All settings of one running system."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="ANXIN_",
        env_nested_delimiter="__",
    )

    data_dir: Path = Path("anxin-data")
    logs: Literal["files", "stderr"] = "files"
    """Where the roles' logs go: ``log/`` of the data folder, or our own standard error, as containers want it."""
    roles: tuple[RoleName, ...] = ROLES
    twilio: Twilio = Twilio()
    sms: Sms = Sms()
    chat: dict[str, SecretStr] = Field(default_factory=dict)
    """Site → where its group is, as apprise writes it, for example ``wecombot://…``. Sites by any letter case."""
    emergency: Emergency = Emergency()
    database: Database = Database()
    mqtt: Mqtt = Mqtt()
    console: Console = Console()
    map: Map = Map()
    gateway: Gateway = Gateway()
    watchdog: Watchdog = Watchdog()
    finding: Finding = Finding()
    today: Today = Today()
    sheet: Sheet = Sheet()
    retention: Retention = Retention()
    sign_in: SignIn = SignIn()


def load_settings(config: Path | None = None, told: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings: what the command line told, over the environment, over secret files, over the TOML file.

    Raises:
        pydantic.ValidationError: for an unknown key or a value out of its range.
        ValueError: for a variable that names an unknown section, or a secret file that cannot be read.
    """
    for variable in os.environ:
        _refuse_unknown_section(variable)

    class Loaded(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            sources = (init_settings, env_settings, *_secret_files(file_secret_settings))
            return sources if config is None else (*sources, TomlConfigSettingsSource(settings_cls, config))

    return Loaded(**(told or {}))


class _SecretFiles(NestedSecretsSettingsSource):
    @classmethod
    def load_secrets(cls, path: Path) -> dict[str, str]:
        """What stands in the files whose names begin like our variables; an empty file is a setting left out."""
        found = {}
        for file in cls._iter_secret_files(path):
            if file.name.upper().startswith("ANXIN_"):
                _refuse_unknown_section(file.name)
                try:
                    found[file.name] = file.read_text(encoding="utf-8").strip()
                except OSError as error:
                    raise ValueError(f"the secret file {file} cannot be read: {error.strerror}") from error
        return {name: content for name, content in found.items() if content}


def _secret_files(plain: PydanticBaseSettingsSource) -> tuple[PydanticBaseSettingsSource, ...]:
    folder = os.environ.get(SECRETS_VARIABLE)
    if not folder:
        return ()
    if not Path(folder).is_dir():
        raise ValueError(f"{SECRETS_VARIABLE} is {folder}, which is no folder")
    return (_SecretFiles(plain, secrets_dir=folder),)


def _refuse_unknown_section(name: str) -> None:
    """A misspelt section would be ignored in silence: pydantic looks up only the names that it knows."""
    prefix, _, section = name.partition("__")[0].partition("_")
    if prefix.upper() == "ANXIN" and "__" in name and section.lower() not in Settings.model_fields:
        raise ValueError(f"{name} names no section of the settings")


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """What the dispatcher and the webhooks need of Twilio."""

    account_sid: str
    auth_token: str = field(repr=False)
    from_: str
    base_url: str | None = None
    voice_from: str | None = None
    templates: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysOut:
    """What the dispatcher needs beside the account: signature, address for links, pace, chat groups by site."""

    signature: str | None = None
    public_url: str | None = None
    links_in_sms: bool = True
    per_second: float = 10.0
    daily_cap: int | None = None
    chat: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapTiles:
    """What the console needs of the section ``map``."""

    url: str
    attribution: str | None = None
    max_zoom: int = 18


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """An MQTT broker and how the gateway signs in there."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDays:
    """What upkeep needs of the section ``retention``, in days."""

    readings: int = 400
    rejected: int = 30
    alarm_changes: int = 30
    messages: int = 400
    left: int = 90
    audit: int = 1096


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRules:
    """What the console needs of the section ``sign_in``."""

    session_hours: float = 168.0
    idle_minutes: float = 720.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingPace:
    """What the dispatcher needs of the section ``finding``."""

    position_s: int = 15
    low_position_s: int = 60
    low_battery_pct: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPlan:
    """What the dispatcher needs of the section ``sheet``; ``dir`` None: no sheets are written."""

    dir: Path | None = None
    at: tuple[str, ...] = ("07:30", "19:30")
    keep_days: int = 14
    font: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    """What one role needs to run."""

    conninfo: str = field(repr=False)
    mqtt_host: str
    mqtt_port: int
    mqtt_username: str | None
    mqtt_password: str | None = field(repr=False)
    mqtt_tls: bool = False
    mqtt_ca_file: Path | None = None
    device_address: str | None = None
    device_accounts: bool = True
    broker_kind: Literal["mosquitto", "iotcore", "external"]
    console_listen: str
    console_port: int
    data_dir: Path
    demo: bool = False
    metrics_port: int = 0
    metrics_listen: str = "127.0.0.1"
    twilio: TwilioAccount | None = None
    ways_out: WaysOut = WaysOut()
    language: str = "zh"
    secure_cookies: bool = False
    tiles: MapTiles | None = None
    watchdog_url: str | None = field(default=None, repr=False)
    desk_hours: tuple[int, int] | None = None
    emergency_numbers: tuple[str, ...] = field(default=(), repr=False)
    keep: KeepDays = KeepDays()
    finding: FindingPace = FindingPace()
    sign_in: SignInRules = SignInRules()
    test_press_days: int = 30
    sheets: SheetPlan = SheetPlan()


def to_environment(settings: RoleSettings) -> dict[str, str]:
    """The environment of a role: ours, without the variables that it does not need, and its settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANXIN_")}
    return {**kept, ROLE_VARIABLE: msgspec.json.encode(settings, enc_hook=str).decode()}


def from_environment() -> RoleSettings:
    """The settings that our supervisor handed over.

    Raises:
        KeyError: if this process was not started by a supervisor.
    """
    return msgspec.json.decode(
        os.environ[ROLE_VARIABLE], type=RoleSettings, dec_hook=lambda wanted, value: wanted(value)
    )


def desk_hours(watchdog: Watchdog) -> tuple[int, int] | None:
    """The hours in minutes from midnight, as the auditor takes them."""
    if watchdog.desk_hours is None:
        return None
    start, end = (int(hour) * 60 + int(minute) for hour, minute in re.findall(r"(\d+):(\d+)", watchdog.desk_hours))
    return start, end


def keep_days(retention: Retention) -> KeepDays:
    """The section as upkeep takes it."""
    return KeepDays(
        readings=retention.readings_days,
        rejected=retention.rejected_days,
        alarm_changes=retention.alarm_change_days,
        messages=retention.messages_days,
        left=retention.left_days,
        audit=retention.audit_days,
    )


def sign_in_rules(sign_in: SignIn) -> SignInRules:
    """The section as the console takes it."""
    return SignInRules(session_hours=sign_in.session_hours, idle_minutes=sign_in.idle_minutes)


def finding_pace(finding: Finding) -> FindingPace:
    """The section as the dispatcher takes it."""
    return FindingPace(
        position_s=finding.position_s,
        low_position_s=finding.low_position_s,
        low_battery_pct=finding.low_battery_pct,
    )


def sheet_plan(sheet: Sheet, data_dir: Path) -> SheetPlan:
    """The section as the dispatcher takes it; ``data_dir`` is where the folder stands unless it was told."""
    folder = (sheet.dir or data_dir / "sheets").absolute() if sheet.enabled else None
    return SheetPlan(dir=folder, at=sheet.at, keep_days=sheet.keep_days, font=sheet.font)


def map_tiles(said: Map) -> MapTiles | None:
    """The section as the console takes it; None: no server of tiles."""
    if said.tiles is None:
        return None
    return MapTiles(url=said.tiles, attribution=said.attribution, max_zoom=said.max_zoom)


def twilio_account(twilio: Twilio) -> TwilioAccount | None:
    """The account, if one is set.

    Raises:
        ValueError: if it is set in part only.
    """
    if twilio.account_sid is None:
        return None
    if twilio.auth_token is None or twilio.from_ is None:
        raise ValueError("twilio.account_sid is set: twilio.auth_token and twilio.from are needed too")
    return TwilioAccount(
        twilio.account_sid,
        twilio.auth_token.get_secret_value(),
        twilio.from_,
        twilio.base_url,
        twilio.voice_from,
        twilio.templates,
    )


def ways_out(settings: Settings) -> WaysOut:
    """What the sections ``sms``, ``chat`` and ``console`` say of messages."""
    public_url = settings.console.public_url
    return WaysOut(
        signature=settings.sms.signature,
        links_in_sms=settings.sms.links,
        public_url=None if public_url is None else public_url.rstrip("/"),
        per_second=settings.sms.per_second,
        daily_cap=settings.sms.daily_cap,
        chat={site.casefold(): url.get_secret_value() for site, url in settings.chat.items()},
    )


def parse_broker(address: str) -> BrokerAddress:
    """Parse ``HOST:PORT``, ``mqtt://user:password@host:port`` or, with TLS, ``mqtts://…``.

    Raises:
        ValueError: for anything else.
    """
    parts = urlsplit(address if "://" in address else f"mqtt://{address}")
    if parts.scheme not in _PORTS or parts.hostname is None:
        raise ValueError("a broker is told as HOST:PORT, mqtt://USER:PASSWORD@HOST:PORT or mqtts://…")
    return BrokerAddress(
        parts.hostname,
        parts.port or _PORTS[parts.scheme],
        None if parts.username is None else unquote(parts.username),
        None if parts.password is None else unquote(parts.password),
        tls=parts.scheme == "mqtts",
    )


def device_address(settings: RoleSettings) -> tuple[str, int]:
    """Where devices reach the broker: as told, else as we do."""
    if settings.device_address is None:
        return settings.mqtt_host, settings.mqtt_port
    told = parse_broker(settings.device_address)
    return told.host, told.port


_PORTS: Final = {"mqtt": 1883, "mqtts": 8883}
