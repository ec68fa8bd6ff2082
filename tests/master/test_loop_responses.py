"""What Newton's method for loops learns of each component, where a loop is torn, and bounds of its unknowns."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.instance import Bundle, DirectionalDerivatives
from orchestrator.master.loops import hot_responses
from orchestrator.master.loops.hot_slopes import response
from orchestrator.master.loops.responses import Response, Values
from orchestrator.master.loops.unknowns import Unknowns
from orchestrator.plain_data import pack, unpack
from orchestrator.signals import Signals
from orchestrator.system.connections.links import Link, Slot
from orchestrator.system.quantities.units import Conversion
from tests.doubles import FunctionInstance, an_input, an_output
from tests.master.loop_doubles import coupled, loop_statistics
from tests.master.loop_maps import Solver
from tests.models import Wire, gain

Vector = NDArray[np.float64]

M = np.array([[2.0, -1.0, 0.5], [100.0, 30.0, -7.0]])


class Taught:
    """A response to three inputs with two outputs, that is shown changes of them."""

    def __init__(self, feedthrough: tuple[str, ...] = (), derivatives: DirectionalDerivatives | None = None) -> None:
        inputs = [an_input(f"u{k}") for k in range(3)]
        outputs = [an_output(f"y{k}") for k in range(2)]
        through = {output.name: feedthrough for output in outputs}
        instance = FunctionInstance(lambda t, u: u, name="one", inputs=inputs, outputs=outputs, feedthrough=through)
        if derivatives is not None:
            instance.directional_derivatives = derivatives  # type: ignore[attr-defined]
        self.floats = np.zeros(5)
        self.response = Response(instance, Values(inputs, outputs, np.arange(3), np.arange(3, 5)), self.floats)

    def begin(self, h: float) -> None:
        hot_responses.begin_part(self.response.address, h)

    def sees(self, u: Vector, y: Vector) -> None:
        self.floats[:] = [*u, *y]
        hot_responses.swept(self.response.address)
        self._tells()
        hot_responses.take(self.response.address)
        hot_responses.note(self.response.address)

    def matrix(self) -> Vector:
        self._tells()
        return np.array([[response(self.response.address, i, j) for j in range(3)] for i in range(2)])

    @property
    def known(self) -> bool:
        return bool(hot_responses.known(self.response.address))

    def _tells(self) -> None:
        if not hot_responses.told(self.response.address):
            self.response.tell()
            assert hot_responses.told(self.response.address)


def taught(h: float = 0.1, count: int = 4, feedthrough: tuple[str, ...] = ()) -> Taught:
    """It has seen so many points of y = M u + (1, -1) over a step of h (s)."""
    one = Taught(feedthrough)
    one.begin(h)
    for u in np.random.default_rng(3).normal(size=(count, 3)):
        one.sees(u, M @ u + [1.0, -1.0])
    return one


def test_a_linear_component_is_known_after_as_many_changes_as_it_has_inputs() -> None:
    np.testing.assert_allclose(taught().matrix(), M, rtol=1e-9)
    assert not taught(count=1).known
    assert taught(count=2).known


def test_the_latest_change_is_explained_and_those_before_it_in_the_same_macro_step_too() -> None:
    points = np.random.default_rng(3).normal(size=(3, 3))
    changes = np.diff(points, axis=0).T
    np.testing.assert_allclose(taught(count=3).matrix() @ changes, M @ changes, rtol=1e-9)


def test_what_comes_of_the_length_of_a_step_goes_with_it_and_what_passes_directly_does_not() -> None:
    grows, passes = taught(h=0.1), taught(h=0.1, feedthrough=("u0", "u1", "u2"))
    for one in (grows, passes):
        one.begin(0.05)
    np.testing.assert_allclose(grows.matrix(), M / 2.0, rtol=1e-9)
    np.testing.assert_allclose(passes.matrix(), M, rtol=1e-9)


def test_changes_as_small_as_the_errors_of_solvers_teach_nothing() -> None:
    one = taught()
    before = one.matrix()
    u = one.floats[:3].copy()
    one.sees(u * (1.0 + 1e-8), M @ u + [1.0 + 1e-6, -1.0])
    np.testing.assert_array_equal(one.matrix(), before)


def test_a_small_change_that_moves_the_outputs_clearly_teaches() -> None:
    """Where there is next to nothing of what was plenty before, little more of it counts."""
    one = taught()
    u, y = one.floats[:3].copy(), one.floats[3:].copy()
    change = 1e-8 * u
    one.sees(u + change, y + np.array([0.1, 0.0]))
    np.testing.assert_allclose(one.matrix() @ change, [0.1, 0.0], atol=1e-9)


def test_a_small_change_refines_what_is_known_roughly() -> None:
    """Where a system comes to rest, changes become small: what was learnt of larger ones is put right by them."""
    one = taught()
    u, y = one.floats[:3].copy(), one.floats[3:].copy()
    change, other = 1e-8 * u, M * 1.3
    one.sees(u + change, y + other @ change)
    np.testing.assert_allclose(one.matrix() @ change, other @ change, rtol=1e-6)


def test_rounding_does_not_disturb_what_is_known_exactly() -> None:
    one = taught()
    before, u = one.matrix(), one.floats[:3] * (1.0 + 1e-8)
    one.sees(u, M @ u + [1.0, -1.0])
    np.testing.assert_array_equal(one.matrix(), before)


def test_derivatives_are_asked_by_those_inputs_alone_that_something_depends_on_directly() -> None:
    asked = []

    class Asked:
        def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Vector, result: Vector) -> None:
            asked.append(seed.tolist())
            result[:] = M @ seed

    one = Taught(("u1",), Asked())
    one.begin(0.1)
    one.sees(np.zeros(3), np.zeros(2))
    np.testing.assert_array_equal(one.matrix(), [[0.0, -1.0, 0.0], [0.0, 30.0, 0.0]])
    assert asked == [[0.0, 1.0, 0.0]]


class Root:
    """Directional derivatives of y0 = sqrt(u0) and y1 = 3 u1 at 0."""

    def multiply(self, unknowns: Bundle, knowns: Bundle, seed: Vector, result: Vector) -> None:
        result[:] = [np.inf if seed[0] else 0.0, 3.0 * seed[1]]


def test_a_slope_that_is_not_finite_tells_nothing() -> None:
    one = Taught(("u0", "u1", "u2"), Root())
    one.begin(0.1)
    one.sees(np.zeros(3), np.zeros(2))
    np.testing.assert_array_equal(one.matrix(), [[0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    assert one.known


def test_what_was_learnt_is_remembered_as_plain_data_or_forgotten() -> None:
    one, other = taught(), Taught()
    other.begin(0.1)
    other.response.remember(unpack(pack(one.response.remembered())))
    np.testing.assert_array_equal(other.matrix(), one.matrix())
    hot_responses.forget_part(one.response.address)
    assert not one.known
    assert not one.matrix().any()


def solved(
    G: Callable[[float], float], slope: Callable[[float], float], x: float, bounds: tuple[float | None, float | None]
) -> list[float]:
    """What Newton's method tries until the residual is below 1e-12, with slopes that are told at each trial."""
    one = Solver("newton", [1.0], slopes=lambda x: np.array([[slope(x[0])]]), bounds=bounds, tolerance=1e-12)
    one.solve(lambda x: np.array([G(x[0])]), np.array([x]))
    return [float(each[0]) for each in one.tried]


