"""What can be wrong with a file or a cell: a code for the page, words for everybody else."""

from __future__ import annotations

from typing import Final

import msgspec

from devices.polygons import POLYGON_WORDS

WORDS: Final[dict[str, str]] = {
    "missing": "must be filled in",
    "too_long": "has more than {most} characters",
    "unprintable": "has characters that cannot be printed",
    "not_clearable": "cannot be cleared",
    "excel_error": "is an error of the spreadsheet itself",
    "phone": "is not a phone number: 3 to 15 digits, with + in front for one abroad",
    "phone_two": "holds two numbers: one in each cell",
    "phone_mobile": "is not a mobile number: those have 11 digits",
    "phone_rounded": "is a number that the spreadsheet has rounded: format the column as text and type it again",
    "phone_lost_zero": "looks like an area code that lost its leading 0",
    "number": "is not a number",
    "whole_number": "is not a whole number",
    "range": "must be from {least} to {most}",
    "year": "is not a year: four digits, or a date of birth",
    "date": "is not a date, for example 2026-07-01 or 2026-07-01 18:00",
    "yes_no": "must be yes or no",
    "choice": "must be one of {choices}",
    "timezone": "is not a time zone of the IANA database, for example Asia/Shanghai",
    "id": "may have 1 to 64 letters, digits, - and _",
    "polygon": "needs at least three different corners as lat,lon; lat,lon; lat,lon",
    **{f"polygon_{code}": words for code, words in POLYGON_WORDS.items()},
    "shape": "a zone has either a radius or a polygon",
    "site_missing": "no site: add a column for it or choose one for the whole file",
    "site_unknown": "there is no such site",
    "site_fixed": "a record stays at its site",
    "record_unknown": "there is no record with this id",
    "taken": "belongs to another resident: {name}",
    "twice": "the same as in line {line}",
    "maybe_same": "maybe the same person as {name} ({id}): put that into the id column to update them, "
    "or give both a number of their own",
    "maybe_same_line": "maybe the same person as in line {line}: give both a number of their own",
    "half_home": "a home needs both latitude and longitude",
    "home_missing": "a radius needs a home: latitude and longitude",
    "until_status": "an end belongs to the status away, hospital or paused only",
    "until_past": "lies in the past",
    "household_ambiguous": "several households have this name: give the id",
    "contact_incomplete": "a contact needs a name and a phone number",
    "resident_missing": "says nobody: give the resident's id, number or name",
    "resident_unknown": "there is no such resident",
    "resident_ambiguous": "several residents have this name: give the id or the number",
    "resident_left": "the resident has moved or died: change the status first",
    "resident_faulty": "the resident's own line {line} is faulty",
    "device_taken": "a device with this id exists elsewhere; ids are unique over all sites",
    "device_revoked": "was taken out of service: register it again on its page first",
    "device_shared": "is worn by somebody else too, in line {line}: give both the same household to share it",
    "refused": "the database refused this line: {why}",
    # Of the whole file.
    "empty": "the file is empty",
    "too_large": "the file is too large: {most} MB at most",
    "too_many_lines": "the file has too many lines: {most} at most",
    "too_many_columns": "line {line} has too many columns: {most} at most",
    "old_excel": "this is an old .xls file: save it as .xlsx",
    "not_a_table": "this is neither a CSV nor an XLSX file",
    "broken_workbook": "the XLSX file is damaged, protected by a password, or not a workbook",
    "encoding": "the text is neither UTF-8, UTF-16 nor GB18030",
    "no_headers": "no line of column names was found; read as {encoding} the first line is: {first}",
    "same_column": "two columns mean the same: {columns}",
    "took_too_long": "reading the file took too long",
    "quotes": "a quotation mark that opens in line {line} is never closed",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in one line; ``column`` is the header as it stands in the file, empty for the whole line."""

    column: str
    code: str
    problem: str
    value: str | None = None
    params: dict[str, str] = {}


class Faulty(ValueError):
    """A cell that cannot be taken: ``code`` with its parameters."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(words(code, **params))
        self.code = code
        self.params = {name: str(value) for name, value in params.items()}

    def fault(self, column: str, value: str | None) -> Fault:
        """The same, in its place."""
        return Fault(column=column, code=self.code, problem=str(self), value=value, params=self.params)


class Unreadable(Faulty):
    """A file that cannot be taken at all."""


def words(code: str, **params: object) -> str:
    """The code in English."""
    return WORDS[code].format_map(params)
