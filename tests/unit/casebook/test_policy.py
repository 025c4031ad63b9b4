"""A policy is read strictly where it is published, and merged from the root down elsewhere."""

from pathlib import Path

import pytest

from casebook import policy
from casebook.errors import PolicyError
from casebook.policy import CERTIFICATE_DAYS, LINK_WINDOWS, Policy, merged, read_policy, rules
from tests.architecture import papers, source_tree

PAPER = source_tree.read(Path("docs/operations.md"))


def test_without_a_policy_every_value_has_its_default() -> None:
    assert Policy().whole(CERTIFICATE_DAYS) == 30
    assert Policy().texts(LINK_WINDOWS) == ()


def test_the_nearest_unit_wins_value_by_value() -> None:
    city = '[certificate]\ndays = 20\n[link]\nwindows = ["01:00-05:00"]\n'
    street = "[certificate]\ndays = 10\n"

    found = merged([city, street])

    assert found.whole(CERTIFICATE_DAYS) == 10
    assert found.texts(LINK_WINDOWS) == ("01:00-05:00",)


def test_a_value_of_a_newer_program_is_passed_over_and_never_published_by_this_one() -> None:
    newer = "[certificate]\ncolour = 3\ndays = 9\n"

    assert merged([newer]).whole(CERTIFICATE_DAYS) == 9
    with pytest.raises(PolicyError, match=r"certificate\.colour"):
        read_policy(newer)


@pytest.mark.parametrize(
    "text",
    [
        "[certificate]\ndays = 0\n",
        "[certificate]\ndays = 366\n",
        "[certificate]\ndays = true\n",
        '[certificate]\ndays = "30"\n',
        "days = 30\n",
        "[link]\nwindows = [1]\n",
        '[link]\nwindows = ["1:00-5:00"]\n',
        '[link]\nwindows = "always"\n',
        "[certificate\n",
        "#" * (policy.BYTES_MAX + 1),
    ],
)
def test_what_is_out_of_bounds_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_policy(text)

    assert "\n" not in str(refused.value)


def test_the_manual_lists_every_value_with_its_bounds() -> None:
    stated = papers.table(PAPER, "Value", "Default")

    assert set(stated) == {rule.name for rule in rules()}
    for rule in rules():
        if isinstance(rule.default, int):
            bounds = (str(rule.default), str(rule.low), str(rule.high))
            assert tuple(stated[rule.name][:3]) == bounds
