"""Reads the text of a condition into its tree, by recursive descent; nothing reaches Python.

condition  = every { "or" every }          every = negated { "and" negated }
negated    = "not" negated | "(" condition ")" | comparison
comparison = operand ( OPERATOR operand | "in" "(" literal { "," literal } ")" )
operand    = literal | field | "age(" field ")" | "len(" field ")" | "jurisdiction." key
"""

import re
from decimal import Decimal

from cases.errors import ExpressionError
from cases.expression_tree import (
    Among,
    Call,
    Compare,
    Condition,
    Either,
    Every,
    FieldValue,
    LocalValue,
    Not,
    Number,
    Operand,
    Quoted,
)

CHARACTERS_MAX = 500
"""No condition of the shipped catalogue is longer than 60 characters."""
DEPTH_MAX = 16
"""Brackets and `not` nest at most so deep, far below the recursion limit of Python."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,6})?(?![0-9A-Za-z_.]))
      | (?P<quoted>'[^'\r\n]*'|"[^"\r\n]*")
      | (?P<word>[a-z_][a-z0-9_]*)
      | (?P<sign>==|!=|<=|>=|<|>|\(|\)|,|\.)
    )""",
    re.VERBOSE | re.ASCII,
)
_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")
_FUNCTIONS = ("age", "len")
RESERVED = ("and", "or", "not", "in", "jurisdiction", *_FUNCTIONS)


def read(source: str) -> Condition:
    """The tree of a condition.

    Raises:
        ExpressionError: It is too long, too deep, or not of the language; one line says where.
    """
    if len(source) > CHARACTERS_MAX:
        raise ExpressionError(f"a condition has at most {CHARACTERS_MAX} characters")
    return _Parser(source).whole()


class _Parser:
    """Recursive descent over the tokens; each method reads one rule of the grammar."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = _tokens(source)
        self._next = 0

    def whole(self) -> Condition:
        condition = self._either(0)
        if self._next < len(self._tokens):
            raise self._unexpected("the end")
        return condition

    def _either(self, depth: int) -> Condition:
        parts = [self._every(depth)]
        while self._take("or"):
            parts.append(self._every(depth))
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _every(self, depth: int) -> Condition:
        parts = [self._negated(depth)]
        while self._take("and"):
            parts.append(self._negated(depth))
        return parts[0] if len(parts) == 1 else Every(tuple(parts))

    def _negated(self, depth: int) -> Condition:
        if depth > DEPTH_MAX:
            raise ExpressionError(f"a condition nests at most {DEPTH_MAX} deep")
        if self._take("not"):
            return Not(self._negated(depth + 1))
        if self._take("("):
            inner = self._either(depth + 1)
            self._expect(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._operand()
        if self._take("in"):
            return Among(left, self._options())
        for operator in _OPERATORS:
            if self._take(operator):
                return Compare(left, operator, self._operand())
        raise self._unexpected("a comparison")

    def _options(self) -> tuple[Number | Quoted, ...]:
        self._expect("(")
        options = [self._literal()]
        while self._take(","):
            options.append(self._literal())
        self._expect(")")
        return tuple(options)

    def _operand(self) -> Operand:
        if self._take("jurisdiction"):
            self._expect(".")
            return LocalValue(self._name())
        for function in _FUNCTIONS:
            if self._take(function):
                self._expect("(")
                call = Call(function, self._name())
                self._expect(")")
                return call
        kind, _ = self._peek()
        return FieldValue(self._name()) if kind == "word" else self._literal()

    def _literal(self) -> Number | Quoted:
        kind, text = self._peek()
        if kind not in ("number", "quoted"):
            raise self._unexpected("a number or a quoted text")
        self._next += 1
        return Number(Decimal(text)) if kind == "number" else Quoted(text[1:-1])

    def _name(self) -> str:
        kind, text = self._peek()
        if kind != "word" or text in RESERVED:
            raise self._unexpected("the name of a field")
        self._next += 1
        return text

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("end", "")

    def _take(self, text: str) -> bool:
        kind, found = self._peek()
        if kind in ("word", "sign") and found == text:
            self._next += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(repr(text))

    def _unexpected(self, wanted: str) -> ExpressionError:
        found = self._peek()[1] or "the end"
        return ExpressionError(f"in {self._source!r}: {wanted} expected, {found!r} found")


def _tokens(source: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    text = source.rstrip()
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise ExpressionError(f"in {source!r}: cannot read on from position {position}")
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens
