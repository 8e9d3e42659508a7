"""Import and export over HTTP: the registry from a file, a dry run first, and into one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final, Literal

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from dashboards.api.access import DepsOf, Managing
from dashboards.api.once import Answer, once
from dashboards.api.problems import Problem
from dashboards.exchange import Outcome, Unreadable
from dashboards.exchange.columns import KINDS, Kind
from dashboards.exchange.export import Language, rows_of, to_csv
from dashboards.exchange.tables import MAX_BYTES
from dashboards.importing import CameOutDifferently, HasFaults, Wanted, run_import
from devices.refusals import Refusal
from gateway.store.registry.bulk import RegistryMoved, snapshot

router = APIRouter(prefix="/api/v1", tags=["registry"])

_FORM_BYTES: Final = 64 * 1024
"""What a form may add to the file that it carries."""
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
            "text/csv": {"schema": {"type": "string"}},
            _XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}

Site = Annotated[str | None, Query(max_length=200, description="for lines that name none: a site's id or name")]
KindOf = Annotated[Kind | None, Query(description="what the file holds; told from its columns when absent")]


@router.post("/import", openapi_extra=_BODY)
async def import_records(
    request: Request,
    deps: DepsOf,
    principal: Managing,
    *,
    dry_run: bool = True,
    site: Site = None,
    kind: KindOf = None,
    faulty: Literal["refuse", "skip"] = "refuse",
    token: Annotated[str | None, Query(max_length=64, description="of the dry run that is to be carried out")] = None,
) -> Response:
    """Take residents, devices, contacts and zones from a CSV or XLSX file, or (``dry_run``) tell what that would do.

    All good lines are written in one transaction. Faulty lines are left out with ``faulty=skip``; without it
    nothing is written while there is one (422, with all lines in the body).
    """
    wanted = Wanted(
        data=await _file(request),
        actor=principal.account.username,
        sites=principal.sites,
        site=site or None,
        kind=kind,
        apply=not dry_run,
        skip_faulty=faulty == "skip",
        token=token,
    )

    async def work() -> Answer:
        try:
            async with request.app.state.importing, deps.pool.connection() as conn:
                outcome = await run_import(conn, wanted, deps.clock.now_ms)
        except Unreadable as error:
            why = Refusal.told(f"import.{error.code}", str(error), **error.params)
            raise Problem(422, why, kind="unreadable") from None
        except HasFaults as error:
            raise Problem(422, error.refusal, kind="faulty-lines", **_members(error.outcome)) from None
        except CameOutDifferently as error:
            raise Problem(409, error.refusal, kind="came-out-differently", **_members(error.outcome)) from None
        except RegistryMoved as error:
            raise Problem(503, error.refusal, kind="unavailable", headers={"Retry-After": "1"}) from None
        kept = msgspec.json.encode(msgspec.structs.replace(outcome, lines=[]))
        return Answer(200, msgspec.json.encode(outcome), kept=kept)

    return (await work()).response() if dry_run else await once(request, principal, work)


def _members(outcome: Outcome) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(outcome)
    return members


async def _file(request: Request) -> bytes:
    """The file in the body, or in the form's field ``file``."""
    length = request.headers.get("content-length", "")
    if not length.isdigit():
        raise Problem(411, Refusal("import.no_length", "send the file with its Content-Length"))
    if int(length) > MAX_BYTES + _FORM_BYTES:
        raise Problem(
            413, Refusal("import.too_large", "the file is too large: {most} MB at most", most=MAX_BYTES // 1024**2)
        )
    # Kept by the request, so that the form and the Idempotency-Key's fingerprint can both read it.
    body = await request.body()
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return body
    async with request.form(max_files=1, max_fields=10) as form:
        field = form.get("file")
        if not isinstance(field, UploadFile):
            raise Problem(422, Refusal("import.no_file", "the form has no field `file` with a file"), kind="invalid")
        return await field.read()


@router.get("/export")
async def export_records(
    deps: DepsOf,
    principal: Managing,
    *,
    format: Annotated[Literal["xlsx", "csv"], Query()] = "xlsx",  # noqa: A002 the parameter's public name
    kind: Annotated[Kind | None, Query(description="one kind; XLSX without it holds all of them")] = None,
    site: Annotated[str | None, Query(max_length=64)] = None,
    language: Language = "zh",
) -> Response:
    """Residents, devices, contacts and zones as a file; importing it again changes nothing."""
    if site is not None:
        principal.require_site(site, "site")
    await principal.took_out("registry", site=site, detail={"format": format, "kind": kind or "all"})
    async with deps.pool.connection() as conn:
        known = await snapshot(conn, principal.sites)
    kinds = KINDS if kind is None and format == "xlsx" else (kind or "residents",)

    def written() -> bytes:
        if format == "csv":
            return to_csv(rows_of(known, kinds[0], site), kinds[0], language)
        from dashboards.exchange.workbooks import to_xlsx  # noqa: PLC0415 loaded when it is asked for

        return to_xlsx([(each, rows_of(known, each, site)) for each in kinds], language)

    name = f"anxin-{kind or ('residents' if format == 'csv' else 'registry')}.{format}"
    return Response(
        await asyncio.to_thread(written),
        media_type=_XLSX if format == "xlsx" else "text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )
