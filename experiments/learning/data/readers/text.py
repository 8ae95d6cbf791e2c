"""Delimited text to columns, quickly, with line numbers, without ever giving up on a file because of one line.

Blocks of whole lines go one of two ways. Without quotation marks, odd line ends or undecodable bytes, lines are
checked with NumPy (does each have the right number of separators?) and the good ones parsed by Arrow in one go. Any
other block is read record by record with the ``csv`` module, which also joins quoted fields that span lines (RFC 4180).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.base import RAW_CHARACTERS, RefusedRow

BLOCK_BYTES = 4 * 2**20
MAX_LINE_BYTES = 2**20
MAX_RECORD_LINES = 100
"""A quoted field may span this many lines; a quotation mark that closes later is taken for a stray one."""

UNIT_SEPARATOR = "\x1f"
"""Stands for the two-character separator ``::`` inside this module, as csv and Arrow know one-character ones only."""


@dataclass(frozen=True)
class Dialect:
    """How the text is laid out. ``encoding`` is a Python codec; ``quoting`` False takes quotation marks as they are."""

    encoding: str
    separator: str
    has_header: bool
    quoting: bool = True

    @property
    def single(self) -> str:
        return UNIT_SEPARATOR if len(self.separator) > 1 else self.separator


@dataclass(frozen=True)
class TextChunk:
    """Rows of text: ``fields[c]`` is an Arrow string array of column c, all of the length of ``line``."""

    line: NDArray[np.int64]
    fields: list[Any]
    raw: Callable[[int], str]
    refused: list[RefusedRow] = field(default_factory=list)
    blank_lines: int = 0


def blocks(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Blocks of whole lines, ending in LF, in an encoding that extends ASCII; a byte order mark is taken off.

    UTF-16 becomes UTF-8 on the way, with U+FFFD for what cannot be decoded. CRLF and lone CR become LF, where a lone CR
    counts as a line end only in files that have no LF at all in their first block.
    """
    wide = codecs.lookup(encoding).name.startswith("utf-16")
    decode = codecs.getincrementaldecoder(encoding)(errors="replace") if wide else None
    rest, first, old_mac = b"", True, False
    while True:
        data = stream.read(BLOCK_BYTES)
        at_end = not data
        if decode is not None:
            data = decode.decode(data, final=at_end).encode("utf-8", errors="replace")
        if first and not at_end:
            data = data.removeprefix(codecs.BOM_UTF8)
            old_mac = b"\n" not in data and b"\r" in data
            first = False
        if old_mac:
            data = data.replace(b"\r", b"\n")
        rest += data
        if at_end:
            if rest:
                yield rest.replace(b"\r\n", b"\n").removesuffix(b"\n") + b"\n"
            return
        cut = rest.rfind(b"\n") + 1
        if len(rest) - cut > MAX_LINE_BYTES:
            raise DatasetError(
                "file",
                "has a line that is too long to be a row of text",
                value=f"over {MAX_LINE_BYTES:,} bytes without a line end",
                accepted="text with one row a line",
            )
        if cut:
            yield rest[:cut].replace(b"\r\n", b"\n")
            rest = rest[cut:]


def read_text(
    stream: IO[bytes], file: str, dialect: Dialect, columns: Sequence[str], wanted: Sequence[str]
) -> Iterator[TextChunk]:
    """Chunks of the ``wanted`` columns (in that order) of a file that has these ``columns``."""
    parser = _Parser(file, dialect, list(columns), list(wanted))
    for block in blocks(stream, dialect.encoding):
        yield from parser.feed(block)
    yield from parser.finish()


