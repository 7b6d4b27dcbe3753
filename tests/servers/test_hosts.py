"""A host name that an app has written down leads where the test wants it, for this app alone."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_asyncbench.errors import ProcessError, SpecError
from pytest_asyncbench.servers import instance, ports
from pytest_asyncbench.servers.factories import command
from pytest_asyncbench.servers.hosts import FILE, address, without
from pytest_asyncbench.supervisor import Supervisor, _load_libc

LOOKUP = """
import http.server, socket, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            found = socket.gethostbyname(self.path[1:])
        except OSError:
            found = "nowhere"
        self.send_response(200); self.send_header("Content-Length", str(len(found))); self.end_headers()
        self.wfile.write(found.encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def _may_mount() -> bool:
    """Whether we have CAP_SYS_ADMIN."""
    status = Path("/proc/self/status").read_text()
    return bool(int(status.partition("CapEff:")[2].split()[0], 16) & 1 << 21)


@pytest.mark.skipif(not _may_mount(), reason="only CAP_SYS_ADMIN may mount for certain")
def test_the_server_and_nobody_else_sees_the_names(launch, get):
    spec = command(
        ["{python}", "-c", LOOKUP, "{port}"],
        hosts={"tfb-database": "{database.host}", "api.example.com": "127.0.0.9", "alias": "localhost"},
    )
    before = FILE.read_bytes()
    server = launch(spec, placeholders={"database.host": "127.0.0.8"})
    other = launch(spec.with_options(hosts={"tfb-database": "127.0.0.7"}))
    assert get(f"{server.url}/tfb-database") == b"127.0.0.8"
    assert get(f"{server.url}/api.example.com") == b"127.0.0.9"
    assert get(f"{server.url}/alias") == b"127.0.0.1"
    assert get(f"{server.url}/localhost") == b"127.0.0.1"
    assert get(f"{other.url}/tfb-database") == b"127.0.0.7"
    assert FILE.read_bytes() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_as_somebody_who_is_not_root(tmp_path):
    """In a user namespace, in which the user stays who it was."""
    copy = tmp_path / "copy"
    copy.write_text("127.0.0.8 tfb-database\n")
    tmp_path.chmod(0o755)
    libc = _load_libc()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            libc.prctl(4, 1, 0, 0, 0)  # as after an exec: may write its own files in /proc
            supervisor = object.__new__(Supervisor)
            supervisor._libc = libc
            os.chdir("/tmp")
            supervisor._mount([(os.fsencode(copy), b"/etc/hosts")])
            os.write(write_end, f"{os.getuid()} {os.getgid()} {FILE.read_text()}".encode())
        except BaseException as error:  # noqa: BLE001 - told by the parent
            os.write(write_end, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as file:
        told = file.read().decode()
    os.waitpid(pid, 0)
    assert told == "65534 65534 127.0.0.8 tfb-database\n" or "the kernel allows no private mount here" in told


def test_a_refusal_is_an_error_of_the_start(launch, monkeypatch):
    """The copy is no file that could be mounted: refused by the kernel, whoever asks."""
    monkeypatch.setattr(instance, "write_copy", lambda directory, hosts: directory / "missing")
    spec = command(["sleep", "60"], port=ports.free_port(), hosts={"db": "127.0.0.1"})
    with pytest.raises(
        ProcessError, match=r"command could not be started: it needs its own copy of /etc/hosts"
    ):
        launch(spec)


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSPC])
def test_a_kernel_that_does_not_allow_it(number):
    def refuse(*_: object) -> int:
        ctypes.set_errno(number)
        return -1

    supervisor = object.__new__(Supervisor)
    supervisor._libc = SimpleNamespace(unshare=refuse)
    with pytest.raises(ValueError, match="copy of /etc/hosts") as caught:
        supervisor._mount([(b"copy", b"/etc/hosts")])
    assert f"(unshare: {os.strerror(number)}); run pytest as root" in str(caught.value)


def test_a_system_without_mount_namespaces():
    supervisor = object.__new__(Supervisor)
    supervisor._libc = None
    with pytest.raises(ValueError, match="there are no mount namespaces on this system"):
        supervisor._mount([(b"copy", b"/etc/hosts")])


@pytest.mark.parametrize(
    ("hosts", "why"),
    [
        ("db", r"command\(hosts='db'\): write a mapping"),
        ({"a b": "127.0.0.1"}, r"command\(hosts=\.\.\.\): 'a b' is no host name"),
        ({"-x": "127.0.0.1"}, "is no host name"),
        ({"db": ""}, r"command\(hosts=\{'db': ''\}\): write an address, a name or a placeholder"),
        ({"db": 5}, "write an address"),
    ],
)
def test_what_cannot_be_meant(hosts, why):
    with pytest.raises(SpecError, match=why):
        command(["app", "{port}"], hosts=hosts)


def test_a_spec_with_hosts_is_a_value():
    spec = command(["app", "{port}"], hosts={"b": "127.0.0.2", "a": "127.0.0.1"})
    assert spec == command(["app", "{port}"], hosts={"a": "127.0.0.1", "b": "127.0.0.2"})
    assert hash(spec) == hash(spec.with_options(cwd=None))
    assert spec.with_options(cwd="x").hosts == (("a", "127.0.0.1"), ("b", "127.0.0.2"))


def test_where_a_name_may_lead():
    assert address("db", "127.0.0.1") == "127.0.0.1"
    assert address("db", "::1") == "::1"
    with pytest.raises(SpecError, match="is the directory of a Unix socket"):
        address("db", "/tmp/pg")
    with pytest.raises(SpecError, match=r"nowhere\.invalid has no address"):
        address("db", "nowhere.invalid")


NAMES = st.sampled_from(["localhost", "db", "api", "vm"])


@given(
    st.lists(st.tuples(st.sampled_from(["127.0.0.1", "::1"]), st.lists(NAMES, min_size=1))), st.sets(NAMES)
)
def test_names_are_taken_out_of_the_copy_and_nothing_else(lines, names):
    text = "".join(f"{where} {' '.join(known)} # why\n" for where, known in lines)
    found = [line.partition("#")[0].split() for line in without(text, names).splitlines()]
    wanted = [[where, *(name for name in known if name not in names)] for where, known in lines]
    assert found == [line for line in wanted if len(line) > 1]


def test_comments_and_empty_lines_stay():
    text = "# static\n\n127.0.0.1 localhost # us\n10.0.0.1\tdb other\n"
    assert without(text, {"db"}) == "# static\n\n127.0.0.1 localhost # us\n10.0.0.1\tother\n"
    assert without(text, set()) == text
