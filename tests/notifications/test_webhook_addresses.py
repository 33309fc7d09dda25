"""Where webhooks may go: never to an address of our own network, whatever a name says when, and by a verified name."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notifications.channels import addresses, webhook
from notifications.channels.addresses import fault_of, is_public
from notifications.models import Delivery
from notifications.services.deliveries import send_due
from tests.fakes.http import Response
from tests.fakes.receiver import receiver
from tests.notifications.webhooks import endpoint, message

PUBLIC = "93.184.216.34"
NOT_PUBLIC = [
    *("0.0.0.0", "10.0.0.1", "127.0.0.1", "127.8.8.8", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
    *("100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1", "5f00::1"),
    *("fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
]


@pytest.fixture(autouse=True)
def strict(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = False


class Names:
    """The name server: what each name is now, and how often it was asked. Addresses are themselves."""

    def __init__(self) -> None:
        self.known: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    def __call__(self, host: Any, port: Any, *args: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in self.known:
            return REAL(host, port, *args, **options)
        self.asked.append(name)
        answers = self.known[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [
            (socket.AF_INET6 if ":" in each else socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port))
            for each in found
        ]


REAL = socket.getaddrinfo


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names()
    monkeypatch.setattr(socket, "getaddrinfo", names)
    return names


@pytest.fixture
def dialled(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Where a connection was tried; nobody answers."""
    tried: list[tuple[str, int]] = []

    def dial(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
        tried.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", dial)
    return tried


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", PUBLIC, "::ffff:8.8.8.8", "64:ff9b::808:808", "2606:4700::1111", "2a00:1450:4001::1"]
)
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_in_figures_is_refused_when_it_is_saved(address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    assert fault_of(f"https://{host}/hooks") != ""


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "localhost", "LOCALHOST"])
def test_other_ways_to_write_this_machine_are_refused(host: str) -> None:
    assert fault_of(f"https://{host}/") != ""


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://hooks.example/", "The address has to begin with https://."),
        ("ftp://hooks.example/", "The address has to begin with https://."),
        ("hooks.example", "The address has to begin with https://."),
        ("file:///etc/passwd", "The address has to begin with https://."),
        ("https:///hooks", "The address names no host."),
        (
            "https://user:secret@hooks.example/",
            "The address holds a user name or password: the signature proves the sender instead.",
        ),
        (
            "https://hooks.example\\@evil.example/",
            "The address holds a user name or password: the signature proves the sender instead.",
        ),
        ("https://hooks.example:22/", "Port 22 is another service's: leave it out, or take one from 1024 on."),
        ("https://hooks.example:80/", "Port 80 is another service's: leave it out, or take one from 1024 on."),
        ("https://hooks.example:99999/", "Port 99999 is another service's: leave it out, or take one from 1024 on."),
        ("https://hooks.example:port/", "This is no address."),
        ("https://hooks.example/\n", "This is no address."),
        ("https://unknown.example/", "The host is not known. Look for a typing mistake."),
        (f"https://{'a' * 70}.example/", "The host is not known. Look for a typing mistake."),
        ("https://inside.example/", "inside.example is 10.0.0.7, which is no public address."),
        ("https://half.example/", "half.example is ::1, which is no public address."),
    ],
)
def test_what_no_endpoint_may_be(url: str, fault: str, names: Names) -> None:
    names.known = {
        "hooks.example": [[PUBLIC]],
        "unknown.example": [[]],
        "inside.example": [["10.0.0.7"]],
        "half.example": [[PUBLIC, "::1"]],
    }
    assert fault_of(url) == fault


