"""CSV: separators, encodings, headers, quotes and line ends are recognised, and every row is accounted for."""

from __future__ import annotations

import gzip
import zipfile

import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.imports import load
from experiments.learning.data.readers import registry, text
from experiments.learning.data.readers.options import ColumnMapping, ReadOptions
from experiments.tests.data.builders import as_rows, write

HEADER = ["user_id", "item_id", "rating", "timestamp"]
ROWS = [
    ["ann", "café", "4", "1000"],
    ["ann", "tea", "2", "2000"],
    ["bob", "café", "5", "3000"],
    ["bob", "naïve", "1", "4000"],
]
EXPECTED = {(user, item, float(value), int(time), None) for user, item, value, time in ROWS}


def lines(separator: str, end: str = "\n", header: bool = True) -> str:
    rows = [HEADER, *ROWS] if header else ROWS
    return end.join(separator.join(row) for row in rows) + end


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_layout_reads_the_same(tmp_path, separator, encoding, end):
    path = write(tmp_path, "ratings.csv", lines(separator, end).encode(encoding))
    detected = registry.detect(path)
    assert (detected.separator, detected.has_header, detected.columns) == (separator, True, tuple(HEADER))
    result = load({"interactions": path})
    assert as_rows(result.interactions) == EXPECTED
    assert result.report.rows_refused == 0


def test_without_header_columns_go_by_position(tmp_path):
    path = write(tmp_path, "u.data", lines("\t", header=False).replace("1000", "881250949").replace("café", "coffee"))
    detected = registry.detect(path)
    assert detected.has_header is False
    assert detected.columns == ("column 1", "column 2", "column 3", "column 4")
    assert detected.mapping is not None
    assert (detected.mapping.user, detected.mapping.item, detected.mapping.value) == (
        "column 1",
        "column 2",
        "column 3",
    )
    assert len(load({"interactions": path}).interactions) == 4


def test_quoted_fields_keep_separators_quotes_and_line_ends(tmp_path):
    content = 'user,item,rating\n"Smith, A.","The ""Best"" of\nTwo lines",4\nbob,"plain",2\n'
    result = load({"interactions": write(tmp_path, "a.csv", content)})
    assert as_rows(result.interactions) == {
        ("Smith, A.", 'The "Best" of\nTwo lines', 4.0, None, None),
        ("bob", "plain", 2.0, None, None),
    }


def test_an_unclosed_quote_costs_one_line_only(tmp_path):
    good = "".join(f"u{j},i{j},3\n" for j in range(250))
    path = write(tmp_path, "a.csv", f'user,item,rating\nann,"never closed,4\n{good}')
    result = load({"interactions": path})
    assert len(result.interactions) == 250
    refused = result.refused.to_dict("records")
    assert refused == [
        {
            "kind": "refused",
            "file": "a.csv",
            "line": 2,
            "reason": "a quotation mark is never closed",
            "raw": 'ann,"never closed,4',
        }
    ]


def test_bad_rows_are_listed_with_line_reason_and_text(tmp_path):
    content = (
        "user,item,rating,timestamp\n"
        "ann,x,4,1000\n"
        "ann,y,four,1000\n"
        ",x,3,1000\n"
        "bob,x\n"
        "\n"
        "bob,x,9,1000\n"
        "bob,y,nan,1000\n"
        "bob,z,inf,1000\n"
        "bob,w,3,-5\n"
        "bob,v,3,99999999999999999999\n"
        "bob,u,3,yesterday\n"
        "bob,y,2,2000\n"
    )
    mapping = ColumnMapping(
        user="user", item="item", value="rating", timestamp="timestamp", scale=(1, 5), timestamp_format="unix_s"
    )
    result = load({"interactions": write(tmp_path, "a.csv", content)}, options=ReadOptions(mapping=mapping))
    found = {(row.line, row.reason, row.raw) for row in result.refused.itertuples()}
    assert found == {
        (3, "value is not a number", "ann,y,four,1000"),
        (4, "user is missing", ",x,3,1000"),
        (5, "2 columns instead of 4", "bob,x"),
        (7, "rating is outside the scale 1 to 5", "bob,x,9,1000"),
        (8, "value is not a number", "bob,y,nan,1000"),
        (9, "value is infinite", "bob,z,inf,1000"),
        (10, "time is before 1970", "bob,w,3,-5"),
        (11, "time is after 2100", "bob,v,3,99999999999999999999"),
        (12, "time is neither a number of seconds nor an ISO 8601 time", "bob,u,3,yesterday"),
    }
    assert (result.report.rows_read, result.report.rows_kept, result.report.rows_refused) == (11, 2, 9)
    assert result.report.blank_lines == 1


def test_undecodable_bytes_are_refused_by_line(tmp_path):
    path = write(tmp_path, "a.csv", b"user,item,rating\nann,x,4\nbob,\xff\xfe,3\nbob,y,2\n")
    result = load({"interactions": path}, options=ReadOptions(encoding="utf-8"))
    assert len(result.interactions) == 2
    assert [(row.line, row.reason) for row in result.refused.itertuples()] == [(3, "bytes that are not utf-8")]


