"""Ranges that are checked inside a whole: the same values end it that end a run."""

import re
import zipfile

import pytest

from orchestrator.errors import CapabilityError, InitializationError, StepError
from orchestrator.export.container import export_fmu
from orchestrator.system.yaml.file import from_mapping
from tests.export.exported import PARTS, growth, run, run_in_fmpy
from tests.export.test_same_bits import same
from tests.fmus.harness import FMICallException
from tests.kit.build import compiler, kit_fmu
from tests.plants import ROOT, fmu

needs_compiler = pytest.mark.skipif(compiler() is None, reason="building the kit needs a C compiler")


def bounded(source, folder, variable, **bounds):
    """A copy of an FMU, with a range of one variable."""
    path = folder / f"{source.stem}_{variable}.fmu"
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(path, "w") as copy:
        for name in archive.namelist():
            data = archive.read(name)
            told = _told(data.decode(), variable, bounds) if name == "modelDescription.xml" else data
            copy.writestr(archive.getinfo(name), told)
    return path


def _told(description, variable, bounds):
    """FMI 2.0 has ranges on the element of the type, FMI 3.0 on that of the variable."""
    told = " ".join(f'{key}="{value}"' for key, value in bounds.items())
    end = description.index(">", description.index(f'name="{variable}"'))
    real = re.match(r">\s*<Real", description[end:])
    place = end + real.end() if real else end - (description[end - 1] == "/")
    return f"{description[:place]} {told}{description[place:]}"


def checked(folder, version, variable, **bounds):
    """Prey and predators, with a range of one variable of the prey."""
    system = growth()
    system["components"]["prey"] = {"source": str(bounded(fmu("prey", version), folder, variable, **bounds))}
    system["components"]["prey"]["check_ranges"] = True
    return from_mapping(system, ROOT, "tests")


@pytest.mark.parametrize("version", [2, 3])
def test_what_stays_inside_has_the_bits_of_the_run(version, tmp_path):
    description = checked(tmp_path, version, "x", min=0.0, max=100.0)
    path = export_fmu(description, tmp_path / "whole.fmu").path
    assert same(run_in_fmpy(path, description), run(description))


@pytest.mark.parametrize("version", PARTS)
@pytest.mark.parametrize(("variable", "bound"), [("x", 1.0), ("y", 1.3)])
def test_a_value_outside_ends_the_step_where_it_ends_the_run(variable, bound, version, tmp_path):
    free = run(from_mapping(growth(), ROOT, "tests"))
    values = free["prey.x" if variable == "x" else "predator.y"]
    bound = float(values[5]) if variable == "x" else float((values[7] + values[8]) / 2)
    bounds = {"max": bound} if values[9] > bound else {"min": bound}
    description = checked(tmp_path, PARTS[version], variable, **bounds)
    with pytest.raises((StepError, InitializationError)) as caught:
        run(description)
    path = export_fmu(description, tmp_path / "whole.fmu", version=version).path
    said = []
    with pytest.raises(FMICallException):
        run_in_fmpy(path, description, logger=lambda *answer: said.append(str(answer[-1])))
    (text,) = [text for text in said if "outside of its range" in text]
    assert f"'prey.{variable}' is " in text
    (expected,), (found,) = (re.findall(r"at t = ([\d.]+) s", each) for each in (str(caught.value), text))
    assert found == expected


@needs_compiler
def test_ranges_of_a_component_with_event_mode_are_refused(tmp_path):
    system = growth()
    system["components"]["stair"] = {
        "source": str(kit_fmu("Stair", "3.0", "co_simulation", event_mode=True)),
        "check_ranges": True,
    }
    with pytest.raises(
        CapabilityError, match="component 'stair': a container checks no ranges of a component with Event"
    ):
        export_fmu(from_mapping(system, ROOT, "tests"), tmp_path / "whole.fmu")


def test_isolation_has_no_meaning_inside_which_is_said(tmp_path):
    system = growth()
    system["components"]["prey"]["isolation"] = "process"
    description = from_mapping(system, ROOT, "tests")
    done = export_fmu(description, tmp_path / "whole.fmu")
    assert done.left_out == (
        "component 'prey' runs in the process of the importer: isolation belongs to runs of cotwin",
    )
    assert same(run_in_fmpy(done.path, description), run(description))
