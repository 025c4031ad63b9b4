"""What can go wrong in security, split by what the catcher does about it."""


class SecurityError(Exception):
    """Something could not be trusted, opened or read; never raised itself.

    The text is one line and names no secret. `hint` tells the operator what to do about it.
    """

    hint = "Keep what was refused, and ask the unit above."

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        if hint is not None:
            self.hint = hint


class FormatError(SecurityError):
    """Bytes or values are not what they claim to be; nothing of them was used."""

    hint = "Fetch it again; if it stays so, the sender or the medium is faulty."


class SignatureError(SecurityError):
    """A signature is not by the key that was asked for."""

    hint = "Treat the content as forged or damaged; keep it aside and tell the unit above."


class OpenError(SecurityError):
    """Something sealed does not open; the text never says why."""

    hint = "Check that this unit was granted the case; the unit above can grant it again."


class TrustError(SecurityError):
    """The registry, or an authority named in it, does not allow this."""

    hint = "Compare the registry with the unit above; a statement may be missing or forged."


class EarlyError(TrustError):
    """A statement that may be right and cannot be judged before another has come."""

    hint = "It is kept and judged again when the one that it waits for has arrived."


class KeyFileError(SecurityError):
    """A key file is missing, unsafe, damaged, or would be overwritten."""

    hint = "Look at the file that the message names; no key was changed."


class ProofError(SecurityError):
    """A proof of a log does not show what it claims: somebody changed history, or the proof."""

    hint = "Keep the proof and both checkpoints as evidence, and tell the unit above."
