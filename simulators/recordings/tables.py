"""CSV files that people bring: named columns in any order, and each bad row told by line and remedy."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from fleet.clock import to_ms
from fleet.errors import BadInput

_CHUNK = 50_000
"""Rows held as text at a time."""
_SHOWN = 5
"""Bad rows that are told; of the rest the number."""
_SECONDS_BELOW = 100_000_000_000
"""A bare number below this is seconds since 1970 (to the year 5138), else milliseconds (from 1973)."""
LATEST_MS = 1 << 43
"""The year 2248; times lie before it."""


class Row(NamedTuple):
    """One row of a table: its cells in the order in which the columns were asked for."""

    line: int
    cells: list[str]


class Complaints:
    """What is wrong with a file: the first few rows that cannot be used, and how many they are."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.bad = 0
        """Rows that could not be used so far."""
        self._told: list[str] = []

    def complain(self, line: int, why: str) -> None:
        """Count a row that cannot be used."""
        self.bad += 1
        if self.bad <= _SHOWN:
            self._told.append(f"line {line}: {why}")

    def complaint(self) -> str:
        """How many rows are bad, and what is wrong with the first few."""
        what = "1 row" if self.bad == 1 else f"{self.bad:,} rows"
        more = [f"and {self.bad - _SHOWN:,} more"] if self.bad > _SHOWN else []
        return "\n  ".join([f"{self.path}: {what} cannot be used", *self._told, *more])

    def settle(self, *, skip_bad: bool) -> str:
        """The complaint, empty when there is none; ``BadInput`` when no row may be left out."""
        if self.bad and not skip_bad:
            raise BadInput(f"{self.complaint()}\nmend them, or leave them out with --skip-bad")
        return self.complaint() if self.bad else ""


class Table(Complaints):
    """A CSV file with a header, UTF-8 with or without a byte-order mark.

    Columns may stand in any order and be written in any case; others are passed over, and so are blank
    lines. Every error of the file as a whole is ``BadInput`` and names the file.
    """

    def __init__(self, path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> None:
        super().__init__(path)
        self._required = required
        self._optional = optional

    def rows(self) -> Iterator[list[Row]]:
        """The rows in chunks. A cell of an optional column that is not there is blank; a row that does
        not fit its header is counted as bad and left out.
        """
        try:
            with self.path.open(encoding="utf-8-sig", newline="") as file:
                reader = csv.reader(file, strict=True)
                header = [name.strip().lower() for name in next(reader, [])]
                places = self._places(header)
                numbered = ((reader.line_num, cells) for cells in reader if cells)
                while chunk := list(islice(numbered, _CHUNK)):
                    yield self._fitting(chunk, len(header), places)
        except OSError as error:
            raise BadInput(f"{self.path} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{self.path} is not UTF-8; save it as CSV in UTF-8") from error
        except csv.Error as error:
            raise BadInput(
                f"{self.path}, line {reader.line_num}: {error}; a cell that holds a comma or a quote is"
                ' quoted whole, and a quote in it doubled, as in "a ""b"", c"'
            ) from error

    def _places(self, header: list[str]) -> list[int]:
        """The place of each column asked for in the header, -1 for an optional one that is not there."""
        if not any(header):
            raise BadInput(f"{self.path} has no header; its first line must be {','.join(self._required)}")
        missing = [name for name in self._required if name not in header]
        if missing:
            raise BadInput(
                f"{self.path}: the header has no column {' nor '.join(missing)}; it reads {','.join(header)},"
                f" and must name {', '.join(self._required)}, separated by commas"
            )
        wanted = [*self._required, *self._optional]
        twice = [name for name in wanted if header.count(name) > 1]
        if twice:
            raise BadInput(f"{self.path}: the header has two columns {twice[0]}; leave one")
        return [header.index(name) if name in header else -1 for name in wanted]

    def _fitting(self, chunk: list[tuple[int, list[str]]], width: int, places: list[int]) -> list[Row]:
        rows = []
        for line, cells in chunk:
            if len(cells) != width:
                if len(cells) < width and any(cells):
                    self.complain(line, f"{len(cells)} cells where the header has {width}")
                    continue
                if any(cell.strip() for cell in cells[width:]):
                    self.complain(
                        line,
                        f"{len(cells)} cells where the header has {width}; quote a cell that holds a comma",
                    )
                    continue
            if any(cells):  # else a blank line as spreadsheets write it
                rows.append(Row(line, [cells[place].strip() if place >= 0 else "" for place in places]))
        return rows


def read_moment(text: str, zone: ZoneInfo) -> int:
    """Epoch milliseconds of a time that somebody wrote.

    RFC 3339, in ``zone`` when it names no offset; or seconds since 1970, or milliseconds when the number
    is 100,000,000,000 or more. Raises ``ValueError`` with how to write it.
    """
    try:
        if text[4:5] == "-" and len(text) >= len("2026-09-01T07:30"):
            moment = datetime.fromisoformat(text)
            ms = to_ms(moment if moment.tzinfo else moment.replace(tzinfo=zone))
        else:
            number = int(text) if text.isdecimal() else float(text)
            ms = int(number) if number >= _SECONDS_BELOW else round(number * 1000)
    except (ValueError, OverflowError) as error:
        raise ValueError("write it as 2026-09-01T07:30:00+08:00, or in seconds since 1970") from error
    if not 0 <= ms < LATEST_MS:
        raise ValueError("it lies before 1970 or after 2247; write it as 2026-09-01T07:30:00+08:00")
    return ms
