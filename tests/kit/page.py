"""docs/conformance.md from the tables of the tests: `python -m tests.kit.page` writes it."""

from pathlib import Path
from typing import Final

from tests.kit.build import combinations
from tests.kit.lies import LIES, UNDETECTABLE
from tests.kit.models import MODELS
from tests.kit.support import runs

PAGE: Final = Path(__file__).parents[2] / "docs" / "conformance.md"
_SHORT: Final = {"co_simulation": "CS", "model_exchange": "ME", "scheduled_execution": "SE"}
_COLUMNS: Final = tuple(
    (version, kind) for version in ("1.0", "2.0", "3.0") for kind in ("co_simulation", "model_exchange")
)
_CHECKS: Final = {
    "BouncingBall": "state events: times of the impacts, height and velocity against the closed solution",
    "Dahlquist": "x' = -k x against the exponential function; parameters and start values",
    "VanDerPol": "against SciPy's DOP853 at 1e-12",
    "Integrator": "held inputs, exactly integrated",
    "FedBatch": "Model Exchange without inputs and outputs, stiff (1e4), local variables, names with dots and brackets",
    "Feedthrough": "every type at its extremes, at the initialization and after each step",
    "Stair": "time events; the wish to end the run",
    "Resource": "a file in the folder of resources",
    "StateSpace": "arrays and structural parameters",
    "Clocks": "a periodic clock, on and between communication points",
    "Triggered": "a clock that another FMU's clock fires, with the values of that instant",
    "Partitions": "Scheduled Execution: 100, 50 and 20 activations in a second, by priority",
}


def page() -> str:
    """The text of the page."""
    return "\n".join((*_head(), *_models(), *_lies(), ""))


def _head() -> list[str]:
    return [
        "# Conformance",
        "",
        "This page is generated from the tables of the tests (`python -m tests.kit.page`), which demand what it says.",
        "",
        "The conformance kit are small FMUs of our own, built from one C source per model for every version and kind",
        "of FMI. Their answers are known exactly; FMPy finds them valid and gets the same answers. FMUs that harm",
        "their process are on the page about [isolation](isolation.md).",
    ]


def _models() -> list[str]:
    heads = [f"{version} {_SHORT[kind]}" for version, kind in _COLUMNS] + ["3.0 SE"]
    rows = [f"| {name} | {_CHECKS[name]} | {' | '.join(_cells(name))} |" for name in MODELS]
    return [
        "",
        "## What runs",
        "",
        "CS is Co-Simulation, ME Model Exchange, SE Scheduled Execution. Refused means: by an error that names the",
        "FMU, before anything runs. A dash: the version or the model has no such thing.",
        "",
        f"| Model | Checked | {' | '.join(heads)} |",
        f"|---|---|{'---|' * len(heads)}",
        *rows,
    ]


def _cells(model: str) -> list[str]:
    offered = {(version, kind): runs(version, kind) for name, version, kind in combinations() if name == model}
    columns = (*_COLUMNS, ("3.0", "scheduled_execution"))
    return [{True: "runs", False: "refused", None: "-"}[offered.get(column)] for column in columns]


def _lies() -> list[str]:
    rows = [f"| {lie.what} | {', '.join(lie.versions)} | {lie.reaction} | {_error(lie.error)} |" for lie in LIES]
    return [
        "",
        "## FMUs that contradict themselves",
        "",
        "| The FMU | FMI | cotwin | Error |",
        "|---|---|---|---|",
        *rows,
        "",
        "What no importer can find out:",
        "",
        *(f"- {one}" for one in UNDETECTABLE),
    ]


def _error(error: type[Exception] | None) -> str:
    return "none" if error is None else f"`{error.__name__}`"


if __name__ == "__main__":
    PAGE.write_text(page())
