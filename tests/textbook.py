"""Systems of textbook FMUs as descriptions; keys of `changes` replace or add to those of the description."""

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.system.description import SystemDescription
from orchestrator.system.yaml.file import from_mapping
from plant_models.plants import Link
from plant_models.textbook.exact import TwoMass
from plant_models.textbook.oxygen_limited import OXYGEN_LIMITED_CONNECTIONS
from tests.plants import ROOT, fmu

HOUR = 3600.0

Parts = Mapping[str, tuple[str, Mapping[str, Any]]]
"""Name of a component -> stem of its FMU and its parameters."""

MASSES = TwoMass()


def system(parts: Parts, connections: Iterable[str], *, version: int = 3, **keys: Any) -> SystemDescription:
    components = {
        name: {"source": str(fmu(stem, version)), "parameters": dict(values)} for name, (stem, values) in parts.items()
    }
    data = {"name": "textbook", "components": components, "connections": list(connections), "record": ["*"], **keys}
    return from_mapping(data, ROOT, "tests")


def _experiment(stop: float) -> dict[str, float]:
    return {"stop": stop, "tolerance": 1e-10}


def two_mass(split: str, h: float, *, stop: float, masses: TwoMass = MASSES, **changes: Any) -> SystemDescription:
    """`split` is 'force' (one gives x and v, two gives F) or 'displacement' (both give x and v)."""
    coupling = {"ck": masses.ck, "dk": masses.dk}
    own = [{key: getattr(masses, key)[place] for key in ("m", "c", "d", "x", "v")} for place in (0, 1)]
    two = ("mass_on_spring", own[1] | coupling)
    seen = [f"one.{name} -> two.{name}_other" for name in ("x", "v")]
    if split == "force":
        parts, connections = {"one": ("mass_under_force", own[0]), "two": two}, [*seen, "two.F -> one.F"]
    else:
        parts = {"one": ("mass_on_spring", own[0] | coupling), "two": two}
        connections = [*seen, *(f"two.{name} -> one.{name}_other" for name in ("x", "v"))]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def harmonic(h: float, *, stop: float, **changes: Any) -> SystemDescription:
    """x' = v in `position`, v' = -x in `velocity`, from (1, 0)."""
    parts = {"position": ("integrator", {"x": 1.0}), "velocity": ("integrator", {"gain": -1.0})}
    connections = ["position.x -> velocity.u", "velocity.x -> position.u"]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def lotka_volterra(h: float, *, stop: float, **changes: Any) -> SystemDescription:
    parts = {"prey": ("prey", {}), "predator": ("predator", {})}
    connections = ["prey.x -> predator.x", "predator.y -> prey.y"]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def control_loop(h: float, *, stop: float = 10.0, components: int = 3, **changes: Any) -> SystemDescription:
    """x4 is `plant.x`. With four components the error goes from `difference` to the relay."""
    parts: dict[str, tuple[str, dict[str, Any]]] = {
        "command": ("command", {}),
        "relay": ("relay", {}),
        "plant": ("integrator", {}),
    }
    connections = ["relay.v -> plant.u"]
    if components == 4:
        parts["difference"] = ("difference", {})
        connections += ["command.y -> difference.u1", "plant.x -> difference.u2", "difference.y -> relay.wanted"]
    else:
        connections += ["command.y -> relay.wanted", "plant.x -> relay.found"]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def gain_loop(a: float, b: float, h: float = 0.1, *, stop: float = 1.0, **changes: Any) -> SystemDescription:
    """y = a u + b in `left`, u = y in `right`: an algebraic loop with the solution b / (1 - a)."""
    parts = {"left": ("gain", {"a": a, "b": b}), "right": ("gain", {"a": 1.0, "b": 0.0})}
    connections = ["left.y -> right.u", "right.y -> left.u"]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def nonlinear_loop(quadratic_for: str, h: float = 0.1, *, stop: float = 1.0, **changes: Any) -> SystemDescription:
    """2 x1^2 + 5 x2 = 42 in `quadratic`, solved for 'x1' or 'x2'; x1 - 6 x2 = 4 in `straight`, solved for the other."""
    other = "x2" if quadratic_for == "x1" else "x1"
    parts = {"quadratic": (f"quadratic_{quadratic_for}", {}), "straight": (f"straight_{other}", {})}
    connections = [
        f"quadratic.{quadratic_for} -> straight.{quadratic_for}",
        f"straight.{other} -> quadratic.{other}",
    ]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def oxygen_limited(h: float, kLa: float = 60.0, *, stop: float = 9 * HOUR, **changes: Any) -> SystemDescription:
    """Rates in `cells`, balances in `tank`."""
    parts = {"cells": ("cells", {}), "tank": ("tank", {"kLa": kLa})}
    connections = [_text(link) for link in OXYGEN_LIMITED_CONNECTIONS]
    return system(parts, connections, **{"step_size": h, "experiment": _experiment(stop), **changes})


def _text(link: Link) -> str:
    return f"{link.source} -> {link.destination}"
