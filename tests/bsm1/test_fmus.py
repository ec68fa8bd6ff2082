"""The FMUs of the plant are valid in both versions of the standard."""

import pytest
from fmpy.validation import validate_fmu

from plant_models.plants.bsm1 import BSM1
from tests.plants import fmu


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("stem", BSM1)
def test_fmpy_finds_no_problem(stem: str, version: int) -> None:
    assert validate_fmu(str(fmu(stem, version))) == []
