"""Descriptions changed at random are read or refused with a DescriptionError, never anything else."""

import random
from contextlib import suppress

import pytest
from lxml import etree

from orchestrator.errors import DescriptionError
from orchestrator.ssp.reader import read_ssp
from orchestrator.ssp.schema import violations
from tests.ssp.everything import everything
from tests.ssp.texts import package

ODD = (
    "",
    " ",
    "-1",
    "0",
    "1e999",
    "NaN",
    "true",
    "a",
    "b",
    "../x",
    "#s",
    "resources/a.fmu",
    "resources/p.ssv",
    "x" * 300,
    "a.b/c->d",
    "\u2028",
    "99999999999999999999",
    "1 2 3",
    "http://[",
    "input",
    "output",
    "unspecified",
    "Clock",
    "application/x-ssp-definition",
    "application/x-ssp-package",
    "SystemStructure.ssd",
    "//",
    "%",
    "component",
)


def changed(text: str, chance: random.Random) -> str:
    """The text with one to three changes: attributes and elements replaced, removed, doubled or moved."""
    root = etree.fromstring(text.encode())
    for _ in range(chance.randint(1, 3)):
        parts = list(root.iter("{*}*"))
        part = chance.choice(parts)
        kind = chance.randrange(5)
        if kind == 0 and part.attrib:
            part.set(chance.choice(list(part.attrib)), chance.choice(ODD).replace("\0", ""))
        elif kind == 1 and part.attrib:
            del part.attrib[chance.choice(list(part.attrib))]
        elif kind == 2 and part.getparent() is not None:
            part.getparent().remove(part)
        elif kind == 3 and part.getparent() is not None:
            part.addnext(etree.fromstring(etree.tostring(part, with_tail=False)))
        elif kind == 4:
            part.append(
                etree.fromstring(etree.tostring(chance.choice(parts[1:]) if parts[1:] else part, with_tail=False))
            )
    return etree.tostring(root).decode()


def test_the_structure_that_is_changed_can_be_read(tmp_path):
    text, files = everything()
    description = read_ssp(package(tmp_path / "plant.ssp", text, files))
    assert list(description.components) == ["one", "two_x", "s/b", "t/b", "f/g"]


@pytest.mark.parametrize("seed", range(6))
def test_changed_structures_are_read_or_refused(tmp_path, seed):
    chance = random.Random(seed)
    text, files = everything()
    for number in range(6):
        path = package(tmp_path / f"{number}.ssp", changed(text, chance), files)
        for reads in (violations, read_ssp):
            with suppress(DescriptionError):
                reads(path)
