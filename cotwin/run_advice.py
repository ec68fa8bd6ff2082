"""What the statistics of a run speak for: where its time went, why steps were taken back, how hard its loops were."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Data = Mapping[str, Any]

MOST_OF_THE_TIME = 0.5
"""Share of the wall-clock time from which a component is worth a word."""

WORTH_A_WORD = 1.0
"""Wall-clock time of a run (s) from which it is worth a word where it went."""

MANY_REJECTED = 0.1
MANY_ITERATIONS = 8.0
DEAR_STATES = 0.25


class Advice(NamedTuple):
    """What it is about, what was found in numbers, and what to do."""

    about: str
    found: str
    remedy: str


def run_advice(data: Data) -> tuple[Advice, ...]:
    """The advice after a run, most important first."""
    return (*_failure(data), *_time(data), *_states(data), *_rejected(data), *_loops(data))


def rejected_share(data: Data) -> float:
    """Steps that were taken back as a part of all that were made."""
    rejected, accepted = sum(data["rejected"].values()), data["macro_steps"]
    made = float(rejected + accepted)
    return float(rejected / made) if made else 0.0


def outside(data: Data) -> float:
    """Wall-clock time (s) that no component took: master, record, start and end."""
    return float(max(data["seconds"] - sum(one["seconds"] for one in data["components"]), 0.0))


def _failure(data: Data) -> Iterator[Advice]:
    if data["status"] == "failed":
        yield Advice("run", f"failed at {data['reached']:g} s", str(data["message"]))


def _time(data: Data) -> Iterator[Advice]:
    if data["seconds"] < WORTH_A_WORD or not data["components"]:
        return
    slowest = max(data["components"], key=lambda one: one["seconds"])
    share = f"{slowest['share']:.0%} of the time in {slowest['component']}"
    if slowest["share"] >= MOST_OF_THE_TIME:
        yield Advice(slowest["component"], share, "a surrogate of it, a larger step of its own, or a cheaper FMU")
    elif outside(data) / data["seconds"] >= MOST_OF_THE_TIME:
        found = f"{outside(data) / data['seconds']:.0%} of the time outside of components"
        yield Advice("run", found, "record fewer variables, or take larger steps")


def _states(data: Data) -> Iterator[Advice]:
    for one in data["components"]:
        # without a return the states were kept in case of a refused step, which nobody can leave out
        dear = one["restores"] and one["state_seconds"] > DEAR_STATES * max(one["seconds"], 1e-300)
        if data["seconds"] >= WORTH_A_WORD and dear:
            found = f"{one['state_seconds'] / one['seconds']:.0%} of its time for kept states ({one['saves']} kept)"
            iterated = " an estimator for the iterations, or" if data["loops"] else ""
            yield Advice(one["component"], found, f"{iterated} fewer steps that are taken back".strip())


def _rejected(data: Data) -> Iterator[Advice]:
    share = rejected_share(data)
    if share < MANY_REJECTED:
        return
    reason = max(data["rejected"], key=data["rejected"].get)
    at, part = _where_rejected(data)
    found = f"{share:.0%} of the steps taken back, mostly by {reason}"
    if at is not None:
        found += f"; {part:.0%} of them near t = {at:.6g} s"
    if at is not None and part > 0.5 and at - data["start"] <= 0.01 * (data["stop"] - data["start"]):
        remedy = "a smaller first step (step_control.first)"
    else:
        remedy = _REMEDIES.get(reason, "a smaller step_size, which is the largest step, or a looser tolerance")
    yield Advice("steps", found, remedy)


_REMEDIES = {
    "failure": "a smaller step_size, which is the largest step; the log at level INFO says who failed, and how",
    "discard": "a smaller step_size, or a looser tolerance of the solver of the component that refuses",
    "loop": "loops: {method: newton}, the default, more max_iterations, or a smaller step_size",
    "jump": "a component with events that it tells (FMI 3.0), or a looser tolerance where the jumps do not matter",
    "error": "a smaller step_size, which is the largest step, or a looser step_control.tolerance",
}


def _where_rejected(data: Data) -> tuple[float | None, float]:
    """The middle (s) of the stretch in which most steps were taken back, and their part of all that were."""
    worst = max(data["course"], key=lambda one: one["rejected"], default=None)
    total = sum(one["rejected"] for one in data["course"])
    return (None, 0.0) if worst is None or total == 0 else (worst["time"], worst["rejected"] / total)


def _loops(data: Data) -> Iterator[Advice]:
    solver = data["loop_solver"]
    for loop in data["loops"]:
        mean = loop["iterations"] / loop["solved"] if loop["solved"] else 0.0
        if mean > MANY_ITERATIONS:
            found = f"{mean:.3g} iterations a step, {loop['most_iterations']} at most, with {solver['method']}"
            other = "anderson" if solver["method"] == "newton" else "newton"
            yield Advice(loop["components"], found, f"loops: {{method: {other}}}, or a smaller step_size")
