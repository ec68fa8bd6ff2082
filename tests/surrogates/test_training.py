"""Training the network of the small tank: repeatable, never worse than the balances, refused where it diverges."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from orchestrator.errors import SurrogateError
from surrogates.design import Split
from surrogates.training import Recipe, Stage, sample_windows, train
from surrogates.zone_training import errors_of, train_zones
from tests.surrogates.small_tank import RECIPE, FakeClock, plan, tank, trained, trajectories

SHORT = replace(RECIPE, stages=(Stage(1, 6, 8), Stage(3, 2, 4)), check_every=2)


class Drift(nn.Module):
    """x+ = x + a u, to be learnt: a = 0.3."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.zeros((), dtype=torch.float64))

    def rollout(self, window):
        return window["x"][:, :1] + self.a * window["u"][:, :-1].cumsum(dim=1)

    def target(self, window):
        return window["x"][:, 1:]


def drifting(seed: int) -> dict[str, torch.Tensor]:
    u = torch.randn(5, 21, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    x = torch.cat([torch.zeros(5, 1, 1, dtype=torch.float64), 0.3 * u[:, :-1].cumsum(dim=1)], dim=1)
    return {"x": x, "u": u}


def test_the_loop_finds_a_known_parameter():
    model = Drift()
    history = train(model, drifting(0), drifting(1), Recipe(stages=(Stage(1, 300), Stage(8, 200)), learning_rate=5e-3))
    assert model.a.item() == pytest.approx(0.3, rel=1e-2)
    assert history.best < 0.02


def test_the_same_seed_gives_the_same_weights_to_the_bit():
    runs = [train_zones(tank(), trajectories(), replace(plan(0), recipe=SHORT), FakeClock()) for _ in range(2)]
    for one, other in zip(runs[0].candidate.weights, runs[1].candidate.weights, strict=True):
        np.testing.assert_array_equal(one, other)
    another = train_zones(tank(), trajectories(), replace(plan(0), recipe=replace(SHORT, seed=9)), FakeClock())
    assert np.abs(another.candidate.weights[0] - runs[0].candidate.weights[0]).max() > 0.0


def test_where_modes_are_missing_the_network_brings_the_zones_closer_on_designs_it_never_saw():
    surrogate = trained(0)
    tests = trajectories()[Split.TEST]
    alone, both = (errors_of(surrogate, network, tests)["free_run"] for network in (None, surrogate.candidate))
    assert surrogate.history.best < 0.95
    assert both["S"] < alone["S"]
    assert both["DOT"] < alone["DOT"]
    assert both["DOT_mean"] < 0.9 * alone["DOT_mean"]


def test_the_balances_with_all_modes_need_no_network():
    untrained = replace(plan(10), recipe=replace(SHORT, stages=()))
    surrogate = train_zones(tank(), trajectories(), untrained, FakeClock())
    assert surrogate.network is None
    errors = errors_of(surrogate, None, trajectories()[Split.TEST])["free_run"]
    assert max(errors.values()) < 1e-4


def test_a_training_that_only_gets_worse_leaves_the_model_as_it_was():
    model = Drift()
    with torch.no_grad():
        model.a.fill_(0.3 + 1e-6)
    spoilt = drifting(0)
    spoilt["x"] = -spoilt["x"]
    history = train(model, spoilt, drifting(1), Recipe(stages=(Stage(1, 40),), check_every=10))
    assert history.best == 1.0
    assert model.a.item() == 0.3 + 1e-6


def test_a_loss_that_is_no_number_stops_the_training():
    data = drifting(0)
    data["x"] = data["x"] * float("nan")
    with pytest.raises(SurrogateError, match="loss nan at iteration 1"):
        train(Drift(), data, drifting(1), Recipe(stages=(Stage(1, 5),)))


def test_windows_longer_than_the_trajectories_are_refused():
    with pytest.raises(SurrogateError, match="windows of 30 steps do not fit 20"):
        sample_windows(drifting(0), Stage(30, 1), torch.Generator())
