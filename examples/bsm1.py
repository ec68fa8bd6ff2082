"""BSM1 in dry weather: the table of its influent, and the figures by which the plant is judged.

python examples/bsm1.py influent          # writes build/bsm1/dry_weather.csv
cotwin run examples/bsm1_closed_loop.yaml
python examples/bsm1.py figures runs/bsm1_closed_loop/results.parquet

The influent is measured data of the benchmark. It is taken from the package `bsm2-python`, which has to be installed:
14 days, a row each 15 minutes, held until the next one.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import cotwin
from plant_models.plants.bsm1_figures import Figures, figures
from plant_models.wastewater.constants import CONCENTRATIONS

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "build" / "bsm1" / "dry_weather.csv"
INTERVAL = 900.0
"""Time between the rows of the benchmark's file, s."""
COLUMNS = {**dict.fromkeys(CONCENTRATIONS, "g/m3"), "SALK": "mol/m3", "Q": "m3/d"}
"""Columns of the table and their units."""
PLACES = (*range(1, 14), 15)
"""Where they stand in a row of the benchmark's file, behind the time; 14 is TSS."""


def benchmark_file() -> Path:
    """The dry weather file in the installed package."""
    found = find_spec("bsm2_python")
    if found is None or found.origin is None:
        sys.exit("the influent comes with the package bsm2-python: pip install bsm2-python==0.0.16")
    return Path(found.origin).parent / "data" / "dryinfluent.csv"


def dry_weather(passes: int = 2) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Times (s) and rows of the influent, the file several times over, every row held until the next one."""
    rows = np.loadtxt(benchmark_file(), delimiter=",", encoding="utf-8-sig")[:, PLACES]
    rows = np.tile(rows, (passes, 1))
    times = np.arange(len(rows) + 1) * INTERVAL
    return np.repeat(times, 2)[1:-1], np.repeat(rows, 2, axis=0)


def write_influent(path: Path = TABLE, passes: int = 2) -> Path:
    """Write the table of the dry weather for the component `influent`."""
    times, rows = dry_weather(passes)
    path.parent.mkdir(parents=True, exist_ok=True)
    header = ", ".join(["time [s]", *(f"{name} [{unit}]" for name, unit in COLUMNS.items())])
    np.savetxt(path, np.column_stack([times, rows]), fmt="%.15g", delimiter=", ", header=header, comments="")
    return path


def show(found: Figures) -> None:
    for name, value, unit in (
        ("effluent quality index", found.EQI, "kg/d"),
        ("pumping energy", found.PE, "kWh/d"),
        ("aeration energy", found.AE, "kWh/d"),
        ("mixing energy", found.ME, "kWh/d"),
        ("sludge to dispose of", found.sludge, "kg/d"),
        ("flow of the effluent", found.flow, "m3/d"),
        *((f"{name} in it", found.effluent[name], "g/m3") for name in ("SS", "SNO", "SNH", "TSS")),
    ):
        print(f"{name:24}{value:12.4f} {unit}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    table = commands.add_parser("influent", help="write the table of the influent")
    table.add_argument("-o", "--out", type=Path, default=TABLE)
    judged = commands.add_parser("figures", help="judge a record by its last 7 days")
    judged.add_argument("record", type=Path)
    options = parser.parse_args()
    if options.command == "influent":
        print(write_influent(options.out))
    else:
        results = cotwin.load_results(options.record)
        last = results.times[-1] / 86400
        show(figures(results.times, results.__getitem__, last - 7, last))


if __name__ == "__main__":
    main()
