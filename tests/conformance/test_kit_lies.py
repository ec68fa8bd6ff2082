"""FMUs that contradict themselves: each demanded reaction, from the one table."""

import logging

import pytest

import cotwin
from tests.kit.answers import ball
from tests.kit.build import compiler
from tests.kit.lies import LIES

pytestmark = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")


@pytest.mark.parametrize(
    ("lie", "version"),
    [pytest.param(lie, version, id=f"{lie.what}-{version}") for lie in LIES for version in lie.versions],
)
def test_an_fmu_that_contradicts_itself_gets_the_demanded_reaction(lie, version, tmp_path, caplog):
    component = {"source": str(lie.make(version, tmp_path)), "kind": lie.kind}
    system = {"name": "lie", "components": {"kit": component}, "experiment": {"stop": 1.0}, "step_size": lie.step}
    if lie.error is not None:
        with pytest.raises(lie.error) as caught, cotwin.open_simulation(system) as simulation:
            simulation.run()
        assert lie.says in str(caught.value)
        assert "kit" in str(caught.value) or component["source"] in str(caught.value)
        return
    with caplog.at_level(logging.INFO), cotwin.open_simulation(system) as simulation:
        results = simulation.run()
    assert results.times[-1] == 1.0
    assert lie.says in caplog.text


def test_a_run_through_a_lie_gives_the_exact_answer_all_the_same(tmp_path):
    lie = next(each for each in LIES if each.kind == "model_exchange" and each.error is None)
    component = {"source": str(lie.make("3.0", tmp_path)), "kind": lie.kind}
    system = {"name": "lie", "components": {"kit": component}, "experiment": {"stop": 1.0, "tolerance": 1e-10}}
    with cotwin.open_simulation(system | {"step_size": 0.25}) as simulation:
        found = simulation.run().at(1.0)
    assert found["kit.h"] == pytest.approx(ball(1.0).h, abs=1e-6)
