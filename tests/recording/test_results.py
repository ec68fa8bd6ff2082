"""Results and their comparison."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestrator.errors import ResultError
from orchestrator.recording.results import Results


def _results(times: np.ndarray, **series: np.ndarray) -> Results:
    columns = {"time": times, **{name.replace("__", "."): values for name, values in series.items()}}
    return Results.of_table(pa.table(columns))


def _wave(n: int, error: float = 0.0) -> Results:
    times = np.linspace(0.0, 2.0 * np.pi, n + 1)
    return _results(times, a__y=np.sin(times) + error, a__on=times > 1.0)


def test_an_unknown_variable_is_answered_with_the_nearest() -> None:
    results = _results(np.arange(2.0), **{"reactor__S[1]": np.zeros(2), "reactor__S[2]": np.ones(2)})
    with pytest.raises(ResultError, match=r"'reactor\.S\[3\]' was not recorded; did you mean 'reactor\.S\["):
        _ = results["reactor.S[3]"]
    with pytest.raises(ResultError, match=r"'reactor\.S' is an array\. Use results\.array\('reactor\.S'\)"):
        _ = results["reactor.S"]
    with pytest.raises(ResultError, match=r"'reactor\.T' was not recorded"):
        results.array("reactor.T")


def test_elements_of_an_array_stand_in_their_order() -> None:
    series = {f"r__S[{k}]": np.full(3, float(k)) for k in range(1, 12)}
    np.testing.assert_array_equal(_results(np.arange(3.0), **series).array("r.S"), [np.arange(1.0, 12.0)] * 3)


def test_values_at_a_time_are_those_of_the_last_communication_point() -> None:
    results = _results(0.1 * np.arange(11), a__y=np.arange(11.0), a__on=np.arange(11) > 4)
    assert results.at(0.3) == {"a.y": 3.0, "a.on": False}
    assert results.at(0.59)["a.y"] == 5.0
    assert results.at(1.0) == {"a.y": 10.0, "a.on": True}
    for outside in (-0.1, 1.1):
        with pytest.raises(ResultError, match="lies outside the record"):
            results.at(outside)


def test_the_deviation_of_a_constant_error_is_that_error_over_the_range() -> None:
    comparison = _wave(400, error=0.01).compare(_wave(400))
    assert comparison.common_times == 401
    deviation = comparison.of("a.y")
    assert deviation.max_abs == pytest.approx(0.01, rel=1e-12)
    assert deviation.nrmse == pytest.approx(0.005, rel=1e-3)
    assert comparison.of("a.on").max_abs == 0.0
    assert comparison.worst.name == "a.y"


def test_results_of_different_step_sizes_are_compared_at_common_times() -> None:
    comparison = _wave(100).compare(_wave(300))
    assert comparison.common_times == 101
    assert comparison.of("a.y").max_abs < 1e-12


def test_results_with_nothing_in_common_are_not_compared() -> None:
    other = _results(np.arange(3.0), b__y=np.zeros(3))
    with pytest.raises(ResultError, match="no number is recorded in both"):
        _wave(10).compare(other)
    shifted = _results(np.array([0.123, 0.456]), a__y=np.zeros(2))
    with pytest.raises(ResultError, match="no communication point lies in both"):
        _wave(10).compare(shifted)
    with pytest.raises(ResultError, match=r"'a\.z' is not in both"):
        _wave(10).compare(_wave(10)).of("a.z")


def test_a_constant_reference_has_no_range_to_normalise_by() -> None:
    constant, other = _results(np.arange(2.0), a__y=np.ones(2)), _results(np.arange(2.0), a__y=np.array([1.0, 2.0]))
    assert constant.compare(constant).of("a.y").nrmse == 0.0
    assert other.compare(constant).of("a.y").nrmse == float("inf")


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="there is no such file"):
        Results.load(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(ResultError, match="not a readable Parquet file"):
        Results.load(tmp_path / "text.parquet")


@pytest.mark.parametrize(
    ("columns", "names", "problem"),
    [
        ([[0.0], [[1.0]]], ["time", "a.y"], r"column 'a\.y' holds neither numbers nor text nor bytes"),
        ([["a"], [0.0]], ["time", "a.y"], "column 'time' that holds no numbers"),
        ([[0.0], [1.0], [2.0]], ["time", "a.y", "a.y"], "two columns of the same name"),
        ([[0.0]], ["a.y"], "has no column 'time'"),
    ],
)
def test_tables_of_other_programs_are_refused(
    columns: list[Any], names: list[str], problem: str, tmp_path: Path
) -> None:
    pq.write_table(pa.table([pa.array(column) for column in columns], names=names), tmp_path / "other.parquet")
    with pytest.raises(ResultError, match=problem):
        Results.load(tmp_path / "other.parquet")


def test_damaged_values_and_events_are_named(tmp_path: Path) -> None:
    path = tmp_path / "run.parquet"
    pq.write_table(pa.table({"time": np.arange(9.0), "a.y": np.ones(9)}), path)
    intact = path.read_bytes()
    path.write_bytes(intact[:4] + bytes(60) + intact[64:])
    with pytest.raises(ResultError, match=r"run\.parquet: damaged"):
        _ = Results.load(path).times
    path.write_bytes(intact)
    (tmp_path / "run.events.parquet").write_text("text")
    with pytest.raises(ResultError, match=r"run\.events\.parquet: not readable as events"):
        Results.load(path)


def test_values_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        _wave(3)["a.y"][0] = 1.0


def test_pandas_gets_a_frame_over_time() -> None:
    pandas = pytest.importorskip("pandas")
    frame = _wave(3).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == ["a.y", "a.on"]
    assert frame.index.name == "time"
