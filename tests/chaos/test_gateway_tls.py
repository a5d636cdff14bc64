"""A gateway in front of an upstream that speaks TLS, as Zep Cloud does."""

from __future__ import annotations

import http.server
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import httpx
import pytest

from chaos.faults import Status
from chaos.injectors.l7 import Gateway


class Answers(http.server.BaseHTTPRequestHandler):
    """Tells the Host it was asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = self.headers["Host"].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def certificate(tmp_path) -> tuple[Path, Path]:
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    argv = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*argv, *names], check=True, capture_output=True)
    return key, cert


@pytest.fixture
def upstream(certificate) -> Iterator[str]:
    key, cert = certificate
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def gateway_to(launch, upstream: str, **environ: str) -> dict[str, str]:
    words = ("--listen", "127.0.0.1:0", "--upstream", f"https://{upstream}", "--admin", "127.0.0.1:0")
    return launch("gateway", *words, **environ)


def test_requests_go_on_over_tls_under_upstreams_own_name_and_faults_work(launch, upstream, certificate):
    ready = gateway_to(launch, upstream, SSL_CERT_FILE=str(certificate[1]))
    with httpx.Client(base_url=f"http://{ready['listen']}", trust_env=False) as client:
        for _ in range(3):  # the second goes over the connection of the first
            assert client.get("/").text == upstream
        gateway = Gateway(f"http://{ready['admin']}")
        gateway.apply("f", Status(code=503))
        assert client.get("/").status_code == 503
        gateway.close()


def test_a_certificate_that_nobody_vouches_for_is_no_upstream(launch, upstream):
    ready = gateway_to(launch, upstream)
    answer = httpx.get(f"http://{ready['listen']}/", trust_env=False)
    assert (answer.status_code, "SSLCertVerificationError" in answer.text) == (502, True)
