"""Regular expressions of strangers, matched in time proportional to the text.

Python's own engine backtracks: one short pattern from a peer could hold the whole program for
years. This one walks all ways at once (Thompson 1968). It knows what CouchDB's users write:
letters, classes, groups, alternatives, repeats, anchors, `(?i)`; what needs backtracking (back
references, looking around) is refused.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

LENGTH_MAX = 1000
"""Signs of a pattern."""

STATES_MAX = 500
"""Places in a compiled pattern; counted repeats are written out, and these multiply."""

TEXT_MAX = 16_384
"""No pattern is looked for in a longer text: it would hold up everybody else."""

_REPEAT_MAX = 1000
_DEPTH_MAX = 50
_WORD = re.compile(r"\w", re.ASCII)


class PatternError(ValueError):
    """The pattern is not understood, or it would cost too much."""


@dataclass(slots=True)
class _State:
    """A place in the pattern: it reads one sign, or tests where it is, or only leads on."""

    reads: Callable[[str], bool] | None = None
    stands: Callable[[str, int], bool] | None = None
    following: list[int] = field(default_factory=list)


class Pattern:
    """A regular expression that can be looked for in text.

    Raises:
        PatternError: When made from a pattern that is not understood.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > LENGTH_MAX:
            raise PatternError("the pattern is too long")
        self._states: list[_State] = []
        parser = _Parser(pattern, self._states)
        self._first, self._last = parser.parse()

    def is_in(self, text: str) -> bool:
        """Whether the pattern matches anywhere in the text; never in one beyond `TEXT_MAX`."""
        if len(text) > TEXT_MAX:
            return False
        places: set[int] = set()
        for position in range(len(text) + 1):
            self._enter(self._first, places, text, position)
            if self._last in places:
                return True
            if position < len(text):
                places = self._step(places, text, position)
        return False

    def _step(self, places: set[int], text: str, position: int) -> set[int]:
        after: set[int] = set()
        for place in places:
            state = self._states[place]
            if state.reads is not None and state.reads(text[position]):
                for following in state.following:
                    self._enter(following, after, text, position + 1)
        return after

    def _enter(self, place: int, places: set[int], text: str, position: int) -> None:
        waiting = [place]
        while waiting:
            one = waiting.pop()
            if one in places:
                continue
            state = self._states[one]
            if state.stands is not None and not state.stands(text, position):
                continue
            places.add(one)
            if state.reads is None:
                waiting.extend(state.following)


_Piece = tuple[int, int]
"""A part of the automaton: its first and its last state."""


