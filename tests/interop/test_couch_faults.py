"""A hub and its cluster with faults between them: what was acknowledged stays."""

import datetime as dt
import ipaddress
import random
import ssl
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sync.errors import ClusterUnavailableError
from sync.stores.couch_client import ClusterSettings
from tests.support.couch_stores import open_stores, opened, settings, through
from tests.support.faulty import SOUND, Fault, FaultyLink, first
from tests.support.stores import (
    STREET,
    VILLAGE,
    document,
    ids,
    open_couch,
)

__all__ = ["open_stores", "settings"]


@pytest.mark.parametrize(
    ("fault", "method", "part"),
    [
        (Fault(status=202), "POST", "_bulk_docs"),
        (Fault(status=202), "PUT", "log/"),
        (Fault(cut_after=True), "PUT", "log/"),
        (Fault(cut_after=True), "POST", "_bulk_docs"),
        (Fault(cut_before=True), "PUT", "log/"),
        (Fault(status=500), "PUT", "log/"),
        (Fault(refuse=503), "POST", "_bulk_docs"),
        (Fault(refuse=429), "GET", "log/"),
    ],
)
def test_what_no_quorum_acknowledged_at_once_is_pressed_and_put_exactly_once(
    settings: ClusterSettings,
    tmp_path: Path,
    open_stores: ExitStack,
    fault: Fault,
    method: str,
    part: str,
) -> None:
    link = open_stores.enter_context(FaultyLink(settings.urls[0]))
    store = opened(open_stores, through(settings, link), tmp_path / "index.sqlite")
    store.put([document("a")], {"head": b"1"})
    link.rule = first(2, fault, method=method, part=part)

    last_seq = store.put([document("b")], {"head": b"2"}, expect={"head": b"1"})
    again = opened(open_stores, settings, tmp_path / "again.sqlite", 9)

    assert last_seq == again.last_seq == 2
    assert ids(again.changes(0, limit=9)) == ["a", "b"]
    assert again.local("head") == b"2"


@pytest.mark.parametrize("part", ["_bulk_docs", "log/"])
def test_a_put_that_no_quorum_takes_is_not_acknowledged(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack, part: str
) -> None:
    link = open_stores.enter_context(FaultyLink(settings.urls[0]))
    short = replace(through(settings, link), patience_s=0.5)
    store = opened(open_stores, short, tmp_path / "index.sqlite")
    store.put([document("a")])

    def accepted(method: str, path: str) -> Fault:
        is_write = method in {"PUT", "POST"} and (part in path or "_bulk_docs" in path)
        return Fault(status=202) if is_write else SOUND

    link.rule = accepted
    with pytest.raises(ClusterUnavailableError, match="no quorum"):
        store.put([document("b")], {"head": b"2"})
    link.rule = lambda _method, _path: SOUND
    store.put([document("b")], {"head": b"2"})

    assert ids(store.changes(0, limit=9)) == ["a", "b"]
    assert [row.seq for row in store.changes(0, limit=9).rows] == [1, 2]


def test_nothing_acknowledged_is_lost_while_every_third_request_fails(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    dice = random.Random(8841)
    faults = [
        Fault(refuse=429),
        Fault(refuse=503),
        Fault(cut_before=True),
        Fault(cut_after=True),
        Fault(status=500),
    ]

    def rule(method: str, path: str) -> Fault:
        if dice.random() > 0.3:
            return SOUND
        if (method == "PUT" or "_bulk_docs" in path) and dice.random() < 0.3:
            return Fault(status=202)
        return dice.choice(faults)

    links = [open_stores.enter_context(FaultyLink(settings.urls[0], rule)) for _ in range(3)]
    store = opened(open_stores, through(settings, *links), tmp_path / "index.sqlite")
    acknowledged = []
    for number in range(40):
        if number == 20:
            links[0].close()
        head = store.local("head")
        try:
            store.put(
                [document(f"{number}-{part}") for part in range(3)],
                {"head": str(number).encode()},
                expect={"head": head},
            )
        except ClusterUnavailableError:
            continue
        acknowledged.append(number)
    clean = opened(open_stores, settings, tmp_path / "clean.sqlite", 9)

    names = ids(clean.changes(0, limit=1_000))
    assert len(acknowledged) > 30
    assert len(frozenset(names)) == len(names) == clean.last_seq
    for number in acknowledged:
        assert {f"{number}-{part}" for part in range(3)} <= frozenset(names)
    assert store.changes(0, limit=1_000) == clean.changes(0, limit=1_000)


def test_a_crash_between_documents_and_log_shows_nothing_and_may_be_repeated(
    settings: ClusterSettings, tmp_path: Path, open_stores: ExitStack
) -> None:
    link = open_stores.enter_context(FaultyLink(settings.urls[0]))
    short = replace(through(settings, link), patience_s=0.3)
    store = opened(open_stores, short, tmp_path / "index.sqlite")
    link.rule = first(100, Fault(cut_before=True), method="PUT", part="log/")
    with pytest.raises(ClusterUnavailableError):
        store.put([document("a", tags=(VILLAGE,))])
    store.close()

    again = opened(open_stores, settings, tmp_path / "index.sqlite", 9)

    assert again.last_seq == 0
    assert again.get("cases", "a") is None
    assert again.missing("cases", {"a": [document("a").rev]}) == {"a": [document("a").rev]}
    assert again.put([document("a", tags=(STREET,))]) == 1
    assert ids(again.changes(0, limit=9, tag=STREET)) == ["a"]


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server on loopback that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a node of the cluster")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "ca.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both = folder / "both.pem"
    both.write_bytes(
        pem.read_bytes()
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, pem


def test_a_node_is_believed_by_its_certificate_alone(
    settings: ClusterSettings,
    tmp_path: Path,
    open_stores: ExitStack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context, pem = certificate(tmp_path)
    link = open_stores.enter_context(FaultyLink(settings.urls[0], tls=context))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    unknown = replace(through(settings, link), patience_s=0.2)

    with pytest.raises(ClusterUnavailableError, match="certificate"):
        open_couch(unknown, tmp_path / "index.sqlite")
    assert link.seen == []
    known = replace(through(settings, link), ca_file=str(pem))
    store = opened(open_stores, known, tmp_path / "index.sqlite")

    assert store.put([document("a")]) == 1
