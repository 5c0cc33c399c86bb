"""A server with API keys, and everything else that is off unless an operator asks for it."""

from __future__ import annotations

from pathlib import Path

import httpx

from hindi_stt.access.keys import edit, make_key
from tests.support.server import ROOT, Server

DATA = Path(__file__).parent.parent / "data"
ORIGIN = "https://app.example"


class Guarded(Server):
    """key: one without limits; others are made by `new_key` while it runs."""

    def __init__(self, folder: Path, root: Path = ROOT, **settings: str) -> None:
        self.key_file = folder / "keys.json"
        self.usage_url = f"sqlite:///{folder / 'usage.db'}"
        self.key = self.new_key("operator")
        super().__init__(
            folder,
            root,
            **{
                "HINDI_STT_KEY_FILE": str(self.key_file),
                "HINDI_STT_CORS_ORIGINS": ORIGIN,
                "HINDI_STT_MAX_UPLOADS_PER_CLIENT": "2",
                "HINDI_STT_CACHE_URL": "memory",
                "HINDI_STT_USAGE_URL": self.usage_url,
                "HINDI_STT_JOBS_DIR": str(folder / "jobs"),
                "HINDI_STT_JOBS_LEASE_S": "20",
                "HINDI_STT_JOBS_MAX_FILES": "1000",
                "HINDI_STT_JOBS_REFERENCES": f"file://{DATA},https://127.0.0.1:9,https://nowhere.invalid",
                "HINDI_STT_JOBS_PRIVATE_NETWORKS": "127.0.0.2/32",
                **settings,
            },
        )

    def new_key(self, name: str, **limits: float) -> str:
        entry, key = make_key(name, **limits)
        with edit(self.key_file) as keys:
            keys.append(entry)
        return key

    def post(self, key: str | None, content: bytes, path: str = "/transcribe", **kwargs: object) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.post(self.url + path, files={"file": ("a.wav", content)}, headers=headers, timeout=60, **kwargs)
