"""PI controller: the length of the next step from the errors of the last two."""

from orchestrator.master.memory import Remembered

_SAFETY = 0.9
_PROPORTIONAL, _INTEGRAL = 0.4, 0.3
_GROWTH, _CUT = 5.0, 0.1
_RECOVERY = 1.5
_NO_ERROR = 1e-10


class PiController:
    """h[n+1] = 0.9 h[n] (1 / e[n])^(0.7/q) e[n-1]^(0.4/q) for errors e in units of what is allowed, which go like h^q.

    Gustafsson, ACM Trans. Math. Softw. 17:533-554 (1991), with the factors of Hairer and Wanner II, IV.2. `length` (s)
    is the step to try next, from `smallest` to `largest`.
    """

    def __init__(self, order: float, smallest: float, largest: float, first: float | None = None) -> None:
        self._order, self._smallest, self._largest = order, smallest, largest
        self._before: float | None = None
        self._ceiling: float | None = None
        self.length = self._within(first or largest)

    def accepted(self, h: float, error: float) -> None:
        """A step of h (s) was made with this error; a short one, to meet a point, does not shorten what follows."""
        if self._ceiling is not None:
            self._ceiling = None if self._ceiling >= self._largest else _RECOVERY * self._ceiling
        error = max(error, _NO_ERROR)
        before = error if self._before is None else self._before
        factor = (
            _SAFETY * error ** (-(_PROPORTIONAL + _INTEGRAL) / self._order) * before ** (_PROPORTIONAL / self._order)
        )
        proposal = h * min(max(factor, _CUT), _GROWTH)
        clipped = h < 0.9 * self.length and error <= 1.0
        self.length = self._within(max(proposal, self.length) if clipped else proposal)
        self._before = error

    def rejected(self, h: float, error: float) -> float:
        """A step of h (s) had an error above 1 and is taken back; the step (s) to try in its place."""
        self._before = None
        self.length = self._within(h * max(_CUT, _SAFETY * error ** (-1.0 / self._order)))
        return self.length

    def refused(self, length: float) -> None:
        """A step could not be made; one of `length` (s) is tried in its place, and longer ones only bit by bit."""
        self._before = None
        self._ceiling = min(length, self.length)
        self.length = self._within(self._ceiling)

    def forget(self) -> None:
        """Something jumped: the last error says nothing about the next one."""
        self._before = None

    def remembered(self) -> Remembered:
        """The proposal, the last error, and how long a step may be after one that could not be made."""
        return {"length": self.length, "before": self._before, "ceiling": self._ceiling}

    def remember(self, memory: Remembered) -> None:
        """Go on as before."""
        self.length, self._before, self._ceiling = memory["length"], memory["before"], memory["ceiling"]

    def _within(self, length: float) -> float:
        largest = self._largest if self._ceiling is None else min(self._ceiling, self._largest)
        return min(max(length, self._smallest), largest)
