"""Packages: what is written is read back, and what was touched on the way is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.errors import SurrogateError
from surrogates.design import Split
from surrogates.package import Package, load_package, save_package
from surrogates.runtime import open_runtime
from surrogates.zone_training import save_zones
from tests.surrogates.small_tank import plan, subject, trained, trajectories


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "small_tank.surrogate"
    save_zones(target, subject(), trained(0), trajectories(), plan(0))
    return target


def test_a_package_is_read_back_as_it_was_written(path: Path):
    package = load_package(path)
    tank = trained(0).tank
    np.testing.assert_array_equal(package.arrays["tank.stir"], tank.stir)
    assert package.card.macro_step == 1.0
    assert package.card.constants["S_feed"] == 500.0
    assert package.card.variables == subject().variables
    assert package.card.seed == 3


def test_the_card_tells_errors_of_means_and_zones_with_and_without_the_network(path: Path):
    card = load_package(path).card
    assert set(card.errors) == {"test", "stress"}
    assert set(card.errors["test"]) == {"free_run", "one_step"}
    assert set(card.ablation) == {"balances alone", "balances and network"}
    assert card.ablation["balances and network"] == card.errors["test"]["free_run"]
    assert set(card.designs.values()) == {str(split) for split in Split}
    assert card.training["network_kept"] == 1.0


def test_there_are_two_files_and_no_pickle(path: Path):
    assert sorted(file.name for file in path.iterdir()) == ["card.json", "weights.safetensors"]
    json.loads((path / "card.json").read_text())


def test_one_flipped_bit_in_the_weights_is_refused(path: Path):
    file = path / "weights.safetensors"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(SurrogateError, match=r"weights\.safetensors: its SHA-256 is not the one on the card"):
        load_package(path)


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("format", 99, "it is not a card of format 1"),
        ("macro_step", -1.0, "macro_step -1 s is not positive"),
        ("macro_step", "soon", "could not convert"),
        ("shapes", {}, "names, shapes or types"),
        ("box", 5, "items"),
    ],
)
def test_a_card_that_was_changed_is_refused(path: Path, entry: str, value: object, message: str):
    file = path / "card.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), entry: value}))
    with pytest.raises(SurrogateError, match=message):
        load_package(path)


def test_a_missing_entry_is_named(path: Path):
    file = path / "card.json"
    content = json.loads(file.read_text())
    del content["variables"]
    file.write_text(json.dumps(content))
    with pytest.raises(SurrogateError, match="entries missing or unknown: variables"):
        load_package(path)


def test_a_missing_file_is_named_with_the_remedy(path: Path):
    (path / "weights.safetensors").unlink()
    with pytest.raises(SurrogateError, match=r"weights\.safetensors: it cannot be read .*Train the surrogate again"):
        load_package(path)


def test_arrays_that_contradict_each_other_are_refused(path: Path):
    card, arrays = load_package(path)
    save_package(path, card, {**arrays, "tank.mean": np.ones(3)})
    with pytest.raises(SurrogateError, match="the shapes of its arrays contradict each other"):
        open_runtime(load_package(path), "cpu")


def test_an_unknown_kind_is_refused(path: Path):
    card, arrays = load_package(path)
    with pytest.raises(SurrogateError, match="kind 'magic' is not known"):
        open_runtime(Package(type(card)(**{**vars(card), "kind": "magic"}), arrays), "cpu")
