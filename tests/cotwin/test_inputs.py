"""Inputs from tables, against exact integrals: dx/dt = u, so that x is the integral of what the FMU was given."""

import math
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cotwin
from cotwin.cli import app
from cotwin.preparation import Overrides, prepare
from cotwin.validation import validated
from fmus.build import build
from orchestrator.errors import DescriptionError
from tests.integral import integral
from tests.kit.build import kit_fmu


@pytest.fixture(scope="module")
def fmu(tmp_path_factory):
    return build(integral(), tmp_path_factory.mktemp("integral")).fmi3


def final(fmu, folder, text, *, step, stop=2.0, algorithm="gauss_seidel"):
    (folder / "u.csv").write_text(text)
    description = prepare(fmu, Overrides(stop, step, (), [str(folder / "u.csv")]))
    with cotwin.open_simulation(description.model_copy(update={"algorithm": algorithm})) as simulation:
        return simulation.run()


RAMP = "time,u\n0,0\n2,2\n"
JUMPS = "time,u\n0,1\n0.5,1\n0.5,4\n1.3,4\n1.3,-1\n2,-1\n"


@pytest.mark.parametrize(("algorithm", "sign"), [("gauss_seidel", 1.0), ("jacobi", -1.0)])
@pytest.mark.parametrize("h", [0.1, 0.05])
def test_a_ramp_is_the_right_sum_with_gauss_seidel_and_the_left_with_jacobi(fmu, tmp_path, algorithm, sign, h):
    results = final(fmu, tmp_path, RAMP, step=h, algorithm=algorithm)
    exact = 2.0  # the integral of t from 0 to 2
    assert results["integral.x"][-1] == pytest.approx(exact + sign * h * 2.0 / 2.0, rel=1e-9)


@pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])
@pytest.mark.parametrize("h", [0.1, 0.25, 0.7])
def test_jumps_are_met_exactly_whether_or_not_the_grid_meets_them(fmu, tmp_path, algorithm, h):
    results = final(fmu, tmp_path, JUMPS, step=h, algorithm=algorithm)
    assert results["integral.x"][-1] == pytest.approx(0.5 * 1.0 + 0.8 * 4.0 - 0.7 * 1.0, rel=1e-9)


def test_the_record_has_the_table_at_its_own_times_and_outputs_that_fit(fmu, tmp_path):
    results = final(fmu, tmp_path, RAMP, step=0.25)
    assert results["inputs.u"] == pytest.approx(results.times)
    assert results["integral.y"] == pytest.approx(2.0 * results.times), "direct feedthrough without delay"


def test_a_table_holds_its_first_and_its_last_value_outside_of_its_times(fmu, tmp_path):
    results = final(fmu, tmp_path, "time,u\n0.5,3\n1,3\n", step=0.1)
    assert results["integral.x"][-1] == pytest.approx(6.0, rel=1e-9)


def test_units_in_the_header_are_converted(fmu, tmp_path):
    results = final(fmu, tmp_path, "time [min],u [L/min]\n0,60\n1,60\n", step=0.5)
    assert results["integral.x"][-1] == pytest.approx(2.0 * 60.0 * 1e-3 / 60.0, rel=1e-9)


def test_a_table_is_a_component_of_a_system_and_is_validated_and_explained(fmu, tmp_path):
    (tmp_path / "u.csv").write_text(RAMP)
    path = tmp_path / "fed.yaml"
    path.write_text(
        f"name: fed\ncomponents: {{tank: {{source: {fmu}}}, table: {{source: u.csv}}}}\n"
        "connections: [table.u -> tank.u]\nexperiment: {stop: 2.0}\nstep_size: 0.5\n"
    )
    assert validated(path) == []
    assert "table" in CliRunner().invoke(app, ["explain", str(path)]).stdout
    with cotwin.open_simulation(path) as simulation:
        assert simulation.run()["tank.x"][-1] == pytest.approx(2.5, rel=1e-9)


