"""Intervals and shifts of clocks that are no times, or by which time does not advance: refused by name, at once."""

import shutil
from fractions import Fraction

import pytest

from orchestrator.errors import InitializationError, ModelDescriptionError, StepError
from orchestrator.fmi.clocks import read_clocks, stands_still
from orchestrator.fmi.opening import open_component
from orchestrator.system.description import Component
from tests.fmi.clock_fmus import neuron_fmu, rates_fmu
from tests.fmi.test_clock_intervals import opened
from tests.fmi.toys import altered

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

KINDS = {"rates": rates_fmu, "neuron": neuron_fmu}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clocks")
    return {name: build(folder) for name, build in KINDS.items()}


@pytest.mark.parametrize("model", KINDS)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1e-300", r"an interval of 1e-300 s, by which time as a floating-point number in s does not advance"),
        ("1e-16", r"an interval of 1e-16 s, by which time"),
        ("1e400", r"its intervalDecimal: '1e400' is beyond the largest float\. It has to be a number of seconds"),
        ("1e999999999", r"its intervalDecimal: '1e999999999' is beyond the largest float"),
        ("1e-999999999", r"an interval of 0 s"),
        ("NaN", r"its intervalDecimal is 'NaN'\. It has to be a number of seconds"),
        ("INF", r"its intervalDecimal is 'INF'\. It has to be a number of seconds"),
        ("x", r"its intervalDecimal: 'x' is no number\. It has to be a number of seconds"),
        ("1/3", r"its intervalDecimal: '1/3' is no number"),
        ("0", r"an interval of 0 s"),
        ("-0.5", r"an interval of -0.5 s"),
    ],
)
def test_a_described_interval_that_is_no_time_is_refused_with_its_clock_and_text(built, tmp_path, model, text, said):
    name, old = {"rates": ("fixed", "0.25"), "neuron": ("sample", "0.1")}[model]
    path = altered(built[model], tmp_path / "bad.fmu", f'intervalDecimal="{old}"', f'intervalDecimal="{text}"')
    with pytest.raises(ModelDescriptionError, match=rf"clock '{name}'.*{said}"):
        open_component("plc", Component(source=path))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('intervalCounter="20"', 'intervalCounter="many"', "'many' is no integer"),
        ('intervalCounter="20"', f'intervalCounter="{"9" * 30}"', "does not fit into 64 bits"),
        ('resolution="100"', 'resolution="0"', "its resolution is 0"),
    ],
)
def test_a_described_fraction_that_is_no_time_is_refused_with_its_clock(built, tmp_path, old, new, said):
    path = altered(built["rates"], tmp_path / "bad.fmu", old, new)
    with pytest.raises(ModelDescriptionError, match=f"clock 'tunable': .*{said}"):
        read_clocks(path)


def test_a_negative_shift_is_refused_and_one_that_rounds_to_zero_is_zero(built, tmp_path):
    shifted = 'intervalDecimal="0.25" shiftDecimal="{}"'
    for text, shift in (("1e-999999999", Fraction(0)), ("0.3", Fraction(3, 10))):
        path = altered(built["rates"], tmp_path / f"{text}.fmu", 'intervalDecimal="0.25"', shifted.format(text))
        assert read_clocks(path).by_name["fixed"].shift == shift
    path = altered(built["rates"], tmp_path / "negative.fmu", 'intervalDecimal="0.25"', shifted.format("-0.1"))
    with pytest.raises(ModelDescriptionError, match=r"clock 'fixed' has a shift of -0\.1 s"):
        read_clocks(path)


@pytest.mark.parametrize("isolation", [None, "process"])
@pytest.mark.parametrize("p", [1e-300, 1e-17])
def test_an_interval_from_the_fmu_by_which_time_does_not_advance_is_an_error_that_names_its_clock(built, p, isolation):
    said = rf"gives 'plc\.given' the interval {p:.9g} s at t = 0\.0 s, by which time .* does not advance"
    with (
        pytest.raises((InitializationError, StepError), match=said),
        opened(built["rates"], p=p, isolation=isolation) as simulation,
    ):
        simulation.run()


def test_an_interval_given_during_the_run_is_measured_against_the_time_then(built):
    """2e-15 s advances time at 0 s and not at 8 s, where two floats are 1.8e-15 s apart."""
    with opened(built["rates"], stop=8.1, step=2.0) as simulation:
        simulation.run(until=8.0)
        simulation["plc.q"] = 2e-15
        with pytest.raises(StepError, match=r"gives 'plc\.following' the interval 2e-15 s at t = 8\.0 s"):
            simulation.run()


def test_an_interval_that_the_importer_sets_has_to_advance_time(built):
    said = r"'plc\.fixed\.interval' cannot be 1e-300 s: time does not advance"
    with pytest.raises(InitializationError, match=said), opened(built["rates"], fixed__interval=1e-300) as simulation:
        simulation.run()


def test_a_countdown_that_rounding_has_left_over_ticks_at_once(built):
    """The clock `later` counts down 1e-300 s after each of the fires at 0.27, 0.54 and 0.81 s."""
    with opened(built["neuron"], wait=1e-300) as simulation:
        results = simulation.run()
    assert results["plc.late"][-1] == results["plc.fires"][-1] == 3


@pytest.mark.parametrize(("t", "least"), [(0.0, 1.0), (1.0, 1.0), (1e6, 1e6), (-1e6, 1e6)])
def test_an_interval_advances_time_where_it_exceeds_four_units_in_the_last_place(t, least):
    unit = Fraction(2) ** (-52) * 2 ** (int(least).bit_length() - 1)
    assert stands_still(4 * unit, t)
    assert not stands_still(5 * unit, t)
    assert not stands_still(Fraction(0), t)
