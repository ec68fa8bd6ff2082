"""Values from the command line win over every set of parameters that is bound to anything."""

import pytest

from cotwin.settings import above_all, read_setting, settings_named
from orchestrator.errors import DescriptionError
from orchestrator.system.connector import Causality, Connector, Storage
from orchestrator.system.description import Component, Experiment, SystemDescription
from orchestrator.system.parameters.giving import parameter_values
from orchestrator.system.quantities.unit_text import parse_unit
from orchestrator.system.structure import Markup, ParameterBinding, Subsystem

PUMP = [Connector("V", Causality.PARAMETER, Storage.FLOAT64, 0, unit=parse_unit("L"), start=(0.0,))]
PATH = "cooling/big_pump"


def description(*, bound=True):
    cooling = Subsystem(markup=Markup(label="cool.ing"))
    sets = (ParameterBinding(values={"cool.ing.big pump.V": 3.0}),) if bound else ()
    return SystemDescription(
        name="test",
        components={PATH: Component(source="p.fmu", markup=Markup(label="big pump"))},
        subsystems={"cooling": cooling, "": Subsystem(bindings=sets)},
        experiment=Experiment(stop=1),
        step_size=1,
        constants={"V0": "2 L"},
    )


def with_settings(described, *texts):
    settings = [read_setting(text, described.components) for text in texts]
    part = described.components[PATH]
    parameters = {**part.parameters, **{each.parameter: each.value for each in settings}}
    components = {PATH: part.model_copy(update={"parameters": parameters})}
    return described.model_copy(update={"components": components, "subsystems": above_all(described, settings)})


def value(described):
    return parameter_values(described, {PATH: PUMP})[PATH]["V"].tolist()


def test_a_setting_wins_over_the_bindings_of_the_whole_system():
    assert value(description()) == [3.0]
    assert value(with_settings(description(), f"{PATH}.V=5 mL")) == [0.005]
    assert value(with_settings(description(), f"{PATH}.V=2*V0")) == [4.0]


def test_without_bindings_nothing_is_bound():
    plain = description(bound=False)
    assert with_settings(plain, f"{PATH}.V=7").subsystems == plain.subsystems
    assert value(with_settings(plain, f"{PATH}.V=7")) == [7.0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{PATH}.V=5 kg", "'5 kg' is not a number in 'L': 'kg' (kg) does not convert to 'L' (m3)"),
        (f"{PATH}.W=5", "unknown variable; known: 'V'"),
    ],
)
def test_what_is_wrong_with_a_setting_is_told_once(text, problem):
    with pytest.raises(DescriptionError) as caught, settings_named([text]):
        value(with_settings(description(), text))
    assert str(caught.value) == f"--set {text.partition('=')[0]}: {problem}"
