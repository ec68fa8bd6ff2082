"""Open loop with a constant influent: 100 d of co-simulation end at the published steady state."""

from functools import cache

import pytest
import yaml

import cotwin
from plant_models.plants.bsm1 import BSM1_CONNECTIONS, CONTROL, CONTROL_STEMS, STEMS
from plant_models.plants.reference import Reference
from tests.bsm1.plant import AERATION, PUBLISHED, VALUES, recorded, run, system, whole
from tests.plants import ROOT

ENTRIES = [(table, name) for table, values in PUBLISHED.items() for name in values]
# The fixed point of the coupling does not depend on the macro step; steps of 15 min come there in two seconds.
H = 900.0


@cache
def settled(version: int) -> cotwin.Results:
    return run(system("bsm1", version), H, 100.0)


@pytest.mark.parametrize(("table", "name"), ENTRIES, ids=lambda value: value)
def test_an_entry_of_the_published_table_is_met_within_a_thousandth(table: str, name: str) -> None:
    values = settled(3)[recorded(table, name)]
    assert values[-1] == pytest.approx(PUBLISHED[table][name], rel=1e-3)


def test_the_run_starts_elsewhere() -> None:
    results = settled(3)
    far = [abs(results[recorded(t, n)][0] / PUBLISHED[t][n] - 1) > 0.01 for t, n in ENTRIES]
    assert sum(far) >= 0.8 * len(far)


def test_both_versions_of_the_standard_come_to_the_same_state() -> None:
    for table, name in ENTRIES:
        key = recorded(table, name)
        assert settled(2)[key][-1] == pytest.approx(settled(3)[key][-1], rel=1e-9)


def test_the_coupled_plant_and_the_plant_as_one_ode_have_one_steady_state() -> None:
    exact = Reference(whole(closed=False), {**VALUES, **AERATION}, rtol=1e-8, atol=1e-8).at([200 * 86400.0])
    for tank in range(1, 6):
        for name in ("SS", "XBH", "SO", "SNO", "SNH", "SALK"):
            assert settled(3)[f"tank{tank}.{name}"][-1] == pytest.approx(exact[f"tank{tank}.{name}"][-1], rel=1e-5)


@pytest.mark.parametrize("name", ["bsm1", "bsm1_closed_loop"])
def test_the_example_connects_what_the_composition_connects(name: str) -> None:
    control, links = (CONTROL_STEMS, CONTROL) if name == "bsm1_closed_loop" else ({}, ())
    data = yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())
    stems = {c: each["source"].rsplit("/", 1)[1].split(".")[0] for c, each in data["components"].items()}
    stems.pop("influent", None)
    assert stems == {**STEMS, **control}
    found = {line for line in data["connections"] if not line.startswith("influent.")}
    assert found == {f"{link.source} -> {link.destination}" for link in (*BSM1_CONNECTIONS, *links)}
