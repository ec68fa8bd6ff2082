"""Tables in terminals of different widths: every cell is there, and no line is longer than the terminal."""

import logging
from io import StringIO

import pytest
from rich.console import Console

from cotwin import terminal
from cotwin.inspection import inspected
from cotwin.tables import Table
from orchestrator.fmi.variables import read_model
from tests.kit.build import kit_fmu

WORDS = "what is said about it at some length, and more of the same"
TABLE = Table(
    "Things", ("name", "size", "unit", "description"), [("a", "1.5", "m", WORDS), ("long_name", "20", "", "")]
)


@pytest.fixture
def shown(monkeypatch):
    def show(width, *tables):
        text = StringIO()
        monkeypatch.setattr(terminal, "output", Console(file=text, width=width, highlight=False))
        terminal.show(tables)
        return [line.rstrip() for line in text.getvalue().splitlines()]

    return show


def test_columns_that_fit_stand_side_by_side_and_the_last_one_wraps(shown):
    lines = shown(60, TABLE)
    assert lines[1].split() == ["name", "size", "unit", "description"]
    assert lines[2].startswith("a           1.5  m     what is said")


def test_where_the_last_column_does_not_fit_it_goes_below_its_row(shown):
    assert shown(40, TABLE) == [
        "Things",
        "name       size  unit",
        "a           1.5  m",
        "    what is said about it at some",
        "    length, and more of the same",
        "long_name    20",
        "",
    ]


def test_where_nothing_fits_each_row_is_a_heading_with_the_rest_below(shown):
    assert shown(18, TABLE)[:3] == ["Things", "a", "    size: 1.5,"]


def test_a_last_column_of_numbers_never_stands_below_without_its_name(shown):
    table = Table("Costs", ("component", "steps", "set + get [s]"), [("reactor", "20", "0.075")])
    assert shown(18, table)[1:] == ["reactor", "    steps: 20, set", "    + get [s]:", "    0.075", ""]


def test_names_with_brackets_are_no_markup(shown):
    table = Table("[b]", ("[i]x", "y", "z"), [("[red]a[/red]", "1", WORDS)])
    for width in (16, 30, 80):
        assert any("[red]a[/red]" in line for line in shown(width, table))


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize(
    ("model", "version", "kind"),
    [
        ("FedBatch", "1.0", "model_exchange"),
        ("BouncingBall", "2.0", "co_simulation"),
        ("Feedthrough", "3.0", "co_simulation"),
        ("Clocks", "3.0", "co_simulation"),
    ],
)
def test_what_an_fmu_says_is_readable_in_every_width(shown, width, model, version, kind):
    info = read_model(kit_fmu(model, version, kind))
    lines = shown(width, *inspected(info))
    assert max(map(len, lines)) <= width
    text = "".join(lines)
    assert all(connector.name in text for connector in info.connectors)
    if width >= 80:
        (heading,) = [line for line in lines if line.startswith("variable ")]
        assert heading.split()[:4] == ["variable", "causality", "variability", "type"]


@pytest.mark.parametrize("somebody", [True, False])
def test_a_first_run_says_what_it_compiles_where_somebody_looks(monkeypatch, somebody):
    text, logger = StringIO(), logging.getLogger("orchestrator.compiled_sources")
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    logger.manager._clear_cache()
    monkeypatch.setattr(terminal, "errors", Console(file=text, width=200, force_terminal=somebody))
    for _ in range(2):
        terminal.tell_of_compiling()
    logger.info("compiling for %s", "this machine")
    assert text.getvalue() == ("compiling for this machine\n" if somebody else "")