class _Parser:
    """Reads a pattern from left to right and builds its automaton."""

    def __init__(self, pattern: str, states: list[_State]) -> None:
        self._pattern = pattern
        self._states = states
        self._at = 0
        self._depth = 0
        self._flags = 0

    def parse(self) -> _Piece:
        if flags := re.match(r"\(\?([ims]+)\)", self._pattern):
            self._at = flags.end()
            for letter in flags[1]:
                self._flags |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[letter]
        piece = self._alternatives()
        if self._at < len(self._pattern):
            raise PatternError("a bracket is closed that was not opened")
        return piece

    def _alternatives(self) -> _Piece:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise PatternError("the pattern is nested too deeply")
        pieces = [self._sequence()]
        while self._takes("|"):
            pieces.append(self._sequence())
        self._depth -= 1
        return self._beside(pieces)

    def _sequence(self) -> _Piece:
        pieces = [self._piece()]
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            start = self._at
            atom = self._atom()
            pieces.append(self._repeats(atom, start))
        return self._in_a_row(pieces)

    def _repeats(self, atom: _Piece, start: int) -> _Piece:
        found = re.compile(r"([*+?]|\{(\d{1,4})(,?)(\d{0,4})\})([?+]?)").match(
            self._pattern, self._at
        )
        if found is None:
            return atom
        end = found.end()
        if found[5] == "+":
            raise PatternError("possessive repeats are not supported")
        least, most = _bounds(found)
        copies = [atom]
        for _ in range(max(least, most or 0, 1) - 1):
            self._at = start
            copies.append(self._atom())
        self._at = end
        if re.compile(r"[*+?]|\{\d").match(self._pattern, end):
            raise PatternError("a repeat is repeated")
        return self._chain(copies, least, most)

    def _chain(self, copies: Sequence[_Piece], least: int, most: int | None) -> _Piece:
        if most == 0:
            return self._piece()
        whole = self._piece()
        end = self._new(_State())
        last = whole[1]
        for count, (first, final) in enumerate(copies):
            if count >= least:
                self._states[last].following.append(end)
            self._states[last].following.append(first)
            last = self._new(_State())
            self._states[final].following.append(last)
        if most is None:
            self._states[last].following.append(copies[-1][0])
        self._states[last].following.append(end)
        return whole[0], end

    def _atom(self) -> _Piece:
        sign = self._pattern[self._at]
        if sign == "(":
            return self._group()
        if sign == "[":
            return self._class()
        if sign == "\\":
            return self._escape()
        self._at += 1
        if sign in "*+?":
            raise PatternError("a repeat has nothing to repeat")
        if sign == "^":
            return self._piece(_State(stands=self._at_start))
        if sign == "$":
            return self._piece(_State(stands=self._at_end))
        return self._reading("." if sign == "." else re.escape(sign))

    def _group(self) -> _Piece:
        self._at += 1
        if self._takes("?"):
            name = re.compile(r":|P?<[A-Za-z_]\w*>").match(self._pattern, self._at)
            if name is None:
                raise PatternError("groups that look around are not supported")
            self._at = name.end()
        piece = self._alternatives()
        if not self._takes(")"):
            raise PatternError("a bracket is not closed")
        return piece

    def _class(self) -> _Piece:
        found = re.compile(r"\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", re.DOTALL).match(
            self._pattern, self._at
        )
        if found is None:
            raise PatternError("a class is not closed")
        self._at = found.end()
        text = found[0]
        for name, signs in _NAMED_CLASSES.items():
            text = text.replace(f"[:{name}:]", signs)
        inside = text[1:-1].replace("[", r"\[")
        for doubled in ("--", "&&", "||", "~~"):
            inside = inside.replace(doubled, doubled[0] + "\\" + doubled[1])
        return self._reading(f"[{inside}]")

    def _escape(self) -> _Piece:
        found = re.compile(r"\\(x[0-9A-Fa-f]{2}|.)", re.DOTALL).match(self._pattern, self._at)
        if found is None:
            raise PatternError("the pattern ends in a backslash")
        self._at = found.end()
        letter = found[1]
        stands = {"b": _at_border, "B": lambda t, p: not _at_border(t, p), "A": _at_very_start,
                  "z": _at_very_end, "Z": _at_very_end}.get(letter)  # fmt: skip
        if stands is not None:
            return self._piece(_State(stands=stands))
        if letter.isalnum() and letter[0] not in "dDwWsSxnrtfv":
            raise PatternError(f"\\{letter} is not supported")
        return self._reading(found[0])

    def _reading(self, source: str) -> _Piece:
        try:
            one = re.compile(source, self._flags & (re.IGNORECASE | re.DOTALL))
        except re.error as error:
            raise PatternError(str(error)) from error
        return self._piece(_State(reads=lambda sign: one.fullmatch(sign) is not None))

    def _at_start(self, text: str, position: int) -> bool:
        return position == 0 or (
            bool(self._flags & re.MULTILINE) and text[position - 1] == "\n"
        )

    def _at_end(self, text: str, position: int) -> bool:
        if position == len(text):
            return True
        at_line = text[position] == "\n"
        return at_line and (bool(self._flags & re.MULTILINE) or position == len(text) - 1)

    def _takes(self, sign: str) -> bool:
        taken = self._pattern.startswith(sign, self._at)
        self._at += taken
        return taken

    def _new(self, state: _State) -> int:
        if len(self._states) >= STATES_MAX:
            raise PatternError("the pattern is too large")
        self._states.append(state)
        return len(self._states) - 1

    def _piece(self, state: _State | None = None) -> _Piece:
        """A piece of one state that leads to an empty one; without a state, nothing is read."""
        if state is None:
            empty = self._new(_State())
            return empty, empty
        first = self._new(state)
        last = self._new(_State())
        state.following.append(last)
        return first, last

    def _in_a_row(self, pieces: Sequence[_Piece]) -> _Piece:
        for (_, last), (first, _) in pairwise(pieces):
            self._states[last].following.append(first)
        return pieces[0][0], pieces[-1][1]

    def _beside(self, pieces: Sequence[_Piece]) -> _Piece:
        if len(pieces) == 1:
            return pieces[0]
        first = self._new(_State(following=[piece[0] for piece in pieces]))
        last = self._new(_State())
        for piece in pieces:
            self._states[piece[1]].following.append(last)
        return first, last


_NAMED_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "word": r"\w",
    "xdigit": "0-9A-Fa-f",
}


def _bounds(found: "re.Match[str]") -> tuple[int, int | None]:
    simple = {"*": (0, None), "+": (1, None), "?": (0, 1)}
    if found[1] in simple:
        return simple[found[1]]
    least = int(found[2])
    most = None if found[3] and not found[4] else int(found[4] or found[2])
    if (most is not None and most < least) or max(least, most or 0) > _REPEAT_MAX:
        raise PatternError("the bounds of a repeat are wrong")
    return least, most


def _at_border(text: str, position: int) -> bool:
    before = position > 0 and _WORD.match(text[position - 1]) is not None
    after = position < len(text) and _WORD.match(text[position]) is not None
    return before is not after


def _at_very_start(_text: str, position: int) -> bool:
    return position == 0


def _at_very_end(text: str, position: int) -> bool:
    return position == len(text)
