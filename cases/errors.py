"""Errors of the case layer, split by what the catcher does about them."""

from collections.abc import Mapping


class CaseError(Exception):
    """Root of what can go wrong in the case layer; never raised itself.

    `hint` says what the operator should do. It is in English, for logs and the command line;
    pages show a message of the catalogue chosen by the type of the error.
    """

    hint = "Look at the input named in the message."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Keep one line of text, and a hint when this case needs another one than its class."""
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class CatalogueError(CaseError):
    """A catalogue of items breaks a rule; the message names item and field."""

    hint = "Correct the named place of the catalogue; the catalogue in use stays in force."


class DivisionError(CaseError):
    """A table of divisions breaks a rule; the message begins with `source:line:`."""

    hint = "Correct the named line of the table; the table in use stays in force."


class ExpressionError(CaseError):
    """A condition cannot be read, or meets values that it does not fit."""

    hint = "Correct the condition in the catalogue."


class NumberError(CaseError):
    """A number of a case, a receipt or a document is malformed, or none is left to give."""

    hint = "Compare the number with the printed paper, digit by digit."


class UnlawfulActError(CaseError):
    """An act may not be done now, here, or by this person; nothing was written.

    `code` and `params` are for the page, which has the text in its message catalogue.
    """

    hint = (
        "Reload the case: another desk may have moved it, or the right lies with another tier."
    )

    def __init__(self, code: str, params: Mapping[str, str] | None = None) -> None:
        """Keep the reason as a code with parameters, and as one line for logs."""
        self.code = code
        self.params: Mapping[str, str] = dict(params or {})
        details = ", ".join(f"{key}={value}" for key, value in sorted(self.params.items()))
        super().__init__(f"unlawful act: {code}" + (f" ({details})" if details else ""))


class FactsError(CaseError):
    """The facts of an act are malformed; the message names the act and the fact."""

    hint = "The entry stays in the timeline without effect; look at the program that wrote it."


class CalendarError(CaseError):
    """A table of working days breaks a rule, or a limit leaves every calendar."""

    hint = "Correct the named place of the calendar; the calendar in use stays in force."
