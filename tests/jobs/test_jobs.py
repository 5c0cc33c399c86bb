"""Jobs through a real server with a job worker beside it, by the clients that others have written for its protocols."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import srt
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tusclient.client import TusClient

from tests.support.guarded import DATA, Guarded
from tests.support.jobs import Caller

MODULES_UNDER_TEST = (
    "hindi_stt/api/jobs/opening.py",
    "hindi_stt/api/jobs/requests.py",
    "hindi_stt/api/jobs/resumable_uploads.py",
    "hindi_stt/api/jobs/routes.py",
    "hindi_stt/api/jobs/service.py",
    "hindi_stt/api/jobs/view.py",
    "hindi_stt/jobs/backend.py",
    "hindi_stt/jobs/claims.py",
    "hindi_stt/jobs/records.py",
    "hindi_stt/jobs/stored.py",
    "hindi_stt/jobs/tables.py",
    "hindi_stt/jobs/uploads.py",
    "hindi_stt/jobs/url_allowlist.py",
    "hindi_stt/jobs/webhooks.py",
)

RAIN, FAMILY = DATA / "rain.flac", DATA / "family.flac"
# The one address that is not public and that the server may reach.
OPENED = "127.0.0.2"


@contextlib.contextmanager
def receiver() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """A URL that refuses the first message and takes the others; what came, with headers."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(503 if len(came) == 1 else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((OPENED, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{OPENED}:{server.server_port}/hook", came
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.slow
def test_files_in_a_form(guarded: Guarded) -> None:
    secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    with receiver() as (url, came), Caller(guarded, "jobs-form") as caller:
        files = [("file", (path.name, path.read_bytes())) for path in (RAIN, FAMILY, RAIN)]
        files.append(("file", ("noise.wav", b"no audio" * 100)))
        answer = caller.post("/v1/jobs", files=files, data={"webhook_url": url, "webhook_secret": secret})
        assert answer.status_code == 202
        job = caller.finished(answer.json()["id"])
        assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
        assert job["state"] == "done"
        assert job["files"] == {"total": 4, "done": 3, "failed": 1, "cancelled": 0}
        assert [file["file"] for file in job["results"]] == ["rain.flac", "family.flac", "rain.flac", "noise.wav"]
        assert job["results"][3]["error"]["code"] == "unsupported_audio"
        assert job["audio_s"]["heard"] == pytest.approx(sum(file["heard_s"] for file in job["results"]), abs=0.01)

        texts = [caller.direct(path) for path in (RAIN, FAMILY, RAIN)]
        lines = caller.get(f"/v1/jobs/{job['id']}/results").text.splitlines()
        assert [json.loads(line).get("result", {}).get("text") for line in lines] == [*texts, None]
        one = f"/v1/jobs/{job['id']}/files/1"
        assert caller.get(one, params={"response_format": "text"}).text == texts[1] + "\n"
        assert caller.get(one, params={"response_format": "srt"}).text.startswith("1\n00:00:0")
        assert caller.get(one, params={"response_format": "vtt"}).text.startswith("WEBVTT\n")
        for name in ("text", "srt", "vtt"):
            answer = caller.get(one, params={"response_format": name})
            assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert caller.get(one, params={"response_format": "verbose_json"}).json()["segments"]
        check_marks_of_results(caller, one, texts[1])
        failed = caller.get(f"/v1/jobs/{job['id']}/files/3")
        assert (failed.status_code, failed.json()["error"]["code"]) == (409, "result_not_ready")

        with Caller(guarded, "jobs-other") as other:
            assert other.get(f"/v1/jobs/{job['id']}").json()["error"]["code"] == "job_not_found"
            assert other.get("/v1/jobs").json()["data"] == []
        assert [found["id"] for found in caller.get("/v1/jobs").json()["data"]] == [job["id"]]

        # Told again five seconds after the first try was refused, under the same id, and signed.
        deadline = time.monotonic() + 30
        while len(came) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (first, _), (headers, body) = came
        told = Webhook(secret).verify(body, headers)
        assert (told["type"], told["data"]["id"], told["data"]["files"]) == ("job.done", job["id"], job["files"])
        assert headers["webhook-id"] == first["webhook-id"]
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.replace(b'"done": 3', b'"done": 4'), headers)

        assert caller.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert caller.get(f"/v1/jobs/{job['id']}").status_code == 404


