"""What can go wrong in the shell that the outpost and the hub share."""


class WebError(Exception):
    """Something around the pages failed; `hint` tells the operator what to do.

    Never raised itself: catch it to report any failure of this package in one line.
    """

    hint = "Correct the file that the message names."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class SettingsError(WebError):
    """A configuration file cannot be used as it stands."""

    hint = "Correct the file; the folder configs has commented examples."


class CheckFailedError(WebError):
    """A check was carried out to the end, and the answer is no."""

    hint = "Correct what the lines above name, and check again."


class AccountsError(WebError):
    """A file of clerks cannot be used as it stands, or lacks the clerk."""

    hint = "Put back the last copy of the file, or make the logins anew."


class TextsError(WebError):
    """A text is missing, or a message catalogue cannot be read."""

    hint = "Install the program again; its message catalogues are incomplete."
