"""A real nginx, with the configuration that the documents name, on a port of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.ports import held_port, wait_until_open
from tests.server.program import ROOT

_AROUND = """
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    include {folder}/viewgraph.conf;
}}
"""


@contextmanager
def nginx_before(port: int, folder: Path) -> Iterator[str]:
    """Before the server of that port. Returns the address of the proxy, without the prefix."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip("nginx is not installed: apt-get install nginx-light openssl")
    _make_certificate(folder)
    with held_port() as own:
        (folder / "viewgraph.conf").write_text(_configuration(port, own, folder))
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder))
        process = subprocess.Popen([program, "-c", folder / "nginx.conf", "-e", "stderr"])
        try:
            wait_until_open(own, process)
            yield f"https://127.0.0.1:{own}"
        finally:
            process.terminate()
            process.wait()


def _configuration(port: int, own: int, folder: Path) -> str:
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    for given, here in (
        ("listen 443 ", f"listen 127.0.0.1:{own} "),
        ("listen [::]:443 ", f"listen [::1]:{own} "),
        ("127.0.0.1:8000", f"127.0.0.1:{port}"),
        ("/etc/ssl/figures.example.com", f"{folder}/tls"),
    ):
        assert given in text
        text = text.replace(given, here)
    return text


def _make_certificate(folder: Path) -> None:
    names = ["-keyout", f"{folder}/tls.key", "-out", f"{folder}/tls.pem", "-subj", "/CN=127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    subprocess.run(["openssl", "req", "-x509", *curve, *names], check=True, capture_output=True)  # noqa: S607
