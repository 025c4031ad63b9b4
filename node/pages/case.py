"""The page of one case at an outpost."""

from web.casedesk import Answer, CaseDesk

DESK = CaseDesk(
    template="node/case.html", case="node.case", act="node.act", reveal="node.reveal"
)


def show(case: str) -> Answer:
    """A case, personal data masked."""
    return DESK.show(case)


def reveal(case: str) -> Answer:
    """A case with personal data, on demand of the clerk."""
    return DESK.show_revealed(case)


def do(case: str, act: str) -> Answer:
    """One act on a case."""
    return DESK.do(case, act)