def check_marks_of_results(caller: Caller, one: str, text: str) -> None:
    """Captions have marks, unless they are not wanted; the other formats where they are."""

    def captions(**query: str) -> str:
        cues = srt.parse(caller.get(one, params={"response_format": "srt", **query}).text)
        return " ".join(" ".join(cue.content for cue in cues).split())

    assert captions().endswith(("।", "?"))
    assert captions().translate(dict.fromkeys(map(ord, ",।?"))) == text
    assert captions(punctuation="off") == text
    body = caller.get(one, params={"punctuation": "model", "paragraphs": "true"}).json()
    assert body["text"] == captions() == " ".join(part["text"] for part in body["paragraphs"])
    assert caller.get(one, params={"response_format": "text", "paragraphs": "true"}).text == text + "\n"
    in_vain = {"response_format": "vtt", "paragraphs": "true"}
    warning = "paragraphs=true: response_format=vtt has no paragraphs"
    assert caller.get(one, params=in_vain).headers["x-warnings"] == warning
    lines = caller.get(f"{one.rpartition('/files/')[0]}/results", params=in_vain).text.splitlines()
    assert [line["warnings"] for line in map(json.loads, lines) if "result" in line] == [[warning]] * 3
    for wrong in ({"punctuation": "dots"}, {"paragraphs": "some"}):
        answer = caller.get(one, params=wrong)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(wrong)))


def test_subtitles_of_split_channels(guarded: Guarded) -> None:
    """The same as of a request, in both places where a job's transcripts can be had."""
    content = (DATA / "rain_stereo.wav").read_bytes()
    with Caller(guarded, "jobs-split") as caller:
        answer = caller.post("/v1/jobs", files={"file": content}, data={"channels": "split"})
        job = caller.finished(answer.json()["id"])
        for name in ("srt", "vtt"):
            wanted = caller.post(
                "/transcribe", files={"file": content}, data={"channels": "split", "response_format": name}
            ).text
            assert ("\n[0] " if name == "srt" else "\n<v Channel 0>") in wanted
            assert caller.get(f"/v1/jobs/{job['id']}/files/0", params={"response_format": name}).text == wanted
            line = caller.get(f"/v1/jobs/{job['id']}/results", params={"response_format": name}).text
            assert json.loads(line)["result"] == wanted


def test_references(guarded: Guarded) -> None:
    """Whatever is wrong with one of them has a name, and the others are heard."""
    wanted = {
        f"file://{RAIN}": None,
        f"file://{DATA}/no-such-file.wav": "reference_missing",
        f"file://{DATA}": "reference_missing",
        f"file://{DATA}/../conftest.py": "reference_not_allowed",
        f"file://{DATA}/%2e%2e/conftest.py": "reference_not_allowed",
        "file:///etc/passwd": "reference_not_allowed",
        "file://elsewhere/etc/passwd": "reference_not_allowed",
        "rain.flac": "reference_not_allowed",
        "": "reference_not_allowed",
        "https://example.com/a.wav": "reference_not_allowed",
        "http://127.0.0.1:9/a.wav": "reference_not_allowed",
        "https://nowhere.invalid@127.0.0.1:9/a.wav": "reference_not_allowed",
        "https://127.0.0.1:9/a.wav": "private_address",
        "https://nowhere.invalid/a.wav": "reference_unreachable",
        "ftp://nowhere.invalid/a.wav": "reference_not_allowed",
        "https://nowhere.invalid/" + "a" * 3000: "invalid_request",
    }
    with Caller(guarded, "jobs-references") as caller:
        answer = caller.post("/v1/jobs", json={"references": [*wanted, f"file://{RAIN}"], "script": "latin"})
        job = caller.finished(answer.json()["id"])
        codes = [file.get("error", {}).get("code") for file in job["results"]]
        assert codes == [*wanted.values(), "duplicate_reference"]
        text = caller.get(f"/v1/jobs/{job['id']}/files/0").json()["text"]
        assert text.isascii()

        many = caller.post("/v1/jobs", json={"references": [f"file://{DATA}/{i}.wav" for i in range(1001)]})
        assert (many.status_code, many.json()["error"]["code"]) == (413, "too_many_files")
        for body in ({}, {"references": "x"}, {"references": [1]}, {"references": ["x"], "stream": "true"}, [], "x"):
            assert caller.post("/v1/jobs", json=body).json()["error"]["code"] == "invalid_request"


