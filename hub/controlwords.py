"""What the command line and the running hub have to agree on; light to import."""

PREFIX = "/control/v1/"
"""Below this path a hub takes acts from the command line of its machine."""

KEY_FILE = "control-key"
"""In the data folder: what a command shows to be let in; new at each start."""

BODY_BYTES_MAX = 12 << 20
"""Bytes of one request; a published set stands in it in base64."""
