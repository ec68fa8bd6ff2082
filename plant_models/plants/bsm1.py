"""BSM1, the benchmark plant of J. Alex et al., Benchmark Simulation Model no. 1 (BSM1), 2008, and its connections."""

from collections.abc import Callable, Mapping
from functools import partial

from plant_models.model import Model
from plant_models.plants.composition import Link
from plant_models.wastewater import NITRATE, OXYGEN, mixer, pi_controller, sensor, settler, splitter, tank

INFLUENT_FLOW, INTERNAL_FLOW, RETURN_FLOW = 18446.0, 55338.0, 18446.0
"""Flows of the published steady state, m3/d."""

BSM1: Mapping[str, Callable[[], Model]] = {
    "asm1_tank": tank,
    "bsm1_mixer": partial(mixer, {"influent": INFLUENT_FLOW, "internal": INTERNAL_FLOW, "return": RETURN_FLOW}),
    "bsm1_splitter": partial(splitter, "internal", INTERNAL_FLOW),
    "bsm1_settler": settler,
    "bsm1_oxygen_sensor": partial(sensor, "oxygen_sensor", 2, 60.0, 3.89, 10.0),
    "bsm1_nitrate_sensor": partial(sensor, "nitrate_sensor", 8, 600.0, 11.7724, 10.0),
    "bsm1_oxygen_controller": partial(pi_controller, "oxygen_controller", "1/d", OXYGEN),
    "bsm1_nitrate_controller": partial(pi_controller, "nitrate_controller", "m3/d", NITRATE),
}
"""Models of the plant by the stem of their FMU."""

STEMS: Mapping[str, str] = {
    "mixer": "bsm1_mixer",
    **{f"tank{number}": "asm1_tank" for number in range(1, 6)},
    "splitter": "bsm1_splitter",
    "settler": "bsm1_settler",
}
"""The components of the plant without control, in the order of the flow, and the models they are made of."""

CONTROL_STEMS: Mapping[str, str] = {
    name: f"bsm1_{name}" for name in ("oxygen_sensor", "nitrate_sensor", "oxygen_controller", "nitrate_controller")
}
"""The components of the control, and the models they are made of."""


def _stream(source: str, destination: str) -> tuple[Link, ...]:
    return tuple(Link(f"{source}_{part}", f"{destination}_{part}") for part in ("C", "SALK", "Q"))


BSM1_CONNECTIONS: tuple[Link, ...] = (
    *_stream("mixer.out", "tank1.in"),
    *_stream("tank1.out", "tank2.in"),
    *_stream("tank2.out", "tank3.in"),
    *_stream("tank3.out", "tank4.in"),
    *_stream("tank4.out", "tank5.in"),
    *_stream("tank5.out", "splitter.in"),
    *_stream("splitter.internal", "mixer.internal"),
    *_stream("splitter.out", "settler.in"),
    *_stream("settler.return", "mixer.return"),
)

_ACTING = (
    Link("oxygen_controller.u", "tank5.kLa"),
    Link("nitrate_controller.u", "splitter.internal_Q_set"),
)
CONTROL: tuple[Link, ...] = (
    Link("tank5.SO", "oxygen_sensor.u"),
    Link("oxygen_sensor.y", "oxygen_controller.y"),
    Link("tank2.SNO", "nitrate_sensor.u"),
    Link("nitrate_sensor.y", "nitrate_controller.y"),
    *_ACTING,
)
"""Control of oxygen and nitrate, measured by sensors with lags."""

IDEAL_CONTROL: tuple[Link, ...] = (
    Link("tank5.SO", "oxygen_controller.y"),
    Link("tank2.SNO", "nitrate_controller.y"),
    *_ACTING,
)
"""The same control with sensors that show the truth at once."""
