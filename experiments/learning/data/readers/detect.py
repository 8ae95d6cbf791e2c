"""Looks at the beginning of a text file and says how it seems to be laid out. Every answer is only a suggestion."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.readers.suggest import KNOWN_NAMES, is_number, name_key
from experiments.learning.data.readers.text import UNIT_SEPARATOR, Dialect

SAMPLE_BYTES = 2**20
SCAN_BYTES = 64 * 2**20
"""How far a file is checked for being UTF-8; one odd character may come late."""
SAMPLE_LINES = 2_000
SHOWN_ROWS = 20
SEPARATORS = ("::", "\t", ",", ";", "|", " ")

_LINE_END = re.compile("\\r\\n|\\n|\\r")


@dataclass(frozen=True)
class Layout:
    """Dialect, column names and the first rows (text) of a delimited file."""

    dialect: Dialect
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def detect_layout(stream: IO[bytes], options: ReadOptions) -> Layout:
    """Encoding, separator and header of a delimited file; what ``options`` fix is taken as given.

    Raises:
        DatasetError: the file is empty or not text.
    """
    encoding, sample = _encoding_and_sample(stream, options.encoding)
    text = sample.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = [line for line in _LINE_END.split(text)[:SAMPLE_LINES] if line.strip()]
    if len(sample) >= SAMPLE_BYTES and len(lines) > 1:
        lines = lines[:-1]  # the last one may be cut
    if not lines:
        raise DatasetError("file", "is empty", accepted="a file with at least one row")
    if "\0" in text[:10_000]:
        raise DatasetError("file", "is not text: it holds zero bytes", accepted="delimited text, Parquet or JSON lines")
    separator = options.separator or _separator(lines)
    rows = split_lines(lines, separator)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    first = rows[0]
    has_header = options.has_header if options.has_header is not None else _has_header(first, rows[1:])
    columns = name_columns(first) if has_header else tuple(f"column {number}" for number in range(1, width + 1))
    shown = rows[1:] if has_header else rows
    return Layout(Dialect(encoding, separator, has_header), columns, tuple(map(tuple, shown)))


def split_lines(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Lines to fields, forgivingly; quoted fields may span lines."""
    if len(separator) > 1:
        lines = [line.replace(separator, UNIT_SEPARATOR) for line in lines]
        separator = UNIT_SEPARATOR
    try:
        return [row for row in csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=separator) if row]
    except csv.Error:
        return [line.split(separator) for line in lines]


def name_columns(header: Sequence[str]) -> tuple[str, ...]:
    """Names of a header row, made distinct and never empty."""
    names: list[str] = []
    for number, cell in enumerate(header, 1):
        name = cell.strip()[:200] or f"column {number}"
        base, count = name, 2
        while name in names:
            name, count = f"{base} ({count})", count + 1
        names.append(name)
    return tuple(names)


def _encoding_and_sample(stream: IO[bytes], given: str | None) -> tuple[str, bytes]:
    sample = stream.read(SAMPLE_BYTES)
    if given is not None:
        return given, sample
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", sample
    decoder = codecs.getincrementaldecoder("utf-8")()
    data, seen = sample, 0
    try:
        while data and seen < SCAN_BYTES:
            decoder.decode(data)
            seen += len(data)
            data = stream.read(SAMPLE_BYTES)
        decoder.decode(b"", final=not data)
    except UnicodeDecodeError:
        return _eight_bit(sample + data), sample
    return "utf-8", sample


def _eight_bit(data: bytes) -> str:
    # The C1 control characters of latin-1 do not occur in real text; in cp1252 they are curly quotes and dashes.
    if any(0x80 <= byte <= 0x9F for byte in data):
        try:
            data.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "latin-1"


def _separator(lines: Sequence[str]) -> str:
    """The separator that cuts most lines into the same number (over one) of columns."""
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        rows = split_lines(lines[:200], separator)
        widths = Counter(map(len, rows))
        wide = [(count, width) for width, count in widths.items() if width > 1]
        if not wide or len(rows[0]) < 2:
            continue
        count, width = max(wide)
        # A space is in every title: it only counts where nothing else separates anything.
        score = (count / sum(widths.values()) * (0.5 if separator == " " else 1.0), width)
        if score > best_score and (separator != "|" or best_score[0] < 0.9):
            best, best_score = separator, score
    return best


def _has_header(first: Sequence[str], rest: Sequence[Sequence[str]]) -> bool:
    if any(is_number(cell) for cell in first):
        return False
    if any(name_key(cell) in KNOWN_NAMES for cell in first):
        return True
    sample = rest[:50]
    return any(
        sum(1 for row in sample if position < len(row) and is_number(row[position])) > len(sample) / 2
        for position in range(len(first))
    )
