"""Files with features of users or items: CSV, Parquet or JSON lines, one row an identifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.archive import Bundle, first_bytes
from experiments.learning.data.readers.base import RAW_CHARACTERS, FeatureTable, Files, RefusedRow, no_features
from experiments.learning.data.readers.detect import detect_layout
from experiments.learning.data.readers.json_objects import objects, shown_text
from experiments.learning.data.readers.options import FeatureMapping, ReadOptions
from experiments.learning.data.readers.text import read_text
from experiments.learning.data.typed_features import type_columns

Owner = Literal["users", "items"]

MAX_FEATURE_COLUMNS = 50
_TITLES = ("title", "name", "gamename", "originaltitle", "productname", "movietitle", "itemname", "username")
_LISTS = ("genre", "genres", "tags", "categories", "category", "keywords", "topics")
_NO_FEATURE = re.compile(r"(^|[_\s-])(id|uuid|isbn\d*|url|link|image|email|phone|zip|zipcode)$", re.IGNORECASE)
_ID_WORDS = {
    "users": ("user", "member", "customer"),
    "items": ("item", "movie", "book", "product", "game", "song", "track"),
}


def opener(files: Files, owner: Owner, options: ReadOptions) -> Callable[[], FeatureTable | None]:
    """A function that reads the file of this role when it is wanted; gives None where there is no such file."""
    if owner not in files:
        return no_features
    path = files[owner]
    return lambda: read_features(path, getattr(options, owner), owner)


def read_features(path: Path, mapping: FeatureMapping | None, owner: Owner) -> FeatureTable:
    """The features in a file, typed, indexed by identifier. The last of repeated identifiers counts; others are listed.

    Raises:
        DatasetError: the file cannot be read, or a mapped column is not there.
    """
    columns, sample = sample_columns(path)
    mapping = mapping or suggest_feature_mapping(columns, sample, owner)
    chosen = _chosen_columns(mapping, columns, path.name, owner)
    refused: list[RefusedRow] = []
    parts = []
    for lines, cells, problems in _tables(path, [mapping.id, *chosen]):
        refused.extend(problems)
        frame = pd.DataFrame(dict(zip([mapping.id, *chosen], cells, strict=True)), dtype="str")
        parts.append(frame.assign(__line=lines))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[mapping.id, *chosen, "__line"])
    table[mapping.id] = table[mapping.id].astype("str").str.strip()
    table, problems = _one_row_each(table, mapping.id, path.name)
    refused.extend(problems)
    frame = table.set_index(mapping.id)[list(chosen)].rename_axis(index="id")
    frame = type_columns(
        frame, lists=mapping.lists, list_separator=mapping.list_separator, texts=(mapping.title or "",)
    )
    if mapping.title is not None:
        frame = frame.rename(columns={mapping.title: "title"})
    return FeatureTable(path.name, frame, sorted(refused, key=lambda row: row.line))


def sample_columns(path: Path) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Column names and first rows of a feature file, for suggestions and for a page to show."""
    kind = _kind(path)
    if kind == "parquet":
        from experiments.learning.data.readers.parquet import sample as parquet_sample

        return parquet_sample(path)
    if kind == "jsonl":
        from experiments.learning.data.readers.json_lines import sample as json_sample

        return json_sample(path)
    bundle = Bundle(path)
    with bundle.open(bundle.only_name()) as stream:
        layout = detect_layout(stream, ReadOptions())
    return layout.columns, layout.rows


def suggest_feature_mapping(columns: Sequence[str], rows: Sequence[Sequence[str]], owner: Owner) -> FeatureMapping:
    """Identifier, title, lists and the columns that can serve: no addresses, no further identifiers."""
    if not columns:
        raise DatasetError(
            f"{owner} file", "has no columns", accepted="a column with the identifier and at least one feature"
        )
    keys = {column: re.sub(r"[^a-z0-9]", "", column.lower()) for column in columns}
    words = _ID_WORDS[owner]
    named = [column for column, key in keys.items() if key in {*words, *(word + "id" for word in words), "id"}]
    identifier = named[0] if named else columns[0]
    title = next(
        (column for name in _TITLES for column, key in keys.items() if key == name and column != identifier), None
    )
    lists = tuple(column for column, key in keys.items() if key in _LISTS and _has_bars(columns, rows, column))
    kept = [
        column
        for column in columns
        if column not in (identifier, title)
        and not _NO_FEATURE.search(column)
        and not _is_address(columns, rows, column)
    ]
    return FeatureMapping(
        id=identifier,
        title=title if owner == "items" else None,
        columns=tuple(kept[:MAX_FEATURE_COLUMNS]),
        lists=tuple(column for column in lists if column in kept),
    )


