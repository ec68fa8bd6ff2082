"""The page of `cotwin explain`, before a run and after it, and the command on both."""

import json
import re

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from cotwin.bars import Bar, bars
from cotwin.cli import app
from cotwin.execution import execute
from cotwin.explanation import after_a_run, before_a_run, write_page
from cotwin.page import Figure, page_of
from cotwin.preparation import Overrides, prepare
from cotwin.run_pictures import pictures_after
from cotwin.tables import Table
from orchestrator.errors import DescriptionError
from tests.cotwin.test_report_page import Page
from tests.cotwin.test_run_statistics import component, data

HOSTILE = "<img src=x onerror=alert(1)>"


def call(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def hostile(toys, tmp_path):
    content = yaml.safe_load(toys.system.read_text())
    content["components"] = {HOSTILE: content["components"]["first"], "second": content["components"]["second"]}
    content["connections"] = [f"{HOSTILE}.x -> second.u", f"second.x -> {HOSTILE}.u"]
    path = tmp_path / "hostile.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def test_the_page_before_a_run_fetches_nothing_and_shows_the_graph(toys, tmp_path):
    told = before_a_run(toys.system, None, probing=True)
    write_page(told, tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    page = Page(text)
    assert not [reference for reference in page.references if not reference.startswith(("#", "data:"))]
    assert "System" in page.words
    assert "Suggestions" in page.words
    assert page.words.index("Suggestions") < page.words.index("Components")
    assert "script" not in page.tags


def test_names_of_components_are_text_and_nothing_else(hostile, tmp_path):
    told = before_a_run(hostile, None, probing=True)
    assert told.data["probe"]["loops"][0]["components"]
    write_page(told, tmp_path / "page.html")
    assert "<img" not in (tmp_path / "page.html").read_text()
    execute(prepare(hostile, Overrides()), tmp_path / "run")
    write_page(after_a_run(tmp_path / "run"), tmp_path / "after.html")
    assert "<img" not in (tmp_path / "after.html").read_text()
    assert HOSTILE in "".join(Page((tmp_path / "after.html").read_text()).words)


def test_the_command_explains_the_folder_of_a_run(toys, tmp_path):
    execute(prepare(toys.system, Overrides()), tmp_path / "run")
    shown = call("explain", tmp_path / "run", "--html", tmp_path / "after.html")
    assert shown.exit_code == 0
    assert "Costs" in shown.stdout
    assert "macro steps" in shown.stdout
    assert f"wrote {tmp_path / 'after.html'}" in shown.stdout.replace("\n", "")
    given = json.loads(call("explain", tmp_path / "run", "--json").stdout)
    assert given["schema"] == "cotwin-statistics-1"
    assert given["advice"] == []


def test_a_folder_without_statistics_is_taken_for_a_system_and_refused_as_one(tmp_path):
    shown = call("explain", tmp_path)
    assert shown.exit_code == 2
    assert "SystemStructure.ssd" in shown.stderr


@pytest.mark.parametrize("name", ["page.txt", "nowhere/page.html"])
def test_a_page_that_cannot_be_written_is_refused_by_name(toys, tmp_path, name):
    told = before_a_run(toys.system, None, probing=False)
    with pytest.raises(DescriptionError, match=re.escape(str(tmp_path / name))):
        write_page(told, tmp_path / name)


def test_pictures_after_a_run_show_what_varies_over_time(tmp_path):
    course = [
        {
            "time": 1.0 * k,
            "macro_steps": 2,
            "rejected": k % 2,
            "iterations": 6,
            "smallest_step": 0.1,
            "largest_step": 0.5,
        }
        for k in range(10)
    ]
    titles = [figure.title for figure in pictures_after(data(course=course), tmp_path)]
    assert titles == ["Wall-clock time", "Step size over time", "Steps taken back", "Iterations"]


def test_steps_of_one_size_need_no_picture(tmp_path):
    course = [
        {"time": k, "macro_steps": 2, "rejected": 0, "iterations": 0, "smallest_step": 0.1, "largest_step": 0.1}
        for k in range(10)
    ]
    assert [figure.title for figure in pictures_after(data(course=course), tmp_path)] == ["Wall-clock time"]
    assert pictures_after(data(components=[]), tmp_path) == ()


def test_bars_are_as_long_as_their_values_and_keep_within_the_picture():
    text = bars([Bar("one", (2.0, 1.0), "3"), Bar("two", (6.0,), "6")], ("first", "second"), limit=4.0)
    widths = [float(found) for found in re.findall(r'width="([\d.]+)" height="17"', text)]
    assert widths[0] == pytest.approx(2.0 * widths[1], abs=0.2)
    assert widths[2] == pytest.approx(6.0 * widths[1], abs=0.6)
    places = [float(found) for found in re.findall(r'<text x="([\d.]+)"', text)]
    assert max(places) < 500.0
    Page(text)


def test_long_names_of_bars_are_cut_and_whole_in_their_title():
    text = bars([Bar("x" * 80, (1.0,), "1")])
    assert f"<title>{'x' * 80}: 1</title>" in text
    assert ">…" + "x" * 29 + "<" in text


def test_bars_of_nothing_have_no_length():
    assert 'width="0.0"' in bars([Bar("idle", (0.0,), "0 s")])


def test_a_page_escapes_titles_and_captions():
    text = page_of("<a>", ["<b>"], [Figure("<c>", "<svg></svg>", "<d>")], [Table("<e>", ("<f>",), [("<g>",)])])
    assert not set(Page(text).tags) & set("acdefg")
    assert np.isin(["<a>", "<b>", "<c>", "<d>", "<e>", "<f>", "<g>"], Page(text).words).all()


def test_components_are_drawn_with_the_slowest_first(tmp_path):
    told = data(components=[component("fast", 1.0), component("slow", 4.0)])
    (figure,) = pictures_after(told, tmp_path)
    assert figure.svg.index("slow") < figure.svg.index("fast") < figure.svg.index("outside of components")
