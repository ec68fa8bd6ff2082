"""The kit's FMUs with Event Mode, clocks, partitions and sloped inputs, which check every call against the standard."""

import zipfile

import numpy as np
import pytest

from orchestrator.assembly import open_simulation
from orchestrator.errors import ModelDescriptionError
from orchestrator.fmi.events_opening import open_with_events
from tests.coupled import simulation
from tests.doubles import FunctionInstance
from tests.kit.build import compiler, kit_fmu

pytestmark = pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")


def run(components, connections=(), *, stop=1.0, step=0.25, **more):
    parts = {name: part if isinstance(part, dict) else {"source": str(part)} for name, part in components.items()}
    description = {"name": "kit", "components": parts, "connections": list(connections)}
    return open_simulation({**description, "experiment": {"stop": stop}, "step_size": step, **more})


def test_a_periodic_clock_of_one_fmu_triggers_a_clock_of_another():
    fmus = {
        "clocks": kit_fmu("Clocks", "3.0", "co_simulation"),
        "triggered": kit_fmu("Triggered", "3.0", "co_simulation"),
    }
    links = ["clocks.third -> triggered.fire", "clocks.sample -> triggered.u"]
    with run(fmus, links, record=["clocks.*", "triggered.*"]) as one:
        results = one.run()
    times, tick = np.array(results["time"]), np.array(results["clocks.tick"])
    assert times[tick] == pytest.approx([index / 10 for index in range(11)], abs=1e-15)
    fired = np.array(results["triggered.fired"])
    fires = times[np.array(results["clocks.third"])]
    assert fired[-1] == len(fires)
    assert times[np.flatnonzero(np.diff(fired)) + 1].tolist() == [t for t in fires.tolist() if t > 0]


@pytest.mark.parametrize("early_return", [True, False])
def test_the_ball_of_the_kit_bounces_in_event_mode_as_it_does_without(early_return):
    ends = []
    for event_mode in (True, False):
        fmu = kit_fmu(
            "BouncingBall", "3.0", "co_simulation", event_mode=event_mode, early_return=early_return and event_mode
        )
        with run({"ball": fmu}, step=0.1, stop=1.5) as one:
            one.run()
            ends.append([one["ball.h"], one["ball.v"], one["ball.bounces"]])
    assert ends[0][2] == ends[1][2] > 0
    if early_return:
        assert ends[0] == pytest.approx(ends[1], rel=1e-3, abs=1e-3)


def test_partitions_of_the_kit_activate_100_50_and_20_times_in_a_second():
    fmu = kit_fmu("Partitions", "3.0", "scheduled_execution")
    with run({"plc": fmu}) as one:
        one.run()
        assert [one[f"plc.{name}_count"] for name in ("fast", "middle", "slow")] == [100, 50, 20]


@pytest.mark.parametrize(
    ("version", "capabilities"),
    [
        ("1.0", {"interpolate_inputs": True}),
        ("2.0", {"interpolate_inputs": True}),
        ("3.0", {"intermediate_steps": 20}),
    ],
)
def test_a_ramp_into_the_integrator_of_the_kit(version, capabilities):
    fmu = kit_fmu("Integrator", version, "co_simulation", **capabilities)
    errors = []
    for extrapolate in (False, True):
        sink = open_with_events("sink", fmu, extrapolate=extrapolate)
        source = FunctionInstance(lambda t, u: 3.0 * t, name="source", inputs=[])
        with simulation([source, sink], ["source.y -> sink.u"], extrapolation={"order": int(extrapolate)}) as one:
            one.run()
            errors.append(abs(one["sink.y"] - 1.5))
    assert errors[0] == pytest.approx(0.15)  # the newest input is held: 3 h / 2
    assert errors[1] <= 0.15 / 19  # zero, or that of the parts of a step in FMI 3.0
    assert errors[1] == pytest.approx(0.0, abs=1e-12) or version == "3.0"


@pytest.mark.parametrize("version", ["1.0", "2.0", "3.0"])
def test_the_derivatives_of_an_output_make_the_slope_exact_from_the_first_step_on(version):
    """u = 1 -> y' = 1 -> z' = y: y(t) = t is a ramp, whose slope its FMU knows at once; z(1) = 1/2."""
    first = open_with_events("first", kit_fmu("Integrator", version, "co_simulation", output_derivatives=True))
    second = open_with_events(
        "second", kit_fmu("Integrator", "2.0", "co_simulation", interpolate_inputs=True), extrapolate=True
    )
    with simulation([first, second], ["first.y -> second.u"], algorithm="jacobi", extrapolation={"order": 1}) as one:
        one["first.u"] = 1.0
        one.run()
        assert one["second.y"] == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('maxOutputDerivativeOrder="0"', 'maxOutputDerivativeOrder="many"'),
        ('intervalDecimal="0.1"', 'intervalDecimal="soon"'),
        ('clocks="1"', 'clocks="first"'),
        ('clocks="1"', 'clocks="99"'),
    ],
)
def test_clocks_and_flags_that_are_no_numbers_are_refused_as_a_damaged_description(tmp_path, old, new):
    source = kit_fmu("Clocks", "3.0", "co_simulation")
    damaged = tmp_path / "damaged.fmu"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(damaged, "w") as other:
        for entry in whole.namelist():
            content = whole.read(entry)
            if entry == "modelDescription.xml":
                assert old.encode() in content
                content = content.replace(old.encode(), new.encode())
            other.writestr(entry, content)
    with pytest.raises(ModelDescriptionError):
        open_with_events("damaged", damaged)
