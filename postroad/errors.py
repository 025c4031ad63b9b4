"""What a command cannot do, as a key of the message catalogue with parameters."""

from __future__ import annotations


class PostroadError(Exception):
    """A command was refused for a reason that the person at the keyboard can mend.

    Never raised itself. `key` is a text of the catalogue and `hint` the key of another, which
    says what to do; `params` fill both. The text of the exception is for logs and tests.
    """

    def __init__(self, key: str, /, **params: object) -> None:
        details = ", ".join(f"{name}={value}" for name, value in params.items())
        super().__init__(f"{key} ({details})" if details else key)
        self.key = key
        self.hint = f"{key}.hint"
        self.params = params


class UsageError(PostroadError):
    """The words of the command line are not a command; nothing was done."""


class UnsafeError(PostroadError):
    """The program was started in a way in which its own checks are switched off."""


class NetworkError(PostroadError):
    """A network cannot be made as asked, or a folder holds none; nothing was written."""


class BundleError(PostroadError):
    """A bundle cannot be made or taken in as asked; nothing was stored."""


class EscrowError(PostroadError):
    """The escrow key cannot be used as asked; nothing was written."""


class CompareError(PostroadError):
    """Two stores cannot be compared as asked; nothing was changed."""


class QuarantineError(PostroadError):
    """What was set aside cannot be decided as asked; nothing was changed."""


class AuditError(PostroadError):
    """An audit cannot be made as asked; nothing was written."""


class VerdictError(PostroadError):
    """A check was carried out to the end, and the answer is no."""
