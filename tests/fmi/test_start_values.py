"""When start values reach an FMU: the state machine of FMI 2.0, watched by an FMU that refuses calls out of place.

FMI 2.0 leaves inputs out of what may be set before Initialization Mode; FMI 3.0.2 (section 2.3.2) lets every variable
with initial = exact or approx be set there, inputs among them.
"""

import shutil
import subprocess
from contextlib import closing

import numpy as np
import pytest
from fmpy.fmi2 import FMU2Model, FMU2Slave

from orchestrator.assembly import open_simulation
from orchestrator.errors import InitializationError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle
from orchestrator.system.description import Component
from tests.fmi.toys import archive, description, platform

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# y = k u. Reference 1 is the input: before Initialization Mode its setting is an error, as is that of 2, the fixed
# parameter k, within it. `order` counts settings: 10 for each of k, 1 for each of u.
SOURCE = r"""
#include <stddef.h>
#include <stdlib.h>
typedef unsigned R;
typedef struct { int inside; double u, k, order, x; } M;
void *fmi2Instantiate(const char *a, int b, const char *c, const char *d, const void *e, int v, int l) {
  return calloc(1, sizeof(M));
}
void fmi2FreeInstance(M *m) { free(m); }
int fmi2SetupExperiment(M *m, int a, double b, double c, int d, double e) { return 0; }
int fmi2EnterInitializationMode(M *m) { m->inside = 1; return 0; }
int fmi2ExitInitializationMode(M *m) { return 0; }
int fmi2Reset(M *m) { *m = (M){0}; return 0; }
int fmi2Terminate(M *m) { return 0; }
int fmi2SetReal(M *m, const R *vr, size_t n, const double *v) {
  for (size_t i = 0; i < n; i++) {
    if (vr[i] == 1 && !m->inside || vr[i] == 2 && m->inside) return 3;
    if (vr[i] < 3) m->order += vr[i] == 1 ? 1 : 10;
    *(vr[i] == 1 ? &m->u : vr[i] == 2 ? &m->k : &m->x) = v[i];
  }
  return 0;
}
int fmi2GetReal(M *m, const R *vr, size_t n, double *v) {
  for (size_t i = 0; i < n; i++)
    v[i] = vr[i] == 1 ? m->u : vr[i] == 2 ? m->k : vr[i] == 3 ? m->k * m->u : vr[i] == 4 ? m->order : m->x;
  return 0;
}
int fmi2DoStep(M *m, double t, double h, int no) { return 0; }
int fmi2NewDiscreteStates(M *m, int *info) { for (int i = 0; i < 5; i++) info[i] = 0; return 0; }
int fmi2EnterContinuousTimeMode(M *m) { return 0; }
int fmi2EnterEventMode(M *m) { return 0; }
int fmi2SetTime(M *m, double t) { return 0; }
int fmi2CompletedIntegratorStep(M *m, int no, int *event, int *end) { *event = *end = 0; return 0; }
"""
VARIABLES = """
<ScalarVariable name="u" valueReference="1" causality="input"><Real start="0"/></ScalarVariable>
<ScalarVariable name="k" valueReference="2" causality="parameter" variability="fixed"><Real start="1"/></ScalarVariable>
<ScalarVariable name="K" valueReference="2" causality="parameter" variability="fixed"><Real start="1"/></ScalarVariable>
<ScalarVariable name="y" valueReference="3" causality="output"><Real/></ScalarVariable>
<ScalarVariable name="order" valueReference="4" causality="output"><Real/></ScalarVariable>
<ScalarVariable name="x" valueReference="5" causality="output" initial="exact"><Real start="0"/></ScalarVariable>
"""
OUTPUTS = '<Outputs><Unknown index="4" dependencies="1"/><Unknown index="5"/><Unknown index="6"/></Outputs>'
KINDS = {"co_simulation": ("CoSimulation", FMU2Slave), "model_exchange": ("ModelExchange", FMU2Model)}


@pytest.fixture(scope="module", params=KINDS)
def component(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    kind, functions = KINDS[request.param]
    needed = [name for name in dir(functions) if name.startswith("fmi2") and f" {name}(" not in SOURCE.replace("*", "")]
    stubs = "".join(f"int {name}(void *m) {{ return 3; }}\n" for name in needed)
    (folder / "bad.c").write_text(SOURCE + stubs)
    subprocess.run(["cc", "-w", "-shared", "-fPIC", "bad.c", "-o", "bad.so"], cwd=folder, check=True)
    entries = {
        "modelDescription.xml": description("fmi2", kind=kind, variables=VARIABLES, structure=OUTPUTS),
        f"binaries/{platform('fmi2')}/bad.so": (folder / "bad.so").read_bytes(),
    }
    return {"source": str(archive(folder / "order.fmu", entries)), "kind": request.param}


def bundle(instance, *names):
    by_name = {connector.name: connector for connector in instance.connectors}
    return Bundle.of([by_name[name] for name in names])


def read(instance, *names):
    values = np.zeros(len(names))
    instance.get(bundle(instance, *names), values)
    return values.tolist()


@pytest.mark.parametrize("isolation", [None, "process"])
def test_a_described_input_of_fmi_2_is_set_within_initialization_mode_and_a_parameter_before(component, isolation):
    part = {**component, "isolation": isolation, "parameters": {"u": 3.0, "k": 2.0}}
    described = {"name": "order", "components": {"gain": part}, "experiment": {"stop": 1.0}, "step_size": 0.5}
    with open_simulation(described) as simulation:
        simulation.run()
        assert simulation["gain.y"] == 6.0


def test_values_of_both_in_one_bundle_are_divided(component):
    with closing(open_component("gain", Component(**component))) as gain:
        both = bundle(gain, "u", "k")
        for k in (1.0, 2.0):
            gain.set(both, np.array([k + 1, k]))
        gain.enter_initialization(0.0, None, None)
        assert read(gain, "u", "k", "y", "order") == [3.0, 2.0, 6.0, 21.0]  # k twice, u once with its last value
        gain.exit_initialization()
        assert read(gain, "y") == [6.0]


def test_a_restart_keeps_to_the_same_order(component):
    if component["kind"] == "model_exchange":
        pytest.skip("it has no continuous states to restart from")
    with closing(open_component("gain", Component(**component))) as gain:
        gain.set(bundle(gain, "u", "k"), np.array([3.0, 2.0]))
        gain.enter_initialization(0.0, None, None)
        gain.exit_initialization()
        gain.set(bundle(gain, "u"), np.array([5.0]))
        gain.fmu.initialize_again(1.0, gain.fmu.restart_values({"x": np.array([7.0])}))
        assert read(gain, "y", "x") == [10.0, 7.0]


def described(component, **parameters):
    parts = {"gain": {**component, "parameters": parameters}}
    return {"name": "order", "components": parts, "experiment": {"stop": 1.0}, "step_size": 0.5}


def test_two_names_of_one_variable_with_different_values_are_refused_and_with_one_value_are_not(component):
    with open_simulation(described(component, k=2.0, K=2.0, u=1.0)) as simulation:
        simulation.run()
        assert simulation["gain.y"] == 2.0
    said = r"'gain\.k' and 'gain\.K' share the value reference 2, .* get different values\. Keep one of them"
    with (
        pytest.raises(InitializationError, match=said),
        open_simulation(described(component, k=2.0, K=3.0)) as simulation,
    ):
        simulation.run()
