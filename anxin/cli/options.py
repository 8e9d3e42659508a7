"""What the commands share: where the system is that they work on, what they say, and how they give up."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import click
import msgspec
from pydantic import ValidationError

from anxin.embedded.errors import StartError
from anxin.settings import Settings, load_settings

_STARTED = time.monotonic()


def give_up(reason: object) -> NoReturn:
    """End with a reason on standard error and the exit code 1."""
    click.echo(f"anxin: {reason}", err=True)
    sys.exit(1)


def say(line: str) -> None:
    """The lines that other programs read, at once."""
    click.echo(line)
    sys.stdout.flush()


def progress(line: str) -> None:
    """What a person wants to know meanwhile, with the seconds since the start."""
    click.echo(f"[{time.monotonic() - _STARTED:5.1f} s] {line}", err=True)


SWITCH: Final = {"on": 1.0, "off": 0.0}
WORKING_POINTS: Final = {"sensitive": 0.0, "balanced": 1.0, "quiet": 2.0}
"""Of ``fall.motion``."""
_FOLDER = "The system's folder [./anxin-data; the demo's is ./anxin-demo-data]."


class Where(NamedTuple):
    """Which system a command works on, as told on the command line."""

    config: Path | None
    data_dir: Path | None
    database: str | None

    def settings(self, **told: Any) -> Settings:
        """The settings, with what was told on the command line (``section__name``) on top; gives up on bad ones."""
        nested: dict[str, Any] = {}
        for key, value in {"data_dir": self.data_dir, "database__url": self.database, **told}.items():
            if value is not None:
                section, _, name = key.partition("__")
                if name:
                    nested.setdefault(section, {})[name] = value
                else:
                    nested[section] = value
        try:
            return load_settings(self.config, nested)
        except ValidationError as error:
            # Only where and what is wrong: the values may be secrets.
            give_up("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()))
        except (OSError, ValueError) as error:
            give_up(error)


def on_a_system(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that name a system, as its argument ``where``; a ``StartError`` ends it in words."""

    @wraps(command)
    def run(config: Path | None, data_dir: Path | None, database: str | None, **told: Any) -> None:
        try:
            command(where=Where(config, data_dir, database), **told)
        except StartError as error:
            give_up(error)

    for option in (
        click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Settings, a TOML file."),
        click.option("--data-dir", type=click.Path(path_type=Path), help=_FOLDER),
        click.option("--database", help="A PostgreSQL of your own (conninfo or URL)."),
    ):
        run = option(run)
    return run


def parameters_from(settings: tuple[str, ...]) -> dict[str, float]:
    """Parameters of rules as told by ``--set RULE.PARAM=VALUE``; gives up on one that is not understood."""
    if not settings:
        return {}
    from anxin.backtesting.errors import BacktestError
    from anxin.backtesting.settings import settings_from

    try:
        return {setting.name: setting.value for setting in settings_from(settings)}
    except BacktestError as error:
        give_up(error)


def need_matplotlib() -> None:
    """Say before the work begins, not after it, that what plots need is not installed."""
    if find_spec("matplotlib") is None:
        give_up("plots need matplotlib, which is not installed: pip install 'anxin[plot]'")


def need(package: str, why: str) -> None:
    """The same of a package that nothing but a measurement needs."""
    if find_spec(package) is None:
        give_up(f"{why}, which is not installed: pip install {package}")


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error; lets it stand at ``done`` of ``total``."""
    with click.progressbar(
        length=1, label=label, file=sys.stderr, show_eta=True, hidden=not sys.stderr.isatty()
    ) as bar:  # fmt: skip

        def reached(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield reached


def tell_of_compiling(folder: Path) -> None:
    """Say what the silence is before the first figures: the kernels of these sources are compiled once, for minutes.

    Args:
        folder: the one of ``jit_cache.configure``.
    """
    if not any(folder.rglob("*.nbi")):
        click.echo("compiling the engine, once for this version: some minutes without a figure …", err=True)


@contextmanager
def counted(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar that goes on by one of ``length`` each time it is told."""
    with click.progressbar(length=length, label=label, file=sys.stderr, show_eta=True, show_pos=True) as bar:
        yield lambda _: bar.update(1)


def tell_drawn(paths: Iterable[Path]) -> None:
    """Name each picture once it is drawn."""
    for path in paths:
        click.echo(f"drawn: {path}", err=True)


def tell(report: Any, lines: Callable[[Any], Iterable[str]], *, as_json: bool) -> None:
    """A report on standard output: as one JSON object, or in ``lines`` for a person."""
    if as_json:
        say(msgspec.json.encode(report).decode())
        return
    for line in lines(report):
        click.echo(line)