@pytest.mark.parametrize("a", [0.5, 3.0, 8.0, 9.9])
@pytest.mark.parametrize("start", [0.0, 1e-3, 1.0, 90.0])
def test_a_switch_is_solved_from_both_sides(a: float, start: float) -> None:
    """G = a - 10 x / (x + 1e-4): nearly flat above 0.1, with a slope of -100,000 at 0."""
    K = 1e-4
    tried = solved(lambda x: a - 10.0 * x / (x + K), lambda x: -10.0 * K / (x + K) ** 2, start, (0.0, None))
    # (x - a)(x + K) + 10 x = 0
    root = np.roots([1.0, K - a + 10.0, -a * K]).max()
    assert tried[-1] == pytest.approx(root, rel=1e-9)
    assert len(tried) <= 16
    assert min(tried) >= 0.0


def test_a_solution_beyond_a_bound_is_found_after_a_stop_there() -> None:
    tried = solved(lambda x: 0.5 * x - 1.0, lambda x: 0.5, 1.0, (0.0, None))
    assert tried == [1.0, 0.0, pytest.approx(-2.0)]


def test_what_is_only_to_teach_is_tried_within_the_bounds() -> None:
    one = Solver("newton", [1.0], bounds=(0.0, 1.0))
    one.solve(lambda x: 0.1 + 0.5 * x, np.ones(1))
    assert one.tried[1][0] == pytest.approx(1.0 - 1e-4)


def test_an_unknown_keeps_to_what_its_output_and_the_inputs_that_it_feeds_declare() -> None:
    """y in [-1, 9] feeds u = 2 y + 4 in [0, 20] and v = -y in [-5, 0.5]."""
    taken = [an_input("u", minimum=0.0, maximum=20.0), an_input("v", minimum=-5.0, maximum=0.5)]
    signals = Signals({"one": [an_output(minimum=-1.0, maximum=9.0)], "two": taken})
    links = [
        Link(Slot("one", "y", 0), Slot("two", "u", 0), Conversion(2.0, 4.0)),
        Link(Slot("one", "y", 0), Slot("two", "v", 0), Conversion(-1.0, 0.0)),
    ]
    bounds = Unknowns(signals, links).bounds
    assert (bounds.low.tolist(), bounds.high.tolist()) == ([-0.5], [5.0])
    free = Unknowns(Signals({"one": [an_output()], "two": [an_input("u")]}), links[:1]).bounds
    assert (free.low.tolist(), free.high.tolist()) == ([-np.inf], [np.inf])


@pytest.mark.parametrize("first", ["many", "one"])
def test_a_loop_is_torn_where_the_fewest_values_are_unknown(first: str) -> None:
    parts = {"many": gain("many", [[0.1], [0.2], [0.3]], [1.0, 2.0, 3.0]), "one": gain("one", [[0.1, 0.2, 0.3]], [1.0])}
    wires = [*(Wire(f"many.y{k}", f"one.u{k}") for k in (1, 2, 3)), Wire("one.y1", "many.u1")]
    ordered = [parts[first], *(part for name, part in parts.items() if name != first)]
    run, _ = coupled(ordered, wires)
    with run:
        run.run()
        (loop,) = run._master.memories.values()
        assert loop.remembered()["largest"].size == 1
        assert loop_statistics(run).worst_variable in ("", "one.y1")
