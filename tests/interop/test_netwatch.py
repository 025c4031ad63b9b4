"""A change of the network is noticed at once, in a network of the test's own."""

import os
import subprocess
import sys

from security.tunnel.netwatch import is_own_address, leaving_addresses
from tests.architecture.source_tree import ROOT

# Run inside `unshare --net`: addresses come and go there and nowhere else.
WATCH = """
import subprocess, sys, threading
from security.tunnel import netwatch

def ip(*words):
    subprocess.run(["ip", *words], check=True)

heard = threading.Event()
ip("link", "add", "modem", "type", "veth", "peer", "name", "tower")
ip("link", "set", "modem", "up")
ip("link", "set", "tower", "up")
netwatch._PAUSE_S = 0.1
if sys.argv[1] == "polled":
    netwatch._netlink = lambda: None
    netwatch._POLL_S = 0.2
watch = netwatch.NetworkWatch(heard.set)
watch.start()
threading.Event().wait(1.0)
heard.clear()
ip("addr", "add", "198.51.100.7/24", "dev", "modem")
ip("route", "add", "default", "via", "198.51.100.1")
print(heard.wait(8))
print(netwatch.leaving_addresses(), netwatch.is_own_address("198.51.100.7"))
ip("addr", "del", "198.51.100.7/24", "dev", "modem")
print(netwatch.is_own_address("198.51.100.7"))
watch.stop()
"""


def watched(how: str) -> list[str]:
    assert os.geteuid() == 0, "a network of the test's own needs root"
    ran = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", WATCH, how],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=40,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split("\n")[:-1]


def test_linux_tells_of_a_new_address() -> None:
    assert watched("told") == ["True", "('198.51.100.7',) True", "False"]


def test_elsewhere_a_new_address_is_found_by_looking() -> None:
    assert watched("polled") == ["True", "('198.51.100.7',) True", "False"]


def test_loopback_is_ours_and_a_documentation_address_is_not() -> None:
    assert is_own_address("127.0.0.1")
    assert not is_own_address("192.0.2.1")
    assert isinstance(leaving_addresses(), tuple)
