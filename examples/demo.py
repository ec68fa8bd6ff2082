"""The main job in one go: a plant of FMUs, a surrogate of its dearest part, the swap there and back, and the clock.

1. Build the FMUs of the 12 m3 fed-batch plant (examples/ecoli_zones.yaml) where their equations changed.
2. Run the scenario with FMUs alone: 30 minutes, the DO set-point raised after 15.
3. Train a surrogate of the fluid dynamics on runs of the FMU, unless one for these files lies in build/.
4. Run the scenario again; the surrogate is in charge from 5 to 25 minutes. Compare with run 2.
5. Run both against the wall clock, at a speed that lies between what the two can reach.

Everything is written to runs/demo/: results as Parquet, plots as PNG, one self-contained report.html.
"""

import hashlib
import json
import math
import time
from pathlib import Path
from typing import NamedTuple

from demo_picture import COMPARED, draw_overlay

import cotwin
from cotwin.measurements import measured
from cotwin.report_page import Extras, write_report
from cotwin.tables import Table
from cotwin.terminal import ProgressBar, StageBar, say, show
from cotwin.train import TrainingJob, train_fluid_dynamics
from fmus.build import build_all
from plant_models.plants import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]
FMUS = ROOT / "build" / "fmus"
SURROGATE = ROOT / "build" / "surrogates" / "fluid_dynamics_20x10.surrogate"
TARGET = ROOT / "runs" / "demo"
SCENARIO = ROOT / "examples" / "ecoli_zones.yaml"

SWAP_AT, BACK_AT = 300.0, 1500.0
SET_POINT_AT, SET_POINT = 900.0, 50.0
SETTLED, PACED_UNTIL = 60.0, 660.0
"""The stretch that is run against the clock (s), after the first transient and the swap."""


class Run(NamedTuple):
    """A run of the scenario: what it recorded, its wall time (s), and tables of what it cost and how it swapped."""

    results: cotwin.Results
    seconds: float
    tables: tuple[Table, ...]

    @property
    def seconds_per_step(self) -> float:
        """Wall time of a macro step with everything in it, recording too (s)."""
        return self.seconds / (len(self.results.times) - 1)


def main() -> None:
    began = time.perf_counter()
    TARGET.mkdir(parents=True, exist_ok=True)
    build_plant()
    plain = read_scenario(swap=None)
    reference = run(plain, "FMUs alone")
    card = surrogate()
    policy = cotwin.Swap(surrogate=SURROGATE, to_surrogate_at=SWAP_AT, back_at=BACK_AT)
    swapped = run(read_scenario(policy), "surrogate from 5 to 25 min")
    forced = declined(swapped)
    if forced:
        say("Measured: the surrogate gains nothing here, so it was not swapped. The swap is forced to show it.")
        policy = policy.model_copy(update={"force": True})
        swapped = run(read_scenario(policy), "surrogate from 5 to 25 min, swap forced")
    paced = pace(plain, read_scenario(policy.model_copy(update={"to_surrogate_at": 10.0, "back_at": None})))
    report(reference, swapped, (*card, cost_table(reference, swapped), error_table(reference, swapped), paced))
    say(f"done in {time.perf_counter() - began:.0f} s; open {(TARGET / 'report.html').relative_to(ROOT)}")


def build_plant() -> None:
    """Build the four FMUs of the scenario; unchanged equations rebuild nothing."""
    stems = [Path(each.source).stem for each in cotwin.read_system(SCENARIO).components.values()]
    with StageBar("building FMUs", len(stems)) as bar:
        build_all({stem: CATALOGUE[stem] for stem in stems}, ROOT / "build" / "fmus", bar.advance)


def read_scenario(swap: cotwin.Swap | None) -> cotwin.SystemDescription:
    """The system of the YAML file, its reactor with or without the swap; outputs are recorded."""
    system = cotwin.read_system(SCENARIO)
    reactor = system.components["reactor"].model_copy(update={"swap": swap})
    return system.model_copy(update={"components": {**system.components, "reactor": reactor}, "record": None})


def run(system: cotwin.SystemDescription, label: str) -> Run:
    """Run the scenario: the DO set-point is raised half way."""
    record = TARGET / f"{'fmus' if system.components['reactor'].swap is None else 'swapped'}.parquet"
    bar = ProgressBar(label, system.experiment.stop)
    with cotwin.open_simulation(system, output=record, observers=(bar,), meter=True) as simulation:
        simulation.initialize()
        began = time.perf_counter()
        simulation.run(until=SET_POINT_AT)
        simulation.write("plc.DO_set", SET_POINT)
        results = simulation.run()
        seconds = time.perf_counter() - began
        tables = measured(simulation.instances.values())
    say(f"{label}: {system.experiment.stop:g} s simulated in {seconds:.2f} s")
    return Run(results, seconds, tables)


def declined(swapped: Run) -> bool:
    """Whether the swap was measured to gain nothing and was not made."""
    return any(event.kind == "swap.no_gain" for event in swapped.results.events)