@pytest.mark.parametrize(
    "url",
    ["https://hooks.example/a?b=c", "https://hooks.example:443/", "https://hooks.example:8443/", f"https://{PUBLIC}/",
     "https://bücher.example/"],
)  # fmt: skip
def test_what_an_endpoint_may_be(url: str, names: Names) -> None:
    names.known = {"hooks.example": [[PUBLIC]], "xn--bcher-kva.example": [[PUBLIC]]}
    assert fault_of(url) == ""


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hooks", "http://localhost/", "https://10.0.0.7/"])
def test_an_operator_may_allow_the_own_network(url: str, settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    assert fault_of(url) == ""
    assert fault_of("ftp://127.0.0.1/") == "The address has to begin with https://."


@pytest.mark.django_db
@pytest.mark.usefixtures("products")
def test_a_name_that_is_private_at_the_attempt_is_not_connected_to(
    names: Names, dialled: list[tuple[str, int]]
) -> None:
    names.known = {"hooks.example": [[PUBLIC], ["169.254.169.254"]]}
    assert fault_of("https://hooks.example/") == ""
    to = endpoint("https://hooks.example/")
    message(to)
    assert send_due() == 0
    row = Delivery.objects.get()
    assert (row.status, row.last_error) == (
        "pending",
        "hooks.example is 169.254.169.254, which is no public address.",
    )
    assert dialled == []
    to.refresh_from_db()
    assert to.failing_since is not None


@pytest.mark.django_db
@pytest.mark.usefixtures("products")
def test_the_connection_goes_to_the_addresses_that_were_checked(names: Names, dialled: list[tuple[str, int]]) -> None:
    """A name server that says something else the second time (rebinding) is not asked a second time."""
    names.known = {"hooks.example": [["2606:4700::1111", PUBLIC], ["127.0.0.1"]]}
    message(endpoint("https://hooks.example:8443/"))
    assert send_due() == 0
    assert dialled == [("2606:4700::1111", 8443), (PUBLIC, 8443)]
    assert names.asked == ["hooks.example"]


@pytest.mark.django_db
@pytest.mark.usefixtures("products")
def test_a_redirect_into_the_own_network_is_not_followed(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_PRIVATE = True
    with receiver() as (site, url), receiver() as (inside, secret_url):
        site.answer = Response(307, {"Location": secret_url})
        message(endpoint(url))
        assert send_due() == 0
        assert (len(site.got), len(inside.got)) == (1, 0)
    assert Delivery.objects.get().last_error == "307"


@pytest.mark.django_db
@pytest.mark.usefixtures("products")
def test_no_proxy_of_the_environment_is_asked(
    monkeypatch: pytest.MonkeyPatch, names: Names, dialled: list[tuple[str, int]]
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:3128")
    names.known = {"hooks.example": [[PUBLIC]]}
    message(endpoint("https://hooks.example/"))
    send_due()
    assert dialled == [(PUBLIC, 443)]


def certificate(name: str, folder: Path) -> tuple[Path, Path]:
    """A certificate for a host, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_file, key_file


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, list[str]]]:
    """A server that has hooks.example's certificate, which is trusted: its port, and the hosts that were asked for."""
    cert_file, key_file = certificate("hooks.example", tmp_path)
    monkeypatch.setattr(webhook, "trusted", lambda: ssl.create_default_context(cafile=str(cert_file)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    asked: list[str] = []
    context.sni_callback = lambda line, name, own: asked.append(name)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as line:
                    asking = b""
                    while not asking.endswith(b"}"):  # what is left unread would reset the connection
                        asking += line.recv(65536)
                    line.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], asked
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.django_db
@pytest.mark.usefixtures("products")
def test_tls_is_verified_by_name_though_the_connection_goes_to_an_address(
    names: Names, secure: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda address: ipaddress.ip_address(address).is_loopback)
    port, asked = secure
    names.known = {"hooks.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    message(endpoint(f"https://hooks.example:{port}/"), "right")
    assert send_due() == 1
    message(endpoint(f"https://other.example:{port}/"), "wrong")
    assert send_due() == 0
    assert "certificate verify failed" in Delivery.objects.get(key="wrong").last_error
    assert asked == ["hooks.example", "other.example"]
