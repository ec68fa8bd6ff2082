"""What the FMUs compute, against exact solutions, published numbers, FMPy's own solver and each other."""

import math
import struct

import fmpy
import numpy as np
import pytest

from tests.fmus.harness import running


def trajectory(path, interface, names, stop, h, **inputs):
    """Co-Simulation on a fixed grid: values of the names after every step, one row per step."""
    rows = []
    with running(path, interface) as instance:
        instance.initialize(**inputs)
        for k in range(round(stop / h)):
            instance.step(k * h, h)
            rows.append(np.concatenate([np.atleast_1d(instance.get(name)) for name in names]))
    return np.array(rows)


def test_a_stiff_decay_follows_its_exact_solution(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(k=1e4, u=1.0)
        h = 2e-5
        for n in range(1, 21):
            instance.step((n - 1) * h, h)
            exact = 1.0 + 2.0 * math.exp(-1e4 * n * h)
            assert instance.get("x")[0] == pytest.approx(exact, abs=5e-6)


def test_a_stiff_decay_takes_long_steps_in_its_slow_phase(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(u=1.0)
        instance.step(0.0, 3600.0)
        assert instance.get("x")[0] == pytest.approx(1.0, abs=1e-6)


def test_an_oscillation_keeps_phase_and_amplitude(fmu):
    rows = trajectory(fmu("oscillator"), "cs", ["q", "v"], 10.0, 0.1, solver_tolerance=1e-9)
    t = 0.1 * np.arange(1, 101)
    assert rows[:, 0] == pytest.approx(np.cos(2 * t), abs=1e-7)
    assert rows[:, 1] == pytest.approx(-2 * np.sin(2 * t), abs=2e-7)


def test_robertson_reaches_the_published_values(fmu):
    """Values at t = 0.4, 4, 40 and 4e5: Hairer and Wanner's test set, and SUNDIALS' cvRoberts example."""
    published = {
        0.4: (9.8517e-1, 3.3864e-5, 1.4794e-2),
        4.0: (9.0552e-1, 2.2405e-5, 9.4453e-2),
        40.0: (7.1583e-1, 9.1850e-6, 2.8416e-1),
        4e5: (4.9384e-3, 1.9850e-8, 9.9506e-1),
    }
    with running(fmu("robertson")) as instance:
        instance.initialize(tolerance=1e-8)
        t = 0.0
        for stop, expected in published.items():
            instance.step(t, stop - t)
            t = stop
            found = [instance.get(name)[0] for name in ("y1", "y2", "y3")]
            assert found == pytest.approx(expected, rel=2e-4)
            assert instance.get("total")[0] == pytest.approx(1.0, abs=1e-10)


def test_a_diffusion_chain_conserves_what_is_fed(fmu):
    with running(fmu("chain")) as instance:
        instance.initialize(feed=0.25)
        for k in range(20):
            instance.step(float(k), 1.0)
        assert instance.get("total")[0] == pytest.approx(1.0 + 0.25 * 20, rel=1e-10)
        assert instance.get("c").sum() == pytest.approx(instance.get("total")[0], rel=1e-14)


def test_a_diffusion_chain_decays_in_its_slowest_mode(fmu):
    """Closed ends: cos(pi (i - 1/2)/n) is an eigenvector with eigenvalue -4 D sin^2(pi/(2n))."""
    n, d = 400, 50.0
    mode = np.cos(np.pi * (np.arange(n) + 0.5) / n)
    rate = 4 * d * math.sin(math.pi / (2 * n)) ** 2
    with running(fmu("chain")) as instance:
        instance.initialize(c=2.0 + mode)
        instance.step(0.0, 300.0)
        assert instance.get("c") == pytest.approx(2.0 + mode * math.exp(-rate * 300.0), abs=2e-6)


@pytest.mark.parametrize(
    ("name", "outputs", "h", "inputs"),
    [
        ("decay", ["x", "twice", "through", "gap", "der(x)"], 1e-3, {"k": 30.0}),
        ("robertson", ["y1", "y2", "y3", "total"], 0.5, {}),
        ("chain", ["c", "total", "der(c)"], 0.1, {"feed": 1.0}),
        ("sampled", ["count", "u", "alarm", "phase", "held", "odd", "integral"], 0.05, {"y": 0.3}),
        ("mixed", ["x", "u", "error"], 0.1, {}),
        ("vector", ["S", "y", "mean"], 10.0, {}),
    ],
)
def test_both_versions_give_the_same_bits(built, name, outputs, h, inputs):
    runs = [trajectory(path, "cs", outputs, 40 * h, h, **inputs) for path in built[name][:2]]
    assert np.array_equal(runs[0], runs[1])


@pytest.mark.parametrize("name", ["oscillator", "robertson", "chain", "mixed", "sampled", "vector"])
def test_co_simulation_agrees_with_fmpys_own_solution_of_the_model_exchange_build(fmu, name):
    results = [
        fmpy.simulate_fmu(
            str(fmu(name)),
            fmi_type=kind,
            stop_time=5.0,
            output_interval=0.25,
            relative_tolerance=1e-8,
            record_events=False,
        )
        for kind in ("CoSimulation", "ModelExchange")
    ]
    for column in results[0].dtype.names:
        ours, theirs = (np.asarray(result[column], dtype=float) for result in results)
        assert ours == pytest.approx(theirs, abs=2e-5 * max(1.0, np.abs(theirs).max())), column


def test_a_jump_of_the_input_between_steps_is_followed(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(k=100.0, u=3.0)
        instance.step(0.0, 100.0)
        instance.set("u", 1.0)
        instance.step(100.0, 0.01)
        assert instance.get("x")[0] == pytest.approx(1.0 + 2.0 * math.exp(-1.0), abs=1e-5)


def proposed_step(instance):
    """The solver's next step size (s), read from the serialized state: it follows the header and four times."""
    state = instance.keep()
    (step,) = struct.unpack_from("d", instance.serialize(state), 80 + 4 * 8)
    instance.free(state)
    return step


def test_a_step_cut_short_does_not_destroy_the_step_size(fmu):
    with running(fmu("chain")) as instance:
        instance.initialize()
        instance.step(0.0, 1000.0)
        before = proposed_step(instance)
        assert before > 1.0
        instance.step(1000.0, 1e-6)
        assert proposed_step(instance) >= before


def test_scans_happen_at_multiples_of_the_sample_time_whatever_the_steps(fmu):
    for h in (0.1, 0.05, 0.03, 0.25, 1.0):
        with running(fmu("sampled")) as instance:
            instance.initialize()
            for k in range(round(3.0 / h)):
                instance.step(k * h, h)
                assert instance.get("count")[0] == math.floor((k + 1) * h / 0.1 + 1e-6)


def test_a_sampled_controller_follows_its_difference_equation(fmu):
    integral, u = 0.0, []
    for _ in range(10):
        u.append(2.0 * (1.0 - 0.25) + integral)
        integral += 0.1 * (1.0 - 0.25)
    with running(fmu("sampled")) as instance:
        instance.initialize(y=0.25)
        found = []
        for k in range(10):
            instance.step(k * 0.1, 0.1)
            found.append(instance.get("u")[0])
            assert instance.get("held")[0] == 2 * found[-1]
            assert instance.get("phase")[0] == 2
            assert instance.get("alarm")[0] == (k + 1 > 5)
            assert instance.get("odd")[0] == (k + 1) % 2
    assert found == pytest.approx(u, rel=1e-14)


def test_a_mixed_model_reads_its_continuous_state_at_the_scan(fmu):
    """Between scans x decays exactly to u; one step over many scans is the same as the recurrence."""
    x, u = 0.0, 0.0
    for _ in range(12):
        x = u + (x - u) * math.exp(-0.25)
        u += 0.2 * (1.0 - x)
    with running(fmu("mixed")) as instance:
        instance.initialize(tolerance=1e-10)
        instance.step(0.0, 3.0)
        assert instance.get("x")[0] == pytest.approx(x, abs=1e-9)
        assert instance.get("u")[0] == pytest.approx(u, abs=1e-9)


def test_outputs_in_step_mode_stay_those_of_the_communication_point(fmu):
    with running(fmu("decay")) as instance:
        instance.initialize(k=1.0, u=1.0)
        instance.step(0.0, 1.0)
        before = [instance.get(name)[0] for name in ("through", "gap", "der(x)")]
        instance.set("u", 7.0)
        instance.set("k", 5.0)
        assert [instance.get(name)[0] for name in ("through", "gap", "der(x)")] == before
        assert instance.get("u")[0] == 7.0


def test_outputs_in_initialization_mode_follow_the_inputs(fmu):
    with running(fmu("decay")) as instance:
        instance.enter_initialization()
        for u in (1.0, 4.0):
            instance.set("u", u)
            assert instance.get("through")[0] == 3.0 + u
        instance.set("x", 5.0)
        assert instance.get("twice")[0] == 10.0
