"""What both ends of an enrolment over the tunnel have to agree on."""

PATH = "/sync/v1/enrol"
CONTENT_TYPE = "application/x-postroad-enrolment"

ANSWERED = b"A"
"""First byte of an answer: the sealed package follows."""

WAITING = b"W"
"""A person has to approve; ask again."""

REFUSED = b"R"
"""No; the log of the hub says why."""
