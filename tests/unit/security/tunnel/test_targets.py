"""Every certificate has addresses of its own, which both ends compute."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from security.tunnel.targets import Target, address_of, target_at

CA = bytes(range(32))
SERIALS = st.integers(1, 2**64 - 1)


@given(SERIALS)
def test_an_address_is_on_loopback_and_out_of_the_way_of_the_machine(serial: int) -> None:
    for target in Target:
        host, port = address_of(CA, serial, target)

        assert ipaddress.ip_address(host).is_loopback
        assert not host.startswith("127.0.")
        assert 16384 <= port < 32768


@given(SERIALS)
def test_what_an_address_leads_to_is_read_back(serial: int) -> None:
    for target in Target:
        assert target_at(CA, serial, address_of(CA, serial, target)) is target


def test_the_address_of_another_certificate_leads_nowhere() -> None:
    assert target_at(CA, 7, address_of(CA, 8, Target.SYNC)) is None
    assert target_at(CA, 7, address_of(bytes(32), 7, Target.SYNC)) is None


def test_ten_thousand_certificates_share_no_address() -> None:
    addresses = {
        address_of(CA, serial, target) for serial in range(1, 10_001) for target in Target
    }

    assert len(addresses) == 20_000


def test_the_address_of_one_certificate_never_changes() -> None:
    assert address_of(CA, 7, Target.SYNC) == GOLDEN
    assert address_of(CA, 7, Target.PAGES) == (GOLDEN[0], GOLDEN[1] + 1)


GOLDEN = ("127.253.93.109", 32576)
