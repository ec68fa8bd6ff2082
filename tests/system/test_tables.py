import numpy as np
import pytest

from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Storage
from orchestrator.system.tables import read_table


def table(folder, text, name="u.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return read_table(folder / name)


def test_header_units_times_and_cells_are_read(tmp_path):
    read = table(tmp_path, "# a comment\ntime [min], S [g/L], on, S[2]\n0, 1.5, true, 3\n\n2, -1e-3, 0, 4\n")
    assert read.times.tolist() == [0.0, 120.0]
    assert [(column.name, column.unit) for column in read.columns] == [("S", "g/L"), ("on", None), ("S[2]", None)]
    assert read.values(read.columns[0], Storage.FLOAT64).tolist() == [1.5, -1e-3]
    assert read.values(read.columns[1], Storage.BOOLEAN).tolist() == [True, False]
    assert read.values(read.columns[2], Storage.INT64).tolist() == [3, 4]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_separate_cells(tmp_path, separator):
    text = "\n".join(separator.join(row) for row in (("time", "a", "b"), ("0", "1", "x y"), ("1", "2", "z")))
    read = table(tmp_path, text)
    assert read.columns[1].cells == ("x y", "z")


def test_bytes_are_hexadecimal_digits_or_base64(tmp_path):
    read = table(tmp_path, "time,b\n0,00ff\n1,base64:AP8=\n2,\n")
    assert read.values(read.columns[0], Storage.BINARY).tolist() == [b"\0\xff", b"\0\xff", b""]


def test_an_element_of_a_matrix_is_quoted_between_commas(tmp_path):
    read = table(tmp_path, 'time,"M[1,2] [g/L]",S[3] [m]\n0,1,2\n')
    assert [(column.name, column.unit) for column in read.columns] == [("M[1,2]", "g/L"), ("S[3]", "m")]


def test_large_integers_keep_every_digit(tmp_path):
    read = table(tmp_path, f"time,n\n0,{2**63 - 1}\n")
    assert read.values(read.columns[0], Storage.INT64).tolist() == [2**63 - 1]
    assert read.values(read.columns[0], Storage.UINT64).dtype == np.uint64


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path):
    (tmp_path / "u.csv").write_bytes(b"\xef\xbb\xbftime,u\n0,1\n")
    assert read_table(tmp_path / "u.csv").columns[0].name == "u"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begin the header with 'time'"),
        ("t,u\n0,1\n", "the first column is 't'"),
        ("time,u\n", "no row below the header"),
        ("time\n0\n", "no column beside the time"),
        ("time,u\n0,1\n2,1\n1,1\n", ":4: the time 1 lies before"),
        ("time,u\n0,1\n0,1\n0,1\n", ":4: a third row at the time 0"),
        ("time,u\n0,1,5\n", ":2: 3 cells under 2 columns. Are there decimal commas"),
        ("time;u\n0,5;1\n", ":2: the time '0,5' is no number; write it with a decimal point, 0.5"),
        ("time,u\n0\n", ":2: 1 cells under 2 columns"),
        ("time,u,u\n0,1,2\n", "'u' appears twice"),
        ("time,u,\n0,1,2\n", "a column has no name"),
        ("time [weeks],u\n0,1\n", "the time is in 'weeks'"),
        ("time,u\nnan,1\n", "no number"),
        ('time,u\n0,"1\n', "is no table"),
    ],
)
def test_what_is_wrong_with_a_table_is_told_with_its_line(tmp_path, text, said):
    with pytest.raises(DescriptionError) as refused:
        table(tmp_path, text)
    assert said in str(refused.value)
    assert "u.csv" in str(refused.value)


@pytest.mark.parametrize(
    ("cell", "storage", "said"),
    [
        ("1,5", Storage.FLOAT64, "write it with a decimal point, 1.5"),
        ("", Storage.FLOAT64, "give a value in every row"),
        ("inf", Storage.FLOAT64, "no float64"),
        ("1_0", Storage.INT64, "no int64"),
        ("1.5", Storage.INT64, "no int64"),
        ("-1", Storage.UINT64, "no uint64"),
        ("yes", Storage.BOOLEAN, "no boolean"),
        ("0g", Storage.BINARY, "'0g' is no binary value; write hexadecimal digits, 00ff, or base64 behind 'base64:'"),
        ("123", Storage.BINARY, "no binary value"),
    ],
)
def test_a_cell_that_does_not_fit_is_told_with_line_column_and_hint(tmp_path, cell, storage, said):
    read = table(tmp_path, f"time;u\n0;{cell}\n")
    with pytest.raises(DescriptionError) as refused:
        read.values(read.columns[0], storage)
    assert said in str(refused.value)
    assert "column 'u'" in str(refused.value)


def test_enumerations_are_given_by_number_or_by_name(tmp_path):
    read = table(tmp_path, "time,mode\n0,idle\n1,7\n2,2\n")
    items = ((1, "idle"), (7, "run"))
    with pytest.raises(DescriptionError, match=r"u\.csv:4: column 'mode': '2' .* use one of 1 \(idle\), 7 \(run\)"):
        read.values(read.columns[0], Storage.INT64, items)
    read = table(tmp_path, "time,mode\n0,idle\n1,7\n2,run\n")
    assert read.values(read.columns[0], Storage.INT64, items).tolist() == [1, 7, 7]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DescriptionError, match=r"nothing\.csv: cannot be read"):
        read_table(tmp_path / "nothing.csv")
