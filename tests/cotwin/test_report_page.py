import re
from html.parser import HTMLParser

import pytest

from cotwin.panels import panels
from cotwin.plots import save_png
from cotwin.report_page import Extras, write_report
from cotwin.tables import Table
from orchestrator.observer import Event
from tests.cotwin.records import fed_batch

VOID = {"meta", "img", "br", "path", "use"}


class Page(HTMLParser):
    """Collects tags, what they refer to, and the shown text; refuses tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.references, self.words, self.tags = [], [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [value for key, value in attributes if key in ("src", "href", "xlink:href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [value for key, value in attributes if key in ("src", "href")]

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture
def page(tmp_path):
    record = fed_batch()
    record.events = (Event(60.0, "plc", "swap", "handed over <now> & here"),)
    record.metadata = {
        "algorithm": "jacobi",
        "step_size": 1.0,
        "system": "<plant>",
        "host": {"python": "3.14"},
        "components": {"tank": {"kind": "fmu", "guid": "{<a>}"}},
        "description": {"name": "<plant>"},
    }
    picture = save_png(panels(record)[:1], tmp_path / "picture.png")
    extras = Extras("tank: <boom>", [Table("Costs", ("part", "ms"), [("tank", "1.5")])], [picture])
    return write_report(record, tmp_path / "report.html", "Fed <batch>", extras).read_text()


def test_the_report_fetches_nothing(page):
    parsed = Page(page)
    assert all(reference.startswith(("#", "data:")) for reference in parsed.references)
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert {"script", "link", "iframe"}.isdisjoint(parsed.tags)


def test_the_report_shows_failure_tables_events_and_metadata_as_text(page):
    words = " ".join(Page(page).words)
    for shown in (
        "Fed <batch>",
        "tank: <boom>",
        "Costs",
        "handed over <now> & here",
        "<plant>",
        "10 h simulated",
        "host.python",
        "{<a>}",
        "fed-batch",
    ):
        assert shown in words


def test_the_report_draws_what_changes_and_lists_what_does_not(page):
    plots = page.partition("<h2>Variables</h2>")[0]
    assert plots.count("<svg") == 6
    assert "tank.p" not in plots
    assert "tank.p" in page


def test_the_report_is_made_for_light_dark_and_narrow_screens(page):
    assert "prefers-color-scheme: dark" in page
    assert 'name="viewport"' in page
