"""What a clerk at a window does on the pages of an outpost, step by step."""

from tests.support.pages import PENSION, Browser, visible

ITEM = "MZ-006"
ALLOWANCE = {**PENSION, "f.id_no": "120103194001010025"}
"""A form of the old-age allowance without any fault or remark: the applicant is 86."""


def fill(browser: Browser, do: str, **changes: str) -> dict[str, str]:
    """The form with some fields changed; `f__name` stands for `f.name`."""
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return {**ALLOWANCE, **named, "draft": browser.draft(ITEM), "do": do}


def receive(browser: Browser, do: str = "receive", **changes: str) -> str:
    """Send the form, which must be taken, and return the case id."""
    answer = browser.send(
        f"/intake/{ITEM}", fill(browser, do, **changes), form=f"/intake/{ITEM}"
    )
    assert answer.status_code == 303, visible(answer.text)
    return answer.headers["Location"].split("/")[2]


def send_faulty(browser: Browser, do: str = "receive", **changes: str) -> str:
    """Send the form, which must be refused, and return the page."""
    answer = browser.send(
        f"/intake/{ITEM}", fill(browser, do, **changes), form=f"/intake/{ITEM}"
    )
    assert answer.status_code == 422, answer.status_code
    return answer.text


def act(browser: Browser, case: str, name: str, **form: str) -> int:
    """Do an act on a case and return the status of the answer."""
    return browser.send(f"/cases/{case}/acts/{name}", form).status_code
