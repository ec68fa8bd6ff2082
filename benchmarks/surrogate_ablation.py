"""What the modes and the network of the tank's surrogate are each worth: errors on untouched designs, one JSON line.

    python benchmarks/surrogate_ablation.py

Runs, or takes from build/trajectories, the designs of `make demo`. Errors are root mean square errors over the standard
deviation, in free runs of 200 macro steps with recorded inputs: of the mean over the zones, and of the zones.
The comparator is the same reduction without the network.
"""

import json
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from cotwin.train import TrainingJob, collect_trajectories, describe
from orchestrator.realtime import clock
from surrogates.design import Split
from surrogates.zone_training import errors_of, train_zones

JOB = TrainingJob(Path("build/fmus/fmi3"), Path("unused"), cache=Path("build/trajectories"))
MODES = (0, 2, 4, 8)
SHOWN = ("S_mean", "S", "A_mean", "DOT_mean", "DOT")


def rounded(errors: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{errors[name]:.3g}") for name in SHOWN}


def main() -> None:
    trajectories = collect_trajectories(JOB, lambda *_: None)
    tank, tests = describe(JOB).tank, trajectories[Split.TEST]
    cases = []
    for modes in MODES:
        trained = train_zones(tank, trajectories, replace(JOB.plan, modes=modes), clock.seconds)
        cases.append(
            {
                "modes": modes,
                "validation_error_over_balances_alone": round(trained.history.best, 3),
                "training_s": round(trained.seconds, 1),
                "step_us": round(trained.seconds_per_step * 1e6, 1),
                "balances_alone": rounded(errors_of(trained, None, tests)["free_run"]),
                "balances_and_network": rounded(errors_of(trained, trained.candidate, tests)["free_run"]),
            }
        )
    line = {
        "benchmark": "surrogate_ablation",
        "tank": JOB.tank.stem,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("torch", "numpy")},
        "unit": "NRMSE, 1",
        "cases": cases,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
