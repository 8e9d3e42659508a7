"""The emergency sheet as a page that a browser prints."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from dashboards.api.access import MAY_OPEN, DepsOf, Principal, allowed_to
from dashboards.api.problems import Problem
from dashboards.web.records.found import sites_of
from dashboards.web.rendering import language_of, page
from dashboards.web.sheet_words import SheetWords
from devices.refusals import no_such
from gateway.store.sheet import Sheet, SheetCard, sheet

router = APIRouter(include_in_schema=False)

Printing = Annotated[Principal, Depends(allowed_to(MAY_OPEN, "print the emergency sheet"))]
WHO: Final = ("all", "first")


class House(NamedTuple):
    """The cards of one building."""

    name: str
    cards: list[SheetCard]


@router.get("/sheet")
async def emergency_sheet(
    request: Request, deps: DepsOf, principal: Printing, site: str = "", who: Literal["all", "first"] = "all"
) -> Response:
    """The sheet of one site, the first unless another is asked for; ``who`` first: only whom something waits for."""
    async with deps.pool.connection() as conn:
        sites = await sites_of(conn, principal)
        if site and all(each.id != site for each in sites):
            raise Problem(404, no_such("site"))
        wanted = site or (sites[0].id if sites else "")
        found = await sheet(conn, wanted, deps.clock.now_ms(), whole=who == "all") if wanted else None
    if found is not None:
        await principal.looked("sheet", site=wanted, purpose=who)
    words = SheetWords(language_of(request, principal))
    # 5,000 cards take a second to write: the stream of alarms goes on meanwhile.
    return await run_in_threadpool(
        page,
        request,
        "sheet.html",
        principal=principal,
        sites=sites,
        sheet=found,
        who=who,
        whos=WHO,
        words=words,
        by=principal.account.display_name or principal.account.username,
        groups=[] if found is None else groups_of(words, found),
    )


def groups_of(words: SheetWords, found: Sheet) -> list[tuple[str, list[House]]]:
    """Whom something waits for, then the others, each house by house; under the keys of their headings."""
    others = "sheet.others" if found.first else "sheet.everybody"
    both = (("sheet.first", found.first), (others, found.others))
    return [
        (
            heading,
            [House(name, list(there)) for name, there in groupby(cards, key=lambda each: words.house(each.address))],
        )
        for heading, cards in both
        if cards
    ]