class _Parser:
    def __init__(self, file: str, dialect: Dialect, columns: list[str], wanted: list[str]) -> None:
        self.file, self.columns, self.wanted = file, columns, wanted
        self.positions = [columns.index(name) for name in wanted]
        self.separator = dialect.single
        self.multi = dialect.separator if len(dialect.separator) > 1 else None
        codec = codecs.lookup(dialect.encoding).name
        self.wide = codec.startswith("utf-16")
        self.encoding = "utf-8" if self.wide or codec.startswith("utf-8") else codec
        self.quoting = dialect.quoting and self.multi is None
        self.header_due = dialect.has_header
        self.next_line = 1
        self.tail = b""

    def feed(self, block: bytes) -> Iterator[TextChunk]:
        if self.multi is not None:
            block = block.replace(self.multi.encode(), UNIT_SEPARATOR.encode())
        block = self.tail + block
        self.tail = b""
        if self.header_due:
            block = self._without_header(block)
        plain = self._plain(block)
        yield self._fast(plain) if plain is not None else self._slow(block, at_end=False)

    def finish(self) -> Iterator[TextChunk]:
        if self.tail:
            block, self.tail = self.tail, b""
            yield self._slow(block, at_end=True)

    def _without_header(self, block: bytes) -> bytes:
        """The block from after its first record on; blank lines above the header go with it."""
        lines = block.removesuffix(b"\n").split(b"\n")
        at = 0
        while at < len(lines) and not lines[at].strip():
            at += 1
        if at == len(lines):
            self.next_line += at
            return b""
        at += self._record(lines, at).lines
        self.header_due = False
        self.next_line += at
        return b"".join(line + b"\n" for line in lines[at:])

    def _plain(self, block: bytes) -> bytes | None:
        """The block as UTF-8 if the quick way can read it."""
        if (self.quoting and b'"' in block) or b"\r" in block:
            return None
        try:
            text = block.decode(self.encoding)
        except UnicodeDecodeError:
            return None
        if self.wide and "\ufffd" in text:
            return None
        return block if self.encoding == "utf-8" else text.encode()

    def _fast(self, data: bytes) -> TextChunk:
        buffer = np.frombuffer(data, np.uint8)
        if not len(buffer):
            return self._slow(b"", at_end=False)
        ends = np.flatnonzero(buffer == ord("\n"))
        starts = np.concatenate(([0], ends[:-1] + 1))
        separators = np.flatnonzero(buffer == ord(self.separator))
        per_line = np.diff(np.searchsorted(separators, ends), prepend=0)
        good = per_line == len(self.columns) - 1
        first_line = self.next_line
        self.next_line += len(ends)

        def text_of(index: int) -> str:
            return self._shown(data[starts[index] : ends[index]].decode())

        bad = np.flatnonzero(~good)
        blank = [j for j in bad if not data[starts[j] : ends[j]].strip()]
        skipped = set(blank)
        refused = [
            RefusedRow(self.file, first_line + int(j), self._wrong_count(int(per_line[j]) + 1), text_of(int(j)))
            for j in bad
            if j not in skipped
        ]
        rows = np.flatnonzero(good)
        data_of_good = buffer[np.repeat(good, ends - starts + 1)].tobytes() if len(bad) else data
        return TextChunk(
            line=rows + first_line,
            fields=self._parse(data_of_good, len(rows)),
            raw=lambda j: text_of(int(rows[j])),
            refused=refused,
            blank_lines=len(blank),
        )

    def _parse(self, data: bytes, count: int) -> list[Any]:
        if not count:
            return [pa.array([], pa.string()) for _ in self.wanted]
        if data.startswith(codecs.BOM_UTF8):
            # Arrow takes off a byte order mark wherever it starts to read; here it is part of the first field.
            data = codecs.BOM_UTF8 + data
        names = [str(position) for position in range(len(self.columns))]
        wanted = [str(position) for position in self.positions]
        table = pyarrow.csv.read_csv(
            pa.BufferReader(data),
            read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=self.separator, quote_char=False, ignore_empty_lines=False
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=wanted,
                column_types=dict.fromkeys(wanted, pa.string()),
                strings_can_be_null=False,
            ),
        )
        return [table.column(name).combine_chunks() for name in wanted]

    def _slow(self, block: bytes, *, at_end: bool) -> TextChunk:
        lines = block.removesuffix(b"\n").split(b"\n") if block else []
        numbers: list[int] = []
        rows: list[list[str]] = []
        texts: list[str] = []
        refused: list[RefusedRow] = []
        blank = at = 0
        while at < len(lines):
            if not lines[at].strip():
                blank, at = blank + 1, at + 1
                continue
            record = self._record(lines, at)
            if record.open and not at_end and len(lines) - at < MAX_RECORD_LINES:
                self.tail = b"\n".join(lines[at:]) + b"\n"
                lines = lines[:at]
                break
            number, at = self.next_line + at, at + record.lines
            if record.fields is None:
                refused.append(RefusedRow(self.file, number, record.problem, self._shown(record.text)))
            elif len(record.fields) != len(self.columns):
                refused.append(
                    RefusedRow(self.file, number, self._wrong_count(len(record.fields)), self._shown(record.text))
                )
            else:
                numbers.append(number)
                rows.append([record.fields[position] for position in self.positions])
                texts.append(record.text)
        self.next_line += len(lines)
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(self.wanted)
        return TextChunk(
            line=np.array(numbers, np.int64),
            fields=[pa.array(column, pa.string()) for column in columns],
            raw=lambda j: self._shown(texts[j]),
            refused=refused,
            blank_lines=blank,
        )

    def _record(self, lines: list[bytes], at: int) -> _Record:
        """The record that starts at this line; one line unless a quoted field goes on."""
        raw = lines[at]
        for count in range(1, MAX_RECORD_LINES + 1):
            try:
                text = raw.decode(self.encoding)
            except UnicodeDecodeError:
                return _Record(
                    None, 1, lines[at].decode(self.encoding, "replace"), f"bytes that are not {self.encoding}"
                )
            if self.wide and "\ufffd" in text:
                return _Record(
                    None, 1, lines[at].decode(self.encoding, "replace"), "characters that could not be decoded"
                )
            fields, problem = self._split(text)
            if problem != _OPEN:
                return _Record(fields, count, text, problem)
            if at + count >= len(lines) or len(raw) > MAX_LINE_BYTES:
                break
            raw += b"\n" + lines[at + count]
        return _Record(None, 1, lines[at].decode(self.encoding, "replace"), _OPEN, open=True)

    def _split(self, text: str) -> tuple[list[str] | None, str]:
        if not self.quoting:
            return text.split(self.separator), ""
        try:
            return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.separator, strict=True)), ""
        except csv.Error as error:
            return None, _OPEN if "unexpected end of data" in str(error) else f"not a row of delimited text: {error}"

    def _wrong_count(self, count: int) -> str:
        return f"{count} columns instead of {len(self.columns)}"

    def _shown(self, text: str) -> str:
        if self.multi is not None:
            text = text.replace(UNIT_SEPARATOR, self.multi)
        return text[:RAW_CHARACTERS]


_OPEN = "a quotation mark is never closed"


@dataclass(frozen=True)
class _Record:
    fields: list[str] | None
    lines: int
    text: str
    problem: str = ""
    open: bool = False
