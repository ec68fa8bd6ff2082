"""The distribution as it is installed: names, public interface, examples."""

import re
from importlib import import_module
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

import cotwin
from orchestrator.system.scenario_file import read_scenario
from orchestrator.system.sweep import read_plan
from orchestrator.system.yaml.file import read_system

ROOT = Path(__file__).parents[1]
PACKAGES = ("cotwin", "orchestrator", "surrogates", "plant_models", "fmus")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_other_distribution_brings_a_package_of_the_same_name(package):
    others = set(packages_distributions().get(package, ())) - {"cotwin"}
    assert not others, f"{', '.join(others)} also installs '{package}': pip uninstall {' '.join(others)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_the_package_that_is_imported_is_the_one_of_this_project(package):
    assert Path(import_module(package).__file__).parent == ROOT / package


def test_the_installed_version_is_the_one_in_the_source():
    assert version("cotwin") == cotwin.__version__


def test_the_documented_public_names_are_those_in_all():
    documented = re.findall(r"^::: ([\w.]+)\.(\w+)$", (ROOT / "docs" / "api.md").read_text(), flags=re.MULTILINE)
    assert sorted(name for _, name in documented) == sorted(set(cotwin.__all__) - {"__version__"})
    for module, name in documented:
        assert getattr(cotwin, name) is getattr(import_module(module), name)


def test_all_is_sorted_and_without_doubles():
    assert cotwin.__all__ == sorted(set(cotwin.__all__))


READERS = {"examples": read_system, "scenarios": read_scenario, "sweeps": read_plan}


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_a_valid_description(path):
    assert READERS[path.parent.name](path)


def test_every_pin_is_exact_and_torch_is_the_one_of_the_project():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.\-]+==[\w.+]+", pin) for pin in pins)
    assert "torch==2.13.0" in pins


def test_every_lower_bound_is_met_by_its_pin():
    packaging = pytest.importorskip("packaging.requirements")
    tomllib = import_module("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = {name: wanted for name, wanted in project["optional-dependencies"].items() if name != "gpu"}
    pins = dict(re.findall(r"^([\w.\-]+)==(\S+)$", (ROOT / "constraints.txt").read_text().lower(), flags=re.MULTILINE))
    for text in [*project["dependencies"], *(one for wanted in extras.values() for one in wanted)]:
        requirement = packaging.Requirement(text)
        assert requirement.specifier.contains(pins[requirement.name.lower()]), text
