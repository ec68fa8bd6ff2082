"""FMPy reads and runs the same package: the same numbers, but for what is known of its way to start."""

import pytest
from fmpy.ssp.simulation import simulate_ssp

from orchestrator.assembly import open_simulation
from orchestrator.ssp.reader import read_ssp
from tests.kit.build import compiler, kit_fmu
from tests.ssp.texts import component, connection, connections, connectors, elements, package, ssd

H = 0.125


@pytest.mark.skipif(compiler() is None, reason="building FMUs needs a C compiler")
def test_a_nested_system_integrates_to_the_same_numbers(tmp_path):
    inner = (
        '<ssd:System name="inner">'
        + connectors("in input", "out output")
        + elements(component("sum", "u input", "y output", source="resources/integrator.fmu"))
        + connections(connection("in", "sum.u"), connection("sum.y", "out"))
        + "</ssd:System>"
    )
    outer = connectors("end output") + elements(component("decay", "x output", source="resources/decay.fmu"), inner)
    outer += connections(connection("decay.x", "inner.in"), connection("inner.out", "end"))
    files = {
        f"resources/{name}.fmu": kit_fmu(model, "2.0", "co_simulation").read_bytes()
        for name, model in {"integrator": "Integrator", "decay": "Dahlquist"}.items()
    }
    path = package(tmp_path / "plant.ssp", ssd(outer), files)
    theirs = simulate_ssp(str(path), stop_time=1.0, step_size=H)
    described = read_ssp(path).model_copy(update={"step_size": H, "algorithm": "jacobi"})
    with open_simulation(described) as simulation:
        ours = simulation.run()
    # FMPy's rows carry the time at which a step began, and the first step has no input yet: it lacks h * x(0).
    assert ours["decay.x"][1:] == pytest.approx(theirs["decay.x"], rel=1e-12)
    assert ours["inner/sum.y"][1:] - H == pytest.approx(theirs["inner.sum.y"], rel=1e-12, abs=1e-15)