def surrogate() -> tuple[Table, ...]:
    """Train the surrogate unless there is one for these very FMUs; what its card says, as tables."""
    job = TrainingJob(fmus=ROOT / "build" / "fmus" / "fmi3", target=SURROGATE, cache=ROOT / "build" / "trajectories")
    if not fits(job):
        with StageBar("surrogate") as bar:
            train_fluid_dynamics(job, bar.update)
    return card_tables(SURROGATE)


def fits(job: TrainingJob) -> bool:
    """Whether the surrogate was trained on the FMU that lies there now."""
    card = SURROGATE / "card.json"
    if not card.exists():
        return False
    trained_on = json.loads(card.read_text())["fmu"]["sha256"]
    return bool(trained_on == hashlib.sha256((job.fmus / f"{SURROGATE.stem}.fmu").read_bytes()).hexdigest())


def pace(plain: cotwin.SystemDescription, swapped: cotwin.SystemDescription) -> Table:
    """Run against the clock, at the geometric mean of the speeds that the two can reach unpaced."""
    fastest = [free_speed(system) for system in (plain, swapped)]
    speed = math.sqrt(fastest[0] * fastest[1])
    labels = ("FMUs alone", "with the surrogate")
    rows = [
        paced_row(label, system, speed, top)
        for label, system, top in zip(labels, (plain, swapped), fastest, strict=True)
    ]
    title = f"Against the clock, {speed:.0f} times real time"
    header = ("run", "fastest [x real time]", "macro steps", "overruns", "worst [ms]", "load")
    return Table(title, header, rows)


def free_speed(system: cotwin.SystemDescription) -> float:
    """Simulated over wall-clock seconds at which a stretch of the scenario runs unpaced, nothing but stepping."""
    with cotwin.open_simulation(stretch(system)) as simulation:
        simulation.run(until=SETTLED)
        began = time.perf_counter()
        simulation.run()
        return (PACED_UNTIL - SETTLED) / (time.perf_counter() - began)


def paced_row(label: str, system: cotwin.SystemDescription, speed: float, fastest: float) -> tuple[str, ...]:
    """Run the stretch against the clock and say how it kept up."""
    pacer = cotwin.Pacer(speed)
    with cotwin.open_simulation(stretch(system)) as simulation:
        simulation.run(until=SETTLED)
        simulation.run(pacer=pacer)
    kept = pacer.report
    share = f"{kept.overruns} ({100 * kept.overrun_rate:.1f} %)"
    return (label, f"{fastest:.0f}", str(kept.steps), share, f"{1e3 * kept.worst:.1f}", f"{100 * kept.load:.0f} %")


def stretch(system: cotwin.SystemDescription) -> cotwin.SystemDescription:
    """The first minutes of the scenario, with nothing recorded but a few means."""
    experiment = system.experiment.model_copy(update={"stop": PACED_UNTIL})
    return system.model_copy(update={"experiment": experiment, "record": tuple(COMPARED)})


def cost_table(reference: Run, swapped: Run) -> Table:
    """Wall time of a whole macro step of the two runs."""
    rows = [
        (label, f"{each.seconds:.2f}", f"{1e6 * each.seconds_per_step:.0f}", f"{reference.seconds / each.seconds:.2f}")
        for label, each in (("FMUs alone", reference), ("surrogate from 5 to 25 min", swapped))
    ]
    return Table("Whole runs", ("run", "wall time [s]", "per macro step [us]", "speed-up"), rows)


def error_table(reference: Run, swapped: Run) -> Table:
    """Coupled error of the swapped run against the FMUs alone, over the whole scenario."""
    compared = swapped.results.compare(reference.results)
    units = reference.results.units
    rows = [
        (name, units.get(name, ""), f"{one.max_abs:.2g}", f"{one.time:.0f}", f"{100 * one.nrmse:.3f}")
        for name, one in ((name, compared.of(name)) for name in COMPARED)
    ]
    return Table("Coupled error", ("variable", "unit", "largest", "at [s]", "NRMSE [% of range]"), rows)


def card_tables(package: Path) -> tuple[Table, ...]:
    """Errors of the surrogate on runs that its training never saw, from its card."""
    card = json.loads((package / "card.json").read_text())
    rows = [
        (split, kind.replace("_", " "), *(f"{100 * value:.3f}" for value in states.values()))
        for split, kinds in card["errors"].items()
        for kind, states in kinds.items()
    ]
    states = next(iter(next(iter(card["errors"].values())).values()))
    return (Table("Surrogate alone: NRMSE in %", ("runs", "kind", *states), rows),)


def report(reference: Run, swapped: Run, tables: tuple[Table, ...]) -> None:
    """Print the tables; draw the overlay and write the page."""
    picture = draw_overlay(reference.results, swapped.results, (SWAP_AT, BACK_AT), TARGET / "demo.png")
    everything = (*swapped.tables, *tables)
    show(everything)
    write_report(
        swapped.results, TARGET / "report.html", "cotwin demo: 12 m3 fed-batch", Extras(None, everything, [picture])
    )


if __name__ == "__main__":
    main()
