"""A server on this machine that stands in for a model hub: redirects to a storage, ranges, refusals, breaks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import quote, unquote


@dataclass
class Storage:
    """What the storage behind the hub does.

    Attributes:
        breaks: The connection is cut after so many bytes, once for each of them.
        ranges: Whether it knows ranges.
        content_type: Of every file.
        announce: Whether it tells the length.
        passes_over_if_range: Whether it sends the rest of a file that has changed, too, as some proxies do.
        wrong_part: Whether it sends the beginning for every range, with status 206.
        stalls_after: It sends nothing more after so many bytes of a file, and waits; None for never.
        stalled: Set while it waits.
    """

    breaks: list[int] = field(default_factory=list)
    ranges: bool = True
    content_type: str = "application/octet-stream"
    announce: bool = True
    passes_over_if_range: bool = False
    wrong_part: bool = False
    stalls_after: int | None = None
    stalled: threading.Event = field(default_factory=threading.Event)


class ModelHub:
    """A hub and its storage, each at a port of its own.

    Attributes:
        files: Content by "OWNER/NAME/FILE".
        gated: "OWNER/NAME" → the token that is let in.
        checksums: Checksum that the hub tells of a file instead of the true one, by "OWNER/NAME/FILE".
        storage: How the storage behaves.
        requests: Path and header fields of each request at the hub.
        at_storage: The same at the storage.
        redirect: Where the hub redirects to, with {} for the path; its storage by default.
        renamed: New name of a repository by its old one, to which the hub redirects.
        busy: Status of every answer about a repository, such as 429; 0 for none.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.gated: dict[str, str] = {}
        self.checksums: dict[str, str] = {}
        self.storage = Storage()
        self.renamed: dict[str, str] = {}
        self.busy = 0
        self.requests: list[tuple[str, Message]] = []
        self.at_storage: list[tuple[str, Message]] = []
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (_hub(self), _storage(self))]
        self.url, storage = (f"http://127.0.0.1:{server.server_port}" for server in self._servers)
        self.storage_url = storage
        self.redirect = storage + "{}"
        self._threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in self._servers]

    def publish(self, repository: str, files: Mapping[str, bytes]) -> None:
        """Add files to a repository."""
        self.files |= {f"{repository}/{name}": content for name, content in files.items()}

    def commit(self, repository: str) -> str:
        """The commit of a repository's main branch: another one for other content."""
        commit = hashlib.sha1(usedforsecurity=False)
        for name in sorted(name for name in self.files if name.startswith(f"{repository}/")):
            commit.update(name.encode() + self.files[name])
        return commit.hexdigest()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server, thread in zip(self._servers, self._threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def answer(self, status: int, content: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(content))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


def _hub(hub: ModelHub) -> type[_Handler]:
    class Hub(_Handler):
        def do_GET(self) -> None:
            hub.requests.append((self.path, self.headers))
            listing = re.fullmatch(r"/api/models/(.+)/revision/(.+)", self.path)
            file = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+).*", unquote(self.path))
            repository = listing[1] if listing else file[1] if file else ""
            token = hub.gated.get(repository)
            if repository in hub.renamed:
                self.answer(307, Location=self.path.replace(repository, hub.renamed[repository]))
            elif token and self.headers.get("Authorization") != f"Bearer {token}":
                self.answer(403 if "Authorization" in self.headers else 401, b"Access is restricted.")
            elif hub.busy:
                self.answer(hub.busy, b"Later.")
            elif listing:
                names = [name.removeprefix(f"{repository}/") for name in hub.files if name.startswith(f"{repository}/")]
                content = {"sha": hub.commit(repository), "siblings": [{"rfilename": name} for name in names]}
                self.answer(200 if names else 401, json.dumps(content).encode())
            elif file and f"{repository}/{file[3]}" in hub.files:
                key = f"{repository}/{file[3]}"
                checksum = hub.checksums.get(key, hashlib.sha256(hub.files[key]).hexdigest())
                self.answer(302, Location=hub.redirect.format(f"/{quote(key)}"), X_Linked_ETag=f'"{checksum}"')
            else:
                self.answer(404)

    return Hub


def _storage(hub: ModelHub) -> type[_Handler]:
    class Store(_Handler):
        def do_GET(self) -> None:
            hub.at_storage.append((self.path, self.headers))
            content, behaviour = hub.files.get(unquote(self.path[1:])), hub.storage
            if content is None:
                self.answer(404)
                return
            etag = f'"{hashlib.md5(content).hexdigest()}"'
            wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            unchanged = behaviour.passes_over_if_range or self.headers.get("If-Range", etag) == etag
            start = int(wanted[1]) if wanted and behaviour.ranges and unchanged else 0
            headers = {"ETag": etag, "Content_Type": behaviour.content_type}
            if start >= len(content):
                self.answer(416, Content_Range=f"bytes */{len(content)}")
                return
            if start and behaviour.wrong_part:
                self.answer(206, content, Content_Range=f"bytes 0-{len(content) - 1}/{len(content)}", **headers)
                return
            if start:
                headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_response(206 if start else 200)
            if behaviour.announce:
                headers["Content_Length"] = str(len(content) - start)
            else:
                headers["Connection"] = "close"
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if behaviour.stalls_after is not None and len(content) > behaviour.stalls_after:
                self.wfile.write(content[start : start + behaviour.stalls_after])
                self.wfile.flush()
                behaviour.stalled.set()
                with contextlib.suppress(ConnectionError):
                    self.connection.recv(1)  # until the client hangs up
                self.close_connection = True
            elif behaviour.breaks:
                self.wfile.write(content[start : start + behaviour.breaks.pop(0)])
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(2)
            else:
                self.wfile.write(content[start:])
                self.close_connection = not behaviour.announce

    return Store
