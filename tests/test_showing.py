"""What people read of unpacked packages and of names without end."""

import pickle
from pathlib import Path

import pytest

from orchestrator.errors import DescriptionError, StepError
from orchestrator.showing import LONGEST, folders, learn, named, named_within, shown, unpacked_into
from orchestrator.system.yaml.file import from_mapping


@pytest.fixture
def package():
    unpacked_into(Path("/tmp/of-outer"), Path("/plants/plant.ssp"))
    unpacked_into(Path("/tmp/of-inner"), Path("/tmp/of-outer/resources/inner.ssp"))


def test_a_file_of_a_package_in_a_package_goes_by_the_names_of_both(package):
    inner = "/plants/plant.ssp/resources/inner.ssp/a.fmu"
    assert named("/tmp/of-inner/a.fmu: no FMU") == f"{inner}: no FMU"
    assert named_within({"a": ["/tmp/of-inner/a.fmu", 1, None]}) == {"a": [inner, 1, None]}
    assert str(StepError("in /tmp/of-inner/a.fmu", component="a")) == f"in {inner}"


def test_an_error_from_another_process_and_what_it_knows_are_taken_over(package):
    assert "/plants/plant.ssp" in str(pickle.loads(pickle.dumps(DescriptionError("/tmp/of-outer/a.fmu"))))
    learn({"/tmp/elsewhere": "other.ssp"})
    assert folders()["/tmp/elsewhere"] == "other.ssp"


def test_words_without_end_are_cut_and_all_others_are_left():
    text = f"no connector '{'x' * 10**5}'; " + "word " * 1000 + "y" * LONGEST
    assert shown(text) == text.replace("x" * 10**5, "x" * 149 + "..." + "x" * 48)


def test_errors_about_endless_names_are_short():
    name = "c" * 10**5
    data = {"name": "p", "components": {"a": {"source": "a.fmu", "parameters": {name: [1, {}]}}}, "step_size": 1}
    with pytest.raises(DescriptionError) as raised:
        from_mapping(data, Path.cwd(), "description")
    assert len(str(raised.value)) < 5000