def test_line_numbers_hold_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(text, "BLOCK_BYTES", 64)
    rows = [f"u{j},i{j},{'x' if j % 10 == 3 else 3}" for j in range(100)]
    rows[50] = 'u50,"i\n50",3'
    result = load({"interactions": write(tmp_path, "a.csv", "\n".join(["user,item,rating", *rows]))})
    assert len(result.interactions) == 90
    # Row j stands in line j + 2, and one line later from row 51 on, as row 50 takes two lines.
    assert result.refused["line"].tolist() == [j + 2 + (j > 50) for j in range(3, 100, 10)]
    assert ("u50", "i\n50", 3.0, None, None) in as_rows(result.interactions)


def test_a_byte_order_mark_within_the_file_belongs_to_its_field(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating\n\ufeffann,x,4\nann,y,2\n")
    assert {row[0] for row in as_rows(load({"interactions": path}).interactions)} == {"\ufeffann", "ann"}


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["1000000000", "1000000001"], [1_000_000_000, 1_000_000_001]),
        (["1600000000123", "1600000001123"], [1_600_000_000, 1_600_000_001]),
        (["2020-01-01T00:00:00Z", "2020-01-01T02:00:00+02:00"], [1_577_836_800, 1_577_836_800]),
        (["2020-01-01", "2020-01-02 00:00:00"], [1_577_836_800, 1_577_923_200]),
    ],
)
def test_times_in_seconds_milliseconds_and_iso(tmp_path, times, expected):
    content = f"user,item,rating,time\na,x,1,{times[0]}\nb,y,2,{times[1]}\n"
    assert load({"interactions": write(tmp_path, "a.csv", content)}).interactions.timestamp.tolist() == expected


def test_decimal_comma(tmp_path):
    path = write(tmp_path, "a.csv", "user;item;rating\na;x;3,5\nb;y;4,0\n")
    assert registry.detect(path).mapping.decimal == ","
    assert sorted(load({"interactions": path}).interactions.value.tolist()) == [3.5, 4.0]


@pytest.mark.parametrize(
    ("column", "values", "feedback"),
    [
        ("rating", "12345", "explicit"),
        ("score", "12345", "explicit"),
        ("hours", "12345", "implicit"),
        ("purchase", "11111", "implicit"),
    ],
)
def test_feedback_is_guessed_from_name_and_values(tmp_path, column, values, feedback):
    content = f"user,item,{column}\n" + "".join(f"u{j},i{j},{v}\n" for j, v in enumerate(values))
    assert registry.detect(write(tmp_path, "a.csv", content)).feedback == feedback


def test_gzip_and_zip_of_one_file_read_as_the_file(tmp_path):
    plain = lines(",").encode()
    packed = write(tmp_path, "ratings.csv.gz", gzip.compress(plain))
    archive = tmp_path / "ratings.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("inner/ratings.csv", plain)
    for path in (packed, archive):
        assert registry.sniff(path) == "csv"
        assert as_rows(load({"interactions": path}).interactions) == EXPECTED


def test_two_files_become_train_and_test(tmp_path):
    train, test = (
        write(tmp_path, "train.csv", "user,item,rating\na,x,1\nb,y,2\n"),
        write(tmp_path, "test.csv", "user,item,rating\na,y,3\n"),
    )
    result = load({"interactions": train, "test": test})
    assert as_rows(result.interactions) == {
        ("a", "x", 1.0, None, 0),
        ("b", "y", 2.0, None, 0),
        ("a", "y", 3.0, None, 1),
    }


def test_a_part_column_divides_the_data(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating,fold\na,x,1,train\nb,y,2,TEST\nb,x,3,?\na,y,4,0\n")
    mapping = ColumnMapping(user="user", item="item", value="rating", part="fold")
    result = load({"interactions": path}, options=ReadOptions(mapping=mapping))
    assert {row[4] for row in as_rows(result.interactions)} == {0, 1}
    assert result.report.reasons == {"part is neither train nor test": 1}


@pytest.mark.parametrize(
    ("content", "field", "words"),
    [
        (b"", "file", "is empty"),
        (b"user,item,rating\n", "file", "holds no rows"),
        (b"user,item,rating\na,x,1\na,y,2\n", "user column", "one user only"),
        (b"user,item,rating\na,x,1\nb,x,2\n", "item column", "one item only"),
        (b"user,item,rating\na,x,bad\nb,y,worse\n", "rows", "all 2 were refused"),
        (b"\x00\x01\x02\x03\x00" * 100, "file", "not text"),
        (b"onlycolumn\na\nb\n", "separator", "only one column"),
    ],
)
def test_data_of_no_use_is_refused_with_a_reason(tmp_path, content, field, words):
    with pytest.raises(DatasetError) as caught:
        load({"interactions": write(tmp_path, "a.csv", content)})
    assert caught.value.field == field
    assert words in str(caught.value)
    assert "Accepted:" in str(caught.value)


def test_a_missing_column_is_named_with_those_that_exist(tmp_path):
    path = write(tmp_path, "a.csv", "user,item,rating\na,x,1\nb,y,2\n")
    mapping = ColumnMapping(user="who", item="item", value="rating")
    with pytest.raises(DatasetError, match=r"user column.*who.*'user', 'item', 'rating'"):
        load({"interactions": path}, options=ReadOptions(mapping=mapping))
