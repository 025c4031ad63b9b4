"""The rules of layout and wording that ruff does not know, as functions from text to findings.

Each takes the text of one file and returns one line for each place that breaks the rule, so
that a test can feed it a bad sample and see that it would notice.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import PurePath

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60

# Brackets around the last letter keep this file from breaking its own rule.
_UNWANTED_WORDS = {
    "a mark of unfinished work": r"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b",
    "a path of one machine": r"(?<![\w.])/(?:wor[k]|tmp/p[r])(?:/|\b)",
    "the host of a package registry": r"\b(?:pypi\.or[g]|npmj[s]|pythonhoste[d])\b",
    "the number of an issue or a request": (
        r"(?i)\b(?:issue|ticket|pull request|fix(?:es|ed)?|close[sd]?|merge request)"
        r" #\d|\bas (?:requested|asked) in\b"
    ),
    "a switched-off check without its code": r"#\s*(?:type:\s*ignor[e]|noq[a])(?!\s*[\[:])",
}

# Where a person reads standard output: commands, the programs behind `python -m`.
_MAY_PRINT = re.compile(
    r"^(?:postroad/.*|benchmarks/.*|web/terminal\.py|.*/cli\.py|.*/__main__\.py)$"
)

# Where a session or a program ends on any error, and says why.
_MAY_CATCH_ALL = re.compile(r"^(?:sync/driver\.py|postroad/cli\.py|.*/__main__\.py)$")

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def unwanted_words(text: str) -> Iterator[str]:
    """Words that do not belong into the repository, whatever the kind of file."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in _UNWANTED_WORDS.items():
            if re.search(pattern, line):
                yield f"line {number}: {what}"


def tabs(text: str) -> Iterator[str]:
    """Lines with a tab character."""
    for number, line in enumerate(text.splitlines(), start=1):
        if "\t" in line:
            yield f"line {number}: a tab"


def long_module(text: str) -> Iterator[str]:
    """A module that holds more than one idea, to judge by its length."""
    count = len(text.splitlines())
    if count > MODULE_LINES_MAX:
        yield f"{count} lines (at most {MODULE_LINES_MAX})"


def long_functions(text: str) -> Iterator[str]:
    """Functions that are too long to be read in one piece."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _Function):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES_MAX:
                yield f"line {node.lineno}: {node.name} has {count} lines"


def prints(path: PurePath, text: str) -> Iterator[str]:
    """Output that bypasses logging, outside the modules that talk to a person."""
    if not _MAY_PRINT.match(path.as_posix()):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and _names(node.func) == {"print"}:
                yield f"line {node.lineno}: print"


def broad_handlers(path: PurePath, text: str) -> Iterator[str]:
    """Handlers that swallow what nobody thought of; to clean up and raise again is fine."""
    if not _MAY_CATCH_ALL.match(path.as_posix()):
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
                caught = _names(node.type) if node.type else {"everything"}
                if caught & {"Exception", "BaseException", "everything"}:
                    yield f"line {node.lineno}: except {' '.join(sorted(caught))}"


def missing_docstrings(text: str) -> Iterator[str]:
    """The module, the public classes, functions and methods that say nothing of themselves."""
    tree = ast.parse(text)
    if not ast.get_docstring(tree):
        yield "the module has no docstring"
    yield from _undocumented(tree)


def unconditional_skips(text: str) -> Iterator[str]:
    """Tests that were switched off."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, _Function):
            for decorator in node.decorator_list:
                name = ast.unparse(decorator).split("(")[0]
                if name in {"pytest.mark.skip", "pytest.mark.xfail"}:
                    yield f"line {node.lineno}: {node.name} is switched off"


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _undocumented(parent: ast.Module | ast.ClassDef) -> Iterator[str]:
    for node in parent.body:
        if isinstance(node, _Function | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node) and not _speaks_elsewhere(node):
                yield f"line {node.lineno}: {node.name} has no docstring"
            if isinstance(node, ast.ClassDef):
                yield from _undocumented(node)


def _speaks_elsewhere(node: ast.AST) -> bool:
    decorators = getattr(node, "decorator_list", [])
    return any(
        ast.unparse(decorator).split(".")[-1] in {"overload", "override", "setter"}
        for decorator in decorators
    )


def _names(node: ast.expr) -> set[str]:
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Tuple):
        return set().union(*(_names(element) for element in node.elts))
    return set()