def test_a_table_feeds_the_component_that_is_named_on_the_command_line(fmu, toys, tmp_path):
    (tmp_path / "u.csv").write_text("time,u\n0,2\n")
    done = CliRunner().invoke(
        app, ["run", str(toys.system), "--input", f"first={tmp_path / 'u.csv'}", "-o", str(tmp_path)]
    )
    assert done.exit_code == 0, done.output
    results = cotwin.load_results(tmp_path / "results.parquet")
    assert results["first.x"][-1] == pytest.approx(2.0 * (1.0 - math.exp(-4.0)), rel=1e-4)


@pytest.mark.parametrize(
    ("inputs", "text", "said"),
    [
        ("{}", "time,uu\n0,1\n", "column 'uu': 'integral' has no such input; did you mean 'u'"),
        ("{}", "time,x\n0,1\n", "'integral.x' is no input but of causality output"),
        ("{}", "time,u\n0,a\n", "'a' is no float64 value"),
        ("{}", "time,u [m3]\n0,1\n", "'m3' (m3) does not convert to 'm3/s'"),
        ("{}", "time,u [foods]\n0,1\n", "unit 'foods'"),
        ("tank={}", "time,u\n0,1\n", "no component 'tank'"),
        ("{}.txt", "time,u\n0,1\n", "is no table"),
    ],
)
def test_wrong_tables_are_refused_by_name(fmu, tmp_path, inputs, text, said):
    (tmp_path / "u.csv").write_text(text)
    overrides = Overrides(1.0, 0.1, (), [inputs.format(tmp_path / "u.csv")])
    with pytest.raises(DescriptionError) as refused, cotwin.open_simulation(prepare(fmu, overrides)):
        pass
    assert said in str(refused.value)


def fed_kit(folder, name, *texts):
    tables = []
    for index, text in enumerate(texts):
        tables.append(folder / f"{index}.csv")
        tables[-1].write_text(text)
    fmu = shutil.copy(kit_fmu(name, "3.0", "co_simulation"), folder / f"{name}.fmu")
    description = prepare(fmu, Overrides(1.0, 0.25, (), list(map(str, tables))))
    with cotwin.open_simulation(description.model_copy(update={"record": ("*",)})) as simulation:
        return simulation.run()


def test_values_of_every_type_pass_from_a_table_through_an_fmu(tmp_path):
    text = "time,Float64_u,UInt64_u,Boolean_u,String_u,Binary_u,Enumeration_u\n"
    rows = f"0,1.5,{2**64 - 1},true,a b,00ff,1\n0.5,1.5,3,0,'q',base64:AQ==,2\n"
    results = fed_kit(tmp_path, "Feedthrough", text + rows)
    for name, first, last in (
        ("Float64_y", 1.5, 1.5),
        ("UInt64_y", 2**64 - 1, 3),
        ("Boolean_y", True, False),
        ("String_y", "a b", "'q'"),
        ("Binary_y", b"\0\xff", b"\1"),
        ("Enumeration_y", 1, 2),
    ):
        series = results[f"Feedthrough.{name}"]
        assert (series[0], series[-1]) == (first, last), name


def test_elements_of_an_array_have_columns_of_their_own_and_others_keep_their_start_value(tmp_path):
    results = fed_kit(tmp_path, "StateSpace", "time;u[2]\n0;1\n0.5;1\n0.5;4\n")
    assert results["StateSpace.u[1]"].tolist() == [0.0] * len(results)
    assert (results["StateSpace.u[2]"][0], results["StateSpace.u[2]"][-1]) == (1.0, 4.0)


def test_two_tables_feed_one_component(tmp_path):
    results = fed_kit(tmp_path, "Feedthrough", "time,Float64_u\n0,1\n", "time,Int8_u\n0,2\n")
    assert results["Feedthrough.Float64_y"][-1] == 1.0
    assert results["Feedthrough.Int8_y"][-1] == 2


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("StateSpace", "time,u\n0,1\n", "column 'u': 'StateSpace.u' is an array; give columns 'u[1]' to 'u[2]'"),
        ("Feedthrough", "time,Enumeration_u\n0,99\n", "'99' is no int64 value of the enumeration; use one of"),
        ("Feedthrough", "time,Binary_u\n0,xyz\n", "'xyz' is no binary value; write hexadecimal digits"),
    ],
)
def test_tables_that_do_not_fit_an_fmu_are_refused(tmp_path, name, text, said):
    with pytest.raises(DescriptionError) as refused:
        fed_kit(tmp_path, name, text)
    assert said in str(refused.value)


