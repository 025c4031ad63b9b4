"""What can go wrong with a tunnel, split by what the catcher does about it."""

from security.errors import SecurityError


class TunnelError(SecurityError):
    """There is no working link at the moment: try again later, with back-off."""

    hint = "Check the network; it is tried again by itself, and work goes on offline."


class ProxyError(TunnelError):
    """The proxy in between cannot be reached, or does not let this node through."""

    hint = "Check upstream.proxy and its credentials with whoever runs the proxy."


class HostKeyError(SecurityError):
    """The machine that answered does not hold a pinned key of the hub: ask a person.

    No login was attempted, and nothing was sent to it.
    """

    hint = (
        "Compare the hub's key with the unit above by telephone: either the hub was set up "
        "anew, and the registry here is old, or somebody stands in between."
    )


class LoginRefusedError(SecurityError):
    """The hub does not accept this device; the reason stands in the hub's log only."""

    hint = (
        "Ask the hub why: the certificate may have run out or been revoked, or the clock of "
        "one of the machines is wrong."
    )


class TargetRefusedError(SecurityError):
    """The hub accepts the device, yet does not let it reach this target."""

    hint = "Only the target named 'hub' can be reached; check the configuration of the caller."


class RecordingError(SecurityError):
    """The row of a session could not be recorded: there is no use without accounting."""

    hint = "Look at the disk of the hub: it is full, or the accounting file was damaged."


class ListenError(SecurityError):
    """An address to listen on cannot be had."""

    hint = "Stop the other program that uses the port, or choose another port."
