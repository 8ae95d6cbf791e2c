"""Files become tables: roles are guessed and checked, each bad row is refused by its line, good ones are typed."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.readers.options import ReadOptions
from experiments.learning.data.tables.describe import describe, describe_columns
from experiments.learning.data.tables.findings import findings
from experiments.learning.data.tables.load import load
from experiments.learning.data.tables.options import TableOptions
from experiments.learning.data.tables.reading import see
from experiments.learning.data.tables.suggest import suggest
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles

FORECASTING, PRICING = Family.FORECASTING, Family.PRICING
ACTION, PLACES = Family.NEXT_BEST_ACTION, Family.LOCATION_SCORING


def written(tmp_path, text, encoding="utf-8", name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def loaded(path, family, **options):
    return load(path, TableOptions(family=family, **options))


def refused(table) -> dict[int, str]:
    return dict(zip(table.refused["line"], table.refused["reason"], strict=True))


def test_each_role_refuses_what_it_cannot_be(tmp_path):
    rows = ["price,qty,product,day", "2.5,3,a,2024-01-01", "0,3,a,2024-01-02", "-1,3,a,2024-01-02", "x,3,a,2024-01-02"]
    rows += [",3,a,2024-01-02", "inf,3,a,2024-01-02", "2,-1,a,2024-01-02", "2,many,a,2024-01-02", "2,3,,2024-01-02"]
    rows += ["2,3,a,2024-13-01", "2,3,a,1799-01-01", "2,3,a", "", "2.0,0,b,2024-01-03"]
    table = loaded(written(tmp_path, "\n".join(rows) + "\n"), PRICING)
    assert refused(table) == {
        3: "price is not above 0",
        4: "price is not above 0",
        5: "price is not a number",
        6: "price is missing",
        7: "price is infinite or beyond 1,000,000,000,000",
        8: "qty is below 0",
        9: "qty is not a number",
        10: "product is missing",
        11: "day is not a time between 1900 and 2100",
        12: "day is not a time between 1900 and 2100",
        13: "3 columns instead of 4",
    }
    assert table.frame["price"].tolist() == [2.5, 2.0]
    report = table.report
    assert (report.rows_read, report.rows_kept, report.rows_refused, report.blank_lines) == (13, 2, 11, 1)
    assert table.refused.set_index("line").loc[9, "raw"] == "2,many,a,2024-01-02"


def test_places_off_the_earth_and_actions_without_an_outcome_are_refused(tmp_path):
    places = "lat,lon,sales\n91,0,1\n-90,180,2\n0,181,3\n50,8,\n"
    assert refused(loaded(written(tmp_path, places), PLACES)) == {
        2: "lat is outside -90 to 90",
        4: "lon is outside -180 to 180",
        5: "sales is missing",
    }
    contacts = "action,converted,age\ncall,1,30\nnone,0,\nnone,yes,40\n,1,50\ncall,2,60\ncall,,20\nnone,False,x\n"
    table = loaded(written(tmp_path, contacts), ACTION)
    assert refused(table) == {
        5: "action is missing",
        6: "converted is neither 0 nor 1",
        7: "converted is neither 0 nor 1",
        8: "age is not a number",
    }
    assert table.frame["converted"].tolist() == [1.0, 0.0, 1.0]
    assert np.isnan(table.frame["age"].iloc[1]), "a feature may be missing"


def test_a_series_has_one_row_a_day_and_the_first_counts(tmp_path):
    rows = "day,shop,sales\n2024-01-01,a,1\n2024-01-01 18:00,a,2\n2024-01-01,b,3\n2024-01-02,a,4\n2024-01-01,b,5\n"
    table = loaded(written(tmp_path, rows), FORECASTING)
    assert table.frame["sales"].tolist() == [1.0, 3.0, 4.0]
    assert refused(table) == dict.fromkeys((3, 6), "another row of the same series and day came first")
    assert table.refused["raw"].tolist()[1].endswith("first: line 4")


@pytest.mark.parametrize(
    ("cells", "options", "first"),
    [
        (["31.12.2023", "01.01.2024"], {}, "2023-12-31"),
        (["12/31/2023", "1/1/2024"], {}, "2023-12-31"),
        (["1/2/2024", "1/3/2024"], {}, "2024-02-01"),
        (["1/2/2024", "1/3/2024"], {"time_format": "month_first"}, "2024-01-02"),
        (["20231231", "20240101"], {}, "2023-12-31"),
        (["2023-12-31T23:30:00-02:00", "2024-01-03"], {}, "2024-01-01"),
        (["1703980800", "1704067200"], {}, "2023-12-31"),
        (["1703980800000", "1704067200000"], {}, "2023-12-31"),
    ],
)
def test_days_are_read_as_people_write_them(tmp_path, cells, options, first):
    path = written(tmp_path, "date,sales\n" + "".join(f"{cell},{n}\n" for n, cell in enumerate(cells)))
    table = loaded(path, FORECASTING, **options)
    assert not len(table.refused)
    assert f"{table.frame['date'].min():%Y-%m-%d}" == first


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_is_read_in_its_encoding_with_its_separator(tmp_path, encoding, separator):
    text = "price,quantity,product\n1.5,2,Käse\n2.5,1,Müsli\n".replace(",", separator)
    table = loaded(written(tmp_path, text, encoding), PRICING)
    assert table.frame["product"].tolist() == ["Käse", "Müsli"]
    assert table.frame["price"].tolist() == [1.5, 2.5]


def test_parquet_and_json_lines_say_the_same_as_text(tmp_path):
    frame = pd.DataFrame(
        {
            "price": [1.5, 2.5, -1.0],
            "quantity": [2, 0, 1],
            "product": ["a", "b", "c"],
            "day": pd.date_range("2024-01-01", periods=3),
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    rows = frame.assign(day=frame["day"].astype(str)).to_dict("records")
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + "no json\n")
    frame.to_csv(tmp_path / "t.csv", index=False)
    tables = [loaded(tmp_path / f"t.{ending}", PRICING) for ending in ("parquet", "jsonl", "csv")]
    for table in tables:
        pd.testing.assert_frame_equal(table.frame, tables[0].frame)
        assert "price is not above 0" in refused(table).values()
    assert refused(tables[1])[4].startswith("not valid JSON")


def test_roles_are_proposed_from_names_and_values(tmp_path):
    contacts = "Customer_ID;Contacted At;Channel;Converted;Age;Segment;Note\n" + "".join(
        f"c{n};2024-01-{1 + n % 28:02d};{['No action', 'mail'][n % 2]};{n % 2};{20 + n};{'ab'[n % 2]};free text {n}\n"
        for n in range(80)
    )
    found = suggest(see(written(tmp_path, contacts), ReadOptions()), ACTION).roles
    assert (found.action, found.outcome, found.unit, found.time) == (
        "Channel",
        "Converted",
        "Customer_ID",
        "Contacted At",
    )
    assert (found.control, found.numeric, found.categorical) == ("No action", ("Age",), ("Segment",))
    sales = "ds,shop,y,promo,customers\n2024-01-01,a,3,1,50\n2024-01-02,a,4,0,60\n"
    roles = suggest(see(written(tmp_path, sales), ReadOptions()), FORECASTING).roles
    assert (roles.time, roles.target, roles.series, roles.numeric) == ("ds", "y", ("shop",), ("promo",))


@pytest.mark.parametrize(
    ("family", "roles", "reason"),
    [
        (FORECASTING, Roles(time="day"), "role target: has no column"),
        (FORECASTING, Roles(time="day", target="sales", price="price"), "forecasting has no such role"),
        (FORECASTING, Roles(time="day", target="nothing"), "there is no column 'nothing'; accepted: 'day'"),
        (PRICING, Roles(price="price", quantity="price"), "'price' is price already"),
        (PLACES, Roles(), "role latitude: has no column"),
        (ACTION, Roles(outcome="sales"), "role action: has no column"),
    ],
)
def test_roles_that_do_not_fit_are_named(tmp_path, family, roles, reason):
    path = written(tmp_path, "day,sales,price\n2024-01-01,3,2\n2024-01-02,3,2\n")
    with pytest.raises(DatasetError, match=reason):
        loaded(path, family, roles=roles)


@pytest.mark.parametrize("text", ["", "day,sales\n", "day\n2024-01-01\n", "day,sales\nx,y\n"])
def test_a_file_without_a_table_or_a_good_row_is_refused(tmp_path, text):
    with pytest.raises(DatasetError, match="Accepted"):
        loaded(written(tmp_path, text), FORECASTING, roles=Roles(time="day", target="sales"))


def test_what_a_table_holds_is_counted(tmp_path):
    frame = pd.DataFrame(
        {
            "k": ["a", "a", None, "b"],
            "x": [1.0, np.nan, 3.0, 8.0],
            "day": pd.date_range("2024-01-01", periods=4, tz="UTC"),
        }
    )
    roles = Roles(time="day", target="x", categorical=("k",))
    columns = {column["name"]: column for column in describe_columns(frame, roles)}
    assert columns["k"] == {
        "name": "k",
        "type": "text",
        "role": "categorical",
        "missing": 1,
        "distinct": 2,
        "minimum": None,
        "maximum": None,
    }
    assert (columns["x"]["minimum"], columns["x"]["maximum"], columns["x"]["missing"]) == (1.0, 8.0, 1)
    assert columns["day"]["maximum"] == "2024-01-04T00:00:00Z"
    described = describe(frame, roles, FORECASTING)
    assert json.loads(json.dumps(described)) == described
    kinds = next(each for each in described["distributions"] if each["name"] == "k")
    assert kinds["values"] == [{"value": "a", "count": 2}, {"value": "b", "count": 1}]
    assert sum(bucket["count"] for bucket in described["activity"]) == 4


def codes(frame, roles, family):
    return {finding["code"] for finding in findings(frame, roles, family)}


def test_what_stands_out_is_said():
    days = pd.date_range("2024-01-01", periods=80, tz="UTC").delete([10, 11])
    frame = pd.DataFrame({"day": days, "y": np.arange(78.0), "flat": 1.0, "twin": np.arange(78.0) * 2, "gap": np.nan})
    roles = Roles(time="day", target="y", numeric=("flat", "twin", "gap"))
    assert {"time_gaps", "constant_column", "leak", "missing_values", "small"} <= codes(frame, roles, FORECASTING)
    contacts = pd.DataFrame({"a": ["call"] * 300, "y": [0.0] * 300})
    assert {"one_action", "constant_outcome"} <= codes(contacts, Roles(action="a", outcome="y"), ACTION)
    contacts = pd.DataFrame({"a": ["call", "mail"] * 150, "y": [0.0, 1.0, 1.0] * 100})
    assert "no_control" in codes(contacts, Roles(action="a", outcome="y"), ACTION)
    sales = pd.DataFrame({"p": [2.0] * 300, "q": [1.0, 2.0] * 150})
    assert "constant_price" in codes(sales, Roles(price="p", quantity="q"), PRICING)
    places = pd.DataFrame({"lat": [0.0] * 300, "lon": [0.0] * 300, "y": np.arange(300.0)})
    found = codes(places, Roles(latitude="lat", longitude="lon", target="y"), PLACES)
    assert {"same_place", "null_island", "few_places"} <= found