def test_a_resumable_upload(guarded: Guarded) -> None:
    with Caller(guarded, "jobs-upload") as caller, FAMILY.open("rb") as stream:
        client = TusClient(f"{guarded.url}/v1/uploads", headers={"authorization": f"Bearer {caller.key}"})
        uploader = client.uploader(file_stream=stream, chunk_size=20_000, metadata={"filename": "family.flac"})
        uploader.upload_chunk()
        upload_id = uploader.url.rpartition("/")[2]
        early = caller.post("/v1/jobs", json={"uploads": [upload_id]})
        assert (early.status_code, early.json()["error"]["code"]) == (409, "upload_incomplete")
        tus = {"tus-resumable": "1.0.0", "content-type": "application/offset+octet-stream"}
        wrong = caller.patch(uploader.url, content=b"x", headers=tus | {"upload-offset": "0"})
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (409, "upload_conflict")
        assert caller.head(uploader.url, headers=tus).headers["upload-offset"] == "20000"
        # Another program goes on where the first one was ended.
        client.uploader(file_stream=stream, url=uploader.url, chunk_size=20_000).upload()
        with Caller(guarded, "jobs-thief") as thief:
            assert thief.post("/v1/jobs", json={"uploads": [upload_id]}).json()["error"]["code"] == "upload_not_found"

        again = {"idempotency-key": "once"}
        first, second, third = (
            caller.post("/v1/jobs", json={"uploads": [upload_id]}, headers=again).json(),
            caller.post("/v1/jobs", json={"uploads": [upload_id]}, headers=again).json(),
            caller.post("/v1/jobs", files={"file": RAIN.read_bytes()}, headers=again).json(),
        )
        assert first["id"] == second["id"] == third["id"]
        job = caller.finished(first["id"])
        assert job["results"][0]["file"] == "family.flac"
        assert caller.get(f"/v1/jobs/{job['id']}/files/0").json()["text"] == caller.direct(FAMILY)
        assert caller.head(uploader.url, headers=tus).status_code == 404


def test_cancelled_jobs_stay_so(guarded: Guarded) -> None:
    with Caller(guarded, "jobs-cancelled") as caller:
        files = [("file", (f"{i}.flac", FAMILY.read_bytes())) for i in range(40)]
        job = caller.post("/v1/jobs", files=files).json()
        cancelled = caller.post(f"/v1/jobs/{job['id']}/cancel").json()
        assert cancelled["state"] == "cancelled"
        counts = cancelled["files"]
        assert counts["done"] + counts["failed"] + counts["cancelled"] == counts["total"] == 40
        assert counts["cancelled"]
        time.sleep(0.5)
        assert caller.get(f"/v1/jobs/{job['id']}").json()["files"] == counts


def test_a_server_without_jobs(server: Guarded) -> None:
    for answer in (
        httpx.post(f"{server.url}/v1/jobs", files={"file": b"x"}),
        httpx.options(f"{server.url}/v1/uploads"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "jobs_off")
