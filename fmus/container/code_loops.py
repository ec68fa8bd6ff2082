"""The C tables of loops; see runtime/system.h."""

from collections.abc import Iterable, Sequence

from fmus.container.loops import Loop, Mathematics
from fmus.container.text import quoted


class Loops:
    """Rows of these tables; `names` is the table of all names, which takes up those of unknowns."""

    def __init__(self, loops: Sequence[Loop], mathematics: Mathematics | None, names: list[str]) -> None:
        self._loops, self._mathematics, self._names = loops, mathematics, names
        self._rows: dict[str, list[str]] = {name: [] for name in _KINDS}
        for loop in loops:
            self._add("loops", self._loop(loop))

    @property
    def tables(self) -> Iterable[tuple[str, str, list[str]]]:
        """The tables: type of a row, name, rows."""
        return ((kind, name, self._rows[name]) for name, kind in _KINDS.items())

    @property
    def declarations(self) -> Iterable[str]:
        """The functions that solve loops, and what tells them to the runtime."""
        known = self._mathematics
        if known is None:
            return
        for name in dict.fromkeys(name for loop in self._loops for _, name in loop.functions):
            yield f"extern int64_t {name}(int64_t);"
        yield f"extern int64_t {known.begin}(int64_t, double, double), {known.following}(int64_t);"
        yield f"extern void {known.changed}(int64_t);"
        fields = [known.begin, known.following, known.changed, *map(str, known.reached)]
        yield f"static const mathematics_table mathematics = {{{', '.join(fields)}}};"

    def of(self, part: int) -> int:
        """The number of the loop that a part is solved in; -1 where it is in none."""
        return next((number for number, loop in enumerate(self._loops) if part in loop.parts), -1)

    def _loop(self, loop: Loop) -> str:
        first = len(self._rows["loop_words"])
        self._rows["loop_words"] += [f"{word}LL" for word in loop.words.tolist()]
        names = len(self._names)
        self._names += map(quoted, loop.unknowns)
        ranges = [
            self._range("loop_parts", map(str, loop.parts)),
            f"{{{names}, {len(self._names)}}}",
            self._range("relocations", (f"{{{word}, {offset}}}" for word, offset in loop.inside)),
            self._range("relocations", (f"{{{word}, {offset}}}" for word, offset in loop.image)),
            self._range("loop_functions", (f"{{{word}, {name}}}" for word, name in loop.functions)),
            self._range("asked", (f"{{{one.part}, {one.function}, {one.handle}}}" for one in loop.asked)),
            self._range("shadows", (f"{{{one.type}, {one.offset}, {one.shadow}}}" for one in loop.shadows)),
        ]
        return f"{{{', '.join(ranges)}, {loop.iteration}, {first}, {loop.words.size}, {loop.size}}}"

    def _range(self, name: str, rows: Iterable[str]) -> str:
        table = self._rows[name]
        first = len(table)
        table += rows
        return f"{{{first}, {len(table)}}}"

    def _add(self, name: str, row: str) -> None:
        self._rows[name].append(row)


_KINDS = {
    "loop_parts": "int",
    "loop_words": "int64_t",
    "relocations": "relocation",
    "loop_functions": "loop_function",
    "asked": "asked_table",
    "shadows": "shadow_table",
    "loops": "loop_table",
}
"""The tables by name, and the types of their rows; a table comes behind those that it refers to."""
