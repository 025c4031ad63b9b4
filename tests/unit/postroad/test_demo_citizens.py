"""The citizens of the demonstration: numbers that hold, and people who do not exist."""

import itertools
from datetime import date

from cases.identity import birth_of, citizen_check, has_citizen_form, passes_luhn
from cases.text_rules import mobile, name_cn
from postroad.demo.citizens import CITIZENS_MAX, citizen_number, citizens, with_luhn
from postroad.demo.ledger import KINDS, applications

OUTPOSTS = ("120103001001", "120103001004")
EVERYBODY = list(citizens(1))


def test_every_citizen_number_has_its_check_character_and_the_sequence_of_nobody() -> None:
    for person in EVERYBODY:
        assert has_citizen_form(person.id_no)
        assert citizen_check(person.id_no[:17]) == person.id_no[17]
        assert person.id_no[14:17] == "000"


def test_a_known_number_is_made_from_its_day() -> None:
    assert citizen_number(date(1950, 1, 1)) == "120103195001010003"


def test_every_citizen_was_over_sixty_by_the_year_2025() -> None:
    births = [birth_of(person.id_no) for person in EVERYBODY]

    assert all(born and born < date(1965, 1, 1) for born in births)


def test_every_card_passes_luhn_and_fails_with_another_digit() -> None:
    for person in EVERYBODY[:50]:
        spoilt = person.bank_card[:-1] + str((int(person.bank_card[-1]) + 1) % 10)

        assert passes_luhn(person.bank_card)
        assert not passes_luhn(spoilt)


def test_the_luhn_digit_of_a_known_number_is_right() -> None:
    assert with_luhn("7992739871") == "79927398713"


def test_names_and_telephones_keep_the_rules_of_the_forms() -> None:
    for person in EVERYBODY:
        assert name_cn(person.name).flaws == ()
        assert mobile(person.mobile).flaws == ()
        assert person.mobile.startswith("1380000")


def test_no_two_citizens_share_anything() -> None:
    secrets = [secret for person in EVERYBODY for secret in person.secrets]

    assert len(EVERYBODY) == CITIZENS_MAX
    assert len(set(secrets)) == len(secrets)


def test_a_seed_gives_the_same_citizens_again_and_another_seed_gives_others() -> None:
    assert list(citizens(1)) == EVERYBODY
    assert [person.id_no for person in citizens(2)] != [person.id_no for person in EVERYBODY]


def test_every_window_gets_every_kind_of_item_and_no_citizen_twice() -> None:
    planned = applications(OUTPOSTS, citizens(1), 28, 1)

    matters = list(itertools.chain.from_iterable(planned.values()))
    people = [each.id_no for one in matters for each in (one.citizen, one.relative)]
    assert all({each.item for each in planned[unit]} == set(KINDS) for unit in OUTPOSTS)
    assert len(set(people)) == len(people) == 4 * 28


def test_every_tier_has_something_to_decide() -> None:
    assert {kind.tier for kind in KINDS.values()} == {"village", "street", "district", "city"}
