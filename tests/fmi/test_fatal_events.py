"""After a fatal error of one instance no call of Event Mode reaches the binary of another (FMI 3.0.2 section 2.2.4)."""

import re
import shutil
from contextlib import closing

import numpy as np
import pytest

from orchestrator.errors import CapabilityError, StepError
from orchestrator.fmi.opening import open_component
from orchestrator.instance import Bundle, event_mode
from orchestrator.system.description import Component
from tests.fmi import clock_fmus
from tests.fmi.clock_fmus import neuron_fmu, rates_fmu

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="building FMUs needs a C compiler")

# `limit` = 4 of the neuron and q = 4 of the rates make an update fatal; each call after it leaves a line in a file.
_WATCH = """
#include <stdio.h>
static int dead;
static int watched(int status) {
  FILE *f = dead && getenv("COTWIN_LATE") ? fopen(getenv("COTWIN_LATE"), "a") : NULL;
  if (f) { fputs("call\\n", f); fclose(f); }
  dead = dead || status == 4;
  return status;
}
"""
_FATAL = {"neuron": "m->limit == 4", "rates": "m->q == 4"}


def watched(model: str) -> dict[str, object]:
    """Replacements by which each function of a source tells that it was called."""
    source = getattr(clock_fmus, model.upper())
    update = re.compile(r"(int fmi3UpdateDiscreteStates\(.*?\) \{)")
    source = update.sub(rf"\1 if ({_FATAL[model]}) return watched(4);", source)
    head, opening, body = source.partition("void *fmi3Instantiate")
    body = re.sub(r"(\nint fmi3\w+\([^{]*\) \{)", r"\1 watched(0);", body)
    return {model.upper(): head + _WATCH + opening + body}


@pytest.mark.parametrize(("model", "build"), [("neuron", neuron_fmu), ("rates", rates_fmu)])
def test_after_a_fatal_error_of_a_sibling_no_function_of_event_mode_is_called(tmp_path, monkeypatch, model, build):
    for name, source in watched(model).items():
        monkeypatch.setattr(f"tests.fmi.clock_fmus.{name}", source)
    late = tmp_path / "late"
    monkeypatch.setenv("COTWIN_LATE", str(late))
    component = Component(source=build(tmp_path))
    with closing(open_component("first", component)) as first, closing(open_component("second", component)) as second:
        parameter = {"neuron": "limit", "rates": "q"}[model]
        (fatal,) = (each for each in first.connectors if each.name == parameter)
        first.set(Bundle.of([fatal]), np.array([4], fatal.storage.dtype))
        for instance in (first, second):
            instance.enter_initialization(0.0, 1.0, None)
            instance.exit_initialization()
        with pytest.raises(StepError, match="returned Fatal"):
            event_mode(first).update()
        events = event_mode(second)
        assert events is not None
        clock = next(iter(events.clocks))
        calls = [lambda: events.enter(0.0), lambda: events.activate([clock]), events.active, events.update]
        for call in (*calls, events.leave):
            with pytest.raises(CapabilityError, match=r"'second' cannot .*: it is broken by a fatal error"):
                call()
    assert not late.exists()
