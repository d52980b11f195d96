"""A web site in a thread: pages given as path: answer, and a log of what was asked for."""

import contextlib
import gzip
import http.server
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from patience import HANG_S


@dataclass
class Answer:
    """The answer of a path; ``body`` may be a function that writes to the handler itself."""

    body: object = b""
    status: int = 200
    type: str = "text/plain; charset=utf-8"
    headers: dict = field(default_factory=dict)


class Site:
    """``pages`` may be changed while it is served; ``log`` holds every path asked for."""

    def __init__(self):
        self.pages = {}
        self.log = []
        self.asked = []
        self.address = ""

    def put(self, path, body="", **fields):
        """Let a path answer; text, bytes, or a function of the handler."""
        self.pages[path] = Answer(body.encode() if isinstance(body, str) else body, **fields)

    def move(self, path, to, status=302):
        """Let a path lead elsewhere."""
        self.put(path, status=status, headers={"Location": to})

    @property
    def counts(self):
        """The number of requests for each path, without robots.txt."""
        return Counter(path for path in self.log if path != "/robots.txt")

    def sitemap(self, *paths, path="/sitemap.xml", packed=False, changed=None):
        """Let a sitemap name some paths."""
        told = f"<lastmod>{changed}</lastmod>" if changed else ""
        urls = "".join(f"<url><loc>{self.address}{p}</loc>{told}</url>" for p in paths)
        xml = (
            '<?xml version="1.0"?><!-- made --><urlset '
            f'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'
        ).encode()
        self.put(path, gzip.compress(xml) if packed else xml, type="application/xml")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece

    def do_GET(self):
        site = self.server.site
        site.log.append(self.path)
        site.asked.append((self.path, dict(self.headers)))
        answer = site.pages.get(self.path, Answer(b"nothing here", 404))
        if callable(answer.body):
            self.close_connection = True
            with contextlib.suppress(OSError):
                answer.body(self)
            return
        tag = answer.headers.get("ETag")
        if tag and self.headers.get("If-None-Match") == tag:
            answer = Answer(b"", 304)
        self.send_response(answer.status)
        for name, value in {"Content-Type": answer.type, **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_):
        """Say nothing."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        """Clients that hang up are part of the tests."""


@contextlib.contextmanager
def served():
    """A site with a free port, served until the end."""
    site = Site()
    server = _Server(("127.0.0.1", 0), _Handler)
    server.site = site
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def drip(handler):
    """Send a byte now and then, until the client hangs up."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    end = time.monotonic() + HANG_S
    while time.monotonic() < end:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.005)


def cut_off(handler):
    """Send the beginning of an answer, and hang up."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nTea")


def flood(handler):
    """An answer that never ends: as many bytes as anybody takes."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
    while True:
        handler.wfile.write(b"x" * 65_536)


def silence(handler):
    """Send nothing, until the client hangs up."""
    handler.connection.settimeout(HANG_S)
    handler.rfile.read(1)
