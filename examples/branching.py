"""A twin that lives on: every call carries it further, in a process of its own, and it may look into several futures.

make fmus
python examples/branching.py                                      # the first hour
python examples/branching.py --set plc.DO_set=35                  # the next one, with what has changed in the plant
python examples/branching.py --minutes 540
python examples/branching.py --futures plc.mu_set=0.15,0.2,0.25   # two hours of each; the best one is lived

The checkpoint and the record of the whole life lie in runs/twin.
"""

import argparse
from pathlib import Path
from typing import NamedTuple

import cotwin

ROOT = Path(__file__).resolve().parents[1]
SYSTEM = ROOT / "examples" / "ecoli_fed_batch.yaml"
YEAR = 365 * 86400.0
AHEAD = 7200.0
"""How far a future is looked into, s."""


class Future(NamedTuple):
    """What becomes of one choice: biomass (g), and the acetate (g/L) that it costs."""

    value: float
    biomass: float
    acetate: float


def twin(folder: Path) -> cotwin.Simulation[cotwin.Results]:
    """The twin where the last call has left it, or at its begin."""
    described = cotwin.read_system(SYSTEM)
    # Far away, so that no call has to tell the components of a later stop.
    described = described.model_copy(update={"experiment": described.experiment.model_copy(update={"stop": YEAR})})
    left = folder / "checkpoint.cotwin"
    return cotwin.open_simulation(described, output=folder / "twin.parquet", resume=left if left.exists() else None)


def future(present: cotwin.Simulation[cotwin.Results], name: str, value: float) -> Future:
    """Live a branch with another value; the present stays where it is."""
    with present.branch() as branch:
        branch.write(name, value)
        branch.run(until=branch.time + AHEAD)
        X, A, V = (float(branch.read(f"reactor.{each}")) for each in ("X_mean", "A_mean", "V"))
        return Future(value, X * V, A)


def best(futures: list[Future], acetate_limit: float = 2.0) -> Future:
    """The most biomass among those that keep the limit, else the least acetate."""
    fine = [each for each in futures if each.acetate <= acetate_limit]
    return max(fine, key=lambda each: each.biomass) if fine else min(futures, key=lambda each: each.acetate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="simulated time of this call")
    parser.add_argument("--set", action="append", default=[], metavar="COMP.PAR=VALUE", dest="settings")
    parser.add_argument("--futures", metavar="COMP.PAR=VALUE,VALUE,...")
    parser.add_argument("-o", "--output", type=Path, default=Path("runs") / "twin")
    wanted = parser.parse_args()
    with twin(wanted.output) as present:
        present.initialize()
        for setting in wanted.settings:
            name, _, value = setting.partition("=")
            present.write(name, float(value))
        if wanted.futures:
            name, _, values = wanted.futures.partition("=")
            futures = [future(present, name, float(value)) for value in values.split(",")]
            for each in futures:
                print(f"{name} = {each.value:g}: {each.biomass:.4g} g of biomass, {each.acetate:.3g} g/L of acetate")
            present.write(name, best(futures).value)
            print(f"chosen: {name} = {best(futures).value:g}")
        until = present.time + 60.0 * wanted.minutes
        present.run(until=until, checkpoints=cotwin.Checkpoints(wanted.output / "checkpoint.cotwin"))
        print(f"t = {present.time / 3600.0:.4g} h, biomass {float(present.read('reactor.X_mean')):.4g} g/L")


if __name__ == "__main__":
    main()
