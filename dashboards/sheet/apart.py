"""The sheet drawn in a process of its own, of low priority and bounded in time.

5,000 cards are seconds of work and a font of 20 MB: the dispatcher has messages to send meanwhile. The process gets
one message on its standard input and answers with one.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Final

import msgspec

from dashboards.sheet.errors import NoFont, NotDrawn
from gateway.store.sheet import Sheet

AT_MOST_S: Final = 300
"""5,000 cards take some seconds; on a machine that is busy with other things ten times as long. Assumption."""
_NICENESS: Final = 10


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be drawn, in which language; ``font``: a file that somebody named.

    ``by``: at whose request, by name or by a key of the catalogue.
    """

    sheet: Sheet
    language: str
    by: str
    font: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The file, and how many characters no font had; or why there is no font."""

    pdf: bytes = b""
    unknown: int = 0
    no_font: str | None = None


async def draw_apart(question: Question) -> Answer:
    """Draw a sheet in a process of its own.

    Raises:
        NoFont: There is no font with Chinese characters.
        NotDrawn: The process ended badly, or took too long.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(AT_MOST_S):
            told, _ = await process.communicate(msgspec.msgpack.encode(question))
    except TimeoutError:
        raise NotDrawn(f"drawing the sheet took longer than {AT_MOST_S} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NotDrawn(f"drawing the sheet ended with {process.returncode}")
    answer = msgspec.msgpack.decode(told, type=Answer)
    if answer.no_font is not None:
        raise NoFont(answer.no_font)
    return answer


def draw_here(question: Question) -> Answer:
    """Draw a sheet in this process. Raises ``NoFont``."""
    # Here and not above: only who draws loads the library of PDF and reads fonts.
    from dashboards.sheet.fonts import faces  # noqa: PLC0415
    from dashboards.sheet.paper import draw  # noqa: PLC0415
    from dashboards.web.sheet_words import SheetWords  # noqa: PLC0415

    found = faces(None if question.font is None else Path(question.font))
    words = SheetWords(question.language)
    drawn = draw(question.sheet, words, found, by=words.known(question.by, question.by))
    return Answer(pdf=drawn.pdf, unknown=drawn.unknown)


def main() -> None:
    """Answer the one question on standard input."""
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Question)
    try:
        answer = draw_here(question)
    except NoFont as error:
        answer = Answer(no_font=str(error))
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


if __name__ == "__main__":
    main()