def _chosen_columns(mapping: FeatureMapping, columns: Sequence[str], file: str, owner: Owner) -> list[str]:
    wanted = (
        list(mapping.columns) if mapping.columns is not None else [column for column in columns if column != mapping.id]
    )
    if mapping.title is not None and mapping.title not in wanted:
        wanted.append(mapping.title)
    for column in (mapping.id, *wanted, *mapping.lists):
        if column not in columns:
            listed = ", ".join(repr(name) for name in columns[:20])
            raise DatasetError(
                f"{owner} column", f"there is no such column in {file}", value=column, accepted=f"one of {listed}"
            )
    chosen = [column for column in dict.fromkeys(wanted) if column != mapping.id]
    if len(chosen) > MAX_FEATURE_COLUMNS + 1:
        raise DatasetError(
            f"{owner} columns", "are too many", value=len(chosen), accepted=f"up to {MAX_FEATURE_COLUMNS}"
        )
    if mapping.title not in (None, "title") and "title" in chosen:
        chosen.remove("title")  # the chosen title takes this name
    return chosen


def _kind(path: Path) -> str:
    if first_bytes(path) == b"PAR1":
        return "parquet"
    bundle = Bundle(path)
    with bundle.open(bundle.only_name()) as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return "jsonl" if start.startswith(b"{") else "csv"


def _tables(path: Path, columns: list[str]) -> Iterator[tuple[Any, list[Any], list[RefusedRow]]]:
    kind = _kind(path)
    if kind == "parquet":
        yield from _parquet_tables(path, columns)
        return
    bundle = Bundle(path)
    name = bundle.only_name()
    if kind == "jsonl":
        with bundle.open(name) as stream:
            for batch in objects(stream, name):
                refused = [RefusedRow(name, *problem) for problem in batch.refused]
                yield batch.lines, [[shown_text(row.get(key)) for row in batch.objects] for key in columns], refused
        return
    with bundle.open(name) as stream:
        layout = detect_layout(stream, ReadOptions())
    with bundle.open(name) as stream:
        for chunk in read_text(stream, name, layout.dialect, layout.columns, columns):
            yield chunk.line, [column.to_pylist() for column in chunk.fields], chunk.refused


def _parquet_tables(path: Path, columns: list[str]) -> Iterator[tuple[Any, list[Any], list[RefusedRow]]]:
    from experiments.learning.data.readers.parquet import batches

    row = 1
    for batch in batches(path, columns):
        cells = [[shown_text(value) for value in batch.column(column).to_pylist()] for column in columns]
        yield range(row, row + batch.num_rows), cells, []
        row += batch.num_rows


def _one_row_each(table: pd.DataFrame, identifier: str, file: str) -> tuple[pd.DataFrame, list[RefusedRow]]:
    missing = table[identifier].isna() | (table[identifier] == "")
    repeated = ~missing & table.duplicated(identifier, keep="last")
    refused = [
        RefusedRow(file, int(row["__line"]), reason, " | ".join(str(cell) for cell in row.iloc[:-1])[:RAW_CHARACTERS])
        for mask, reason in (
            (missing, "identifier is missing"),
            (repeated, "identifier comes again later; the later row counts"),
        )
        for _, row in table[mask].iterrows()
    ]
    return table[~missing & ~repeated], refused


def _has_bars(columns: Sequence[str], rows: Sequence[Sequence[str]], column: str) -> bool:
    position = list(columns).index(column)
    return any(position < len(row) and "|" in row[position] for row in rows)


def _is_address(columns: Sequence[str], rows: Sequence[Sequence[str]], column: str) -> bool:
    position = list(columns).index(column)
    cells = [row[position] for row in rows[:50] if position < len(row) and row[position]]
    return bool(cells) and all(cell.startswith(("http://", "https://")) for cell in cells)
