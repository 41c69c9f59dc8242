"""Sites that embed the snippet: real servers of real pages, on hosts and ports of their own."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

MODEL_VIEWER = (
    '<script src="/model-viewer.js"></script>'
    "<style>model-viewer { display: block; width: 300px; height: 150px }</style>"
)
HURRY = """<script>{
  const { setTimeout } = window;
  window.waits = [];
  window.setTimeout = (act, wait) => {
    waits.push(wait);
    return setTimeout.call(window, act, wait / 50);
  };
}</script>"""
"""Timers run fifty times as fast; what they were asked to wait is kept in `waits`, in milliseconds."""
HELD = """<script>{
  const { setTimeout } = window;
  window.timers = [];
  window.looks = 0;
  window.setTimeout = (act, wait) => wait === 1000
    ? setTimeout.call(window, () => { act(); looks++; }, 20)
    : timers.push({ act, wait });
}</script>"""
"""Timers are kept in `timers`, and run when a test runs them; but a second, as a look takes, is soon over,
and counted in `looks`."""
_STUB = Path(__file__).with_name("model-viewer.js").read_bytes()


class Site:
    """Shows whatever page it is given."""

    def __init__(self, host: str) -> None:
        pages = {"/model-viewer.js": (_STUB, {"content-type": "text/javascript"})}

        asked: list[tuple[str, str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append((self.path, self.headers.get("sec-purpose", "")))
                body, headers = pages.get(self.path, (b"", {}))
                self.send_response(200)
                for name, value in {**headers, "content-length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.asked = asked
        """Paths, and what for the browser said that it is."""
        self._pages = pages
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.origin = f"http://{host}:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def show(self, html: str, *, policy: str | None = None) -> str:
        """The address of a new page; `policy` is its Content-Security-Policy."""
        headers = {"content-type": "text/html; charset=utf-8"}
        if policy:
            headers["content-security-policy"] = policy
        path = f"/{len(self._pages)}"
        self._pages[path] = (f"<!doctype html><title>A page</title>{html}".encode(), headers)
        return self.origin + path

    def keep(self, path: str, body: bytes, media_type: str) -> None:
        """A file that pages use."""
        self._pages[path] = (body, {"content-type": media_type})

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def snippet(server: str, attributes: str = "") -> str:
    return f'<script src="{server}/viewer.js" {attributes}></script>'
