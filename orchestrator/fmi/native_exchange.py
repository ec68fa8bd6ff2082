"""The C side of an FMU for Model Exchange, for a compiled loop."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from orchestrator.errors import StepError
from orchestrator.fmi import exchange_layout as at
from orchestrator.fmi.exchange_addresses import put_functions, put_states
from orchestrator.fmi.exchange_courses import give_address
from orchestrator.fmi.exchange_shared import Shared
from orchestrator.fmi.exchange_steps import advance, get_address, resume, set_address, step_address
from orchestrator.fmi.fmu import Fmu, Phase, named
from orchestrator.fmi.function_table import WARNING
from orchestrator.fmi.model_exchange_inputs import Courses
from orchestrator.fmi.model_exchange_integration import Integration
from orchestrator.fmi.model_exchange_values import Memory, StateVector
from orchestrator.fmi.native_exchange_bundles import NativeBundles
from orchestrator.fmi.native_exchange_states import ExchangeStates
from orchestrator.instance import Bundle, Status, StepResult
from orchestrator.native import NativeAnswer, NativeCall, NativeSlopes, NativeStates


class NativeExchange:
    """`Native` of an FMU and its solver; `inputs` are the values that its inputs were given last.

    What compiled functions do not do themselves (log warnings, tell errors) is done here, with what they noted. Where
    a state is restored the solver starts anew, so that keeping one by address, which does the same, is no small thing:
    see `NativeStates`.
    """

    repeats_exactly = False
    may_refuse = False

    def __init__(self, fmu: Fmu, shared: Shared, inputs: Memory, courses: Courses | None) -> None:
        self._fmu, self._shared, self.inputs = fmu, shared, inputs
        self.running: Integration | None = None
        self._bundles = NativeBundles(fmu, shared, courses)
        self._courses = courses
        self.handle: Final = shared.address
        self.do_step: Final = step_address
        self._get, self._set = get_address, set_address
        self.out = False
        """Whether compiled functions may have given values that Python does not know of yet."""
        self._states = ExchangeStates(fmu, shared, self._bundles, lambda: self.inputs, self._tell_of_state)
        self._keeps = put_states(shared, fmu.library, fmu.model)

    @classmethod
    def of(cls, fmu: Fmu, shared: Shared, inputs: Memory, courses: Courses | None) -> "NativeExchange | None":
        """That of an FMU, None where its library lacks a function that the description needs."""
        states, model = StateVector(fmu.model).size, fmu.model
        complete = put_functions(shared, fmu.library, model, states, model.event_indicators)
        if complete and courses is not None and courses.plain_call and courses.references is not None:
            courses.native = NativeSlopes(give_address, shared.address)
        return cls(fmu, shared, inputs, courses) if complete else None

    @property
    def _run(self) -> Integration:
        assert self.running is not None, "it steps after its initialization only"
        return self.running

    @property
    def states(self) -> NativeStates | None:
        """Those of FMI 2.0 and 3.0, where the FMU declares them."""
        return self._states if self._keeps else None

    @property
    def flag(self) -> bool:
        """Whether no state is kept."""
        return self._fmu.states.none_kept

    def calls(self, bundle: Bundle) -> Sequence[NativeCall] | None:
        """One call for a bundle, None where Python has to make it; in the place of references it is the bundle."""
        found = self._bundles.find(bundle)
        if found is None:
            return None
        in_order = bool(np.array_equal(found.elements, np.arange(found.elements.size)))
        elements = None if in_order else found.elements
        return [NativeCall(self._get, self._set, found.words, found.dtype, found.kept.size, elements)]

    def begin(self) -> None:
        """CapabilityError where the FMU is not in Step Mode."""
        self._fmu.require("step", Phase.STEP)
        self.collect()
        self._bundles.begin(self.inputs)
        self._states.begin()
        self._shared.put(at.FMU_TIME, self._fmu.time or 0.0)
        self.out = True

    def arrived(self, t: float) -> None:  # noqa: ARG002
        """All steps were made; the FMU itself knows its time."""
        self._flush()
        self.collect()
        self.out = False

    def collect(self) -> None:
        """Let Python know what compiled functions did."""
        if self.out:
            self._bundles.collect(self.inputs)
            self._fmu.time = self._shared.number(at.FMU_TIME)

    def answered(self, answer: NativeAnswer, t: float, h: float) -> StepResult:
        """Finish the step from t by h (s), and raise what made it fail."""
        self._finish(abs(answer.status), t, h)
        return StepResult(Status.OK, self._fmu.time or 0.0, terminate_requested=self._run.terminated)

    def advance(self, t: float, h: float, *, keeps_no_state: bool) -> None:
        """`Integration.advance` to t + h (s), for a step that Python makes."""
        self._shared.put(at.FMU_TIME, self._fmu.time or 0.0)
        why = int(advance(self._shared.address, t + h, keeps_no_state))
        if why != at.DONE:
            self._finish(why, t, h)

    def _finish(self, why: int, t: float, h: float) -> None:
        """Make a step to its end that may be unfinished; raise what made it fail."""
        self._flush()
        while why == at.UNFINISHED:
            why = int(resume(self._shared.address))
            self._flush()
        self.collect()
        self._fmu.time = self._shared.number(at.FMU_TIME)
        if why != at.DONE:
            self._raise(why, t, h)

    def failed(self, status: int, bundle: Bundle, *, setting: bool) -> None:
        """Raise what made a call for a bundle fail."""
        self._flush()
        self.collect()
        if setting:
            self._fmu.writable(bundle)
        self._raise(abs(status), 0.0, 0.0)

    def _raise(self, why: int, t: float, h: float) -> None:
        running, shared = self._run, self._shared
        if why == at.AWAY:
            running.require_at(t, h)
        elif why == at.CALL_FAILED:
            self._tell(shared[at.FAILED], shared[at.FAILED_STATUS])
        elif why == at.ENDLESS_EVENT:
            running.refuse_event()
        elif why == at.RESTLESS:
            running.limit(shared[at.EVENTS], shared[at.STEPS])
        elif why == at.NO_PLACE:
            running.fail(running.trouble)
        elif why == at.NO_WAY_ON:
            running.fail(running.explained(shared[at.FLAG]))
        elif why == at.NO_START:
            running.start_solver()
        raise StepError(f"its solver ended with {why}", time=t)

    def _flush(self) -> None:
        """Log the warnings."""
        count, self._shared[at.LOGGED] = self._shared[at.LOGGED], 0
        for called, t in zip(self._shared.log[:count, 0], self._shared.log[:count, 1].view(np.float64), strict=True):
            self._fmu.time = float(t)
            self._tell(int(called), WARNING)

    def _tell_of_state(self) -> None:
        """Raise what made keeping a state fail, or going back to one."""
        self._flush()
        self.collect()
        self._tell(self._shared[at.FAILED], self._shared[at.FAILED_STATUS])

    def _name(self, called: int) -> str | None:
        if self._courses is not None and called in (at.CALL_COURSE, at.CALL_GET_COURSE):
            return self._courses.called if called == at.CALL_COURSE else self._courses.read_by
        return self._run.function_name(called)

    def _tell(self, called: int, status: int) -> None:
        name = self._name(called)
        if name is None:
            bundle, setting = self._bundles.named(called)
            name = f"{'Set' if setting else 'Get'} for {named(bundle)}"
        self._fmu.check(status, name)