def test_a_system_with_several_components_wants_the_name_of_one(toys, tmp_path):
    with pytest.raises(DescriptionError, match=r"write component=FILE\.csv, with one of the components first, second"):
        prepare(toys.system, Overrides(inputs=["u.csv"]))


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("algorithm", ["gauss_seidel", "jacobi"])
def test_lines_and_jumps_are_integrated_exactly_by_an_fmu_that_gets_slopes(tmp_path, version, algorithm):
    (tmp_path / "u.csv").write_text("time,u\n0,0\n1,2\n1,5\n2,5\n")
    integrator = kit_fmu("Integrator", version, "co_simulation", interpolate_inputs=True)
    system = {
        "name": "slopes",
        "components": {
            "table": {"source": str(tmp_path / "u.csv")},
            "tank": {"source": str(integrator), "extrapolation": {"order": 1}},
        },
        "connections": ["table.u -> tank.u"],
        "experiment": {"stop": 2.0},
        "step_size": 0.25,
        "algorithm": algorithm,
    }
    with cotwin.open_simulation(system) as simulation:
        results = simulation.run()
    # Jacobi knows no slope in the first step: it misses h * h * slope / 2 of the integral there.
    missed = 0.0 if algorithm == "gauss_seidel" else 0.25**2
    assert results["tank.y"][-1] == pytest.approx(1.0 + 5.0 - missed, rel=1e-9)


def test_a_parquet_file_feeds_by_columns_with_units_in_metadata_or_name(fmu, tmp_path):
    schema = pa.schema([("time [min]", pa.float64()), pa.field("u", pa.int32(), metadata={"unit": "L/min"})])
    times, flows = [0.0, 0.01, 0.01, 1.0], [60, 60, 240, 240]
    pq.write_table(pa.table([times, flows], schema=schema), tmp_path / "u.parquet")
    description = prepare(fmu, Overrides(2.0, 0.25, (), [str(tmp_path / "u.parquet")]))
    with cotwin.open_simulation(description) as simulation:
        results = simulation.run()
    assert results["integral.x"][-1] == pytest.approx((0.6 * 60.0 + 1.4 * 240.0) * 1e-3 / 60.0, rel=1e-9)


def test_the_record_of_a_run_is_a_table_of_inputs(fmu, tmp_path):
    (tmp_path / "u.csv").write_text(JUMPS)
    first = prepare(fmu, Overrides(2.0, 0.25, (), [str(tmp_path / "u.csv")]))
    with cotwin.open_simulation(first, output=tmp_path / "first.parquet") as simulation:
        once = simulation.run()
    again = {
        "name": "again",
        "components": {"record": {"source": str(tmp_path / "first.parquet")}, "tank": {"source": str(fmu)}},
        "connections": ["record.inputs.u -> tank.u"],
        "experiment": {"stop": 2.0},
        "step_size": 0.25,
    }
    with cotwin.open_simulation(again) as simulation:
        assert simulation.run()["tank.x"][-1] == pytest.approx(once["integral.x"][-1], rel=1e-12)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"time": [0.0, 1.0], "u": [1.0, None]}, "has rows without a value"),
        ({"time": [1.0, 0.0], "u": [1.0, 2.0]}, "row 2: the time 0.0 lies before that of the row above"),
        ({"t": [0.0], "u": [1.0]}, "begin the header with 'time'"),
        ({"time": [0.0], "u": [[1.0]]}, "give numbers, Booleans, text or bytes"),
        (None, "cannot be read as Parquet"),
    ],
)
def test_wrong_parquet_files_are_refused(fmu, tmp_path, columns, said):
    path = tmp_path / "u.parquet"
    path.write_bytes(b"PAR1") if columns is None else pq.write_table(pa.table(columns), path)
    with pytest.raises(DescriptionError) as refused:
        prepare(fmu, Overrides(1.0, 0.1, (), [str(path)]))
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
