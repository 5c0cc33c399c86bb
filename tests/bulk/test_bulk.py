"""hindi-stt bulk as an operator runs it: two Ray workers, a driver that is killed, manifests that mean harm."""

from __future__ import annotations

import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray

from hindi_stt.bulk import run
from hindi_stt.errors import BundleInvalid, WorkerLost
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from loadtests.clips import mixed_clips

pytestmark = pytest.mark.bulk

COMMAND = (sys.executable, "-m", "tests.bulk")


def start(manifest: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    command = [*COMMAND, "bulk", str(manifest), "--out", str(out), "--workers", "2", *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(manifest: Path, out: Path, *options: str) -> tuple[int, str]:
    process = start(manifest, out, *options)
    _, said = process.communicate(timeout=400)
    return process.returncode, said


def records(out: Path) -> list[dict]:
    return [json.loads(line) for shard in sorted(out.glob("part-*.jsonl")) for line in shard.read_text().splitlines()]


def failures(out: Path) -> dict[int, str]:
    return {row["line"]: row["code"] for row in map(json.loads, (out / "failures.jsonl").read_text().splitlines())}


def write_clips(folder: Path, count: int) -> list[Path]:
    paths = []
    for i, clip in enumerate(mixed_clips(count)):
        paths.append(folder / f"{i}.wav")
        paths[-1].write_bytes(clip.content)
    return paths


def test_a_killed_driver_loses_and_repeats_nothing(tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    clips = write_clips(tmp_path, 400)
    manifest, out = tmp_path / "list.txt", tmp_path / "out"
    manifest.write_text("".join(f"{path.name}\n" for path in clips))
    process = start(manifest, out, "--commit-s", "0.5")
    deadline = time.monotonic() + 200
    while len(records(out)) < len(clips) // 3:
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert process.stderr is not None
    process.stderr.close()
    kept = {row["key"] for row in records(out)}
    assert len(clips) // 3 <= len(kept) < len(clips)
    status, said = finish(manifest, out)
    assert status == 0, said
    assert f"{len(clips) - len(kept)} transcribed" in said
    assert f"{len(kept)} done before" in said
    rows = records(out)
    assert Counter(row["source"] for row in rows) == Counter(path.name for path in clips)
    assert len({row["key"] for row in rows}) == len(clips)
    for row in rows[::20]:
        assert row["text"] == pipeline.transcribe(tmp_path / row["source"], acoustic).text


def test_a_killed_worker_is_replaced(tmp_path: Path) -> None:
    clips = write_clips(tmp_path, 200)
    manifest, out = tmp_path / "list.txt", tmp_path / "out"
    manifest.write_text("".join(f"{path.name}\n" for path in clips))
    process = start(manifest, out, "--commit-s", "0.5")
    deadline = time.monotonic() + 200
    for share in (8, 3):
        while len(records(out)) < len(clips) // share:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        killed = next(p for p in psutil.Process(process.pid).children(recursive=True) if "ray::Trans" in p.name())
        assert os.sched_getscheduler(killed.pid) == os.SCHED_IDLE
        autogroup = Path(f"/proc/{killed.pid}/autogroup")
        assert not autogroup.exists() or autogroup.read_text().endswith("nice 19\n")
        killed.kill()
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said
    assert Counter(row["source"] for row in records(out)) == Counter(path.name for path in clips)


class Mortal:
    """Instead of the line: ends its process over one item, whatever else waits there."""

    def __init__(self, plan: None) -> None:
        pass

    def __call__(self, table: pa.Table) -> pa.Table:
        if "mortal" in table["source"].to_pylist():
            os._exit(1)
        return table


class Stillborn(Mortal):
    """Instead of the line: a machine that has another model."""

    def __init__(self, _plan: None) -> None:
        raise BundleInvalid("This machine has another model.")


@pytest.fixture
def two_workers() -> Iterator[None]:
    run.connect("", 2)
    yield
    ray.shutdown()


@pytest.mark.usefixtures("two_workers")
@pytest.mark.filterwarnings("ignore")  # Ray warns of itself
def test_an_item_that_ends_its_workers_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    todo = [{"line": i, "source": "mortal" if i == 200 else f"{i}.wav", "bytes": 1000} for i in range(1000)]
    monkeypatch.setattr(run, "Transcriber", Mortal)
    heard = [row["line"] for row in run._transcribe(todo, None, 2)]
    assert sorted(heard) == [i for i in range(1000) if i != 200]
    monkeypatch.setattr(run, "Transcriber", Stillborn)
    with pytest.raises(WorkerLost, match="another model"):
        list(run._transcribe(todo, None, 2))


def test_hostile_manifests_name_every_error_and_finish(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (clip,) = write_clips(root, 1)
    (root / "same.wav").write_bytes(clip.read_bytes())
    (root / "noise.wav").write_bytes(b"no audio at all")
    (root / "empty.wav").touch()
    os.mkfifo(root / "pipe.wav")
    outside = tmp_path / "outside.wav"
    outside.write_bytes(clip.read_bytes())
    (root / "link.wav").symlink_to(outside)
    lines = {
        clip.name: None,
        "same.wav": "duplicate_reference",
        f"./{clip.name}": "duplicate_reference",
        "missing.wav": "reference_missing",
        "noise.wav": "unsupported_audio",
        "empty.wav": "empty_audio",
        "pipe.wav": "reference_missing",
        "../outside.wav": "reference_not_allowed",
        str(outside): "reference_not_allowed",
        "link.wav": "reference_not_allowed",
        "https://192.0.2.1/a.wav": "reference_not_allowed",
        "file:///etc/passwd": "reference_not_allowed",
        "a\0b": "reference_missing",
        "x" * 5000: "reference_missing",
        "y" * 70_000: "invalid_request",
    }
    manifest, out = root / "list.txt", tmp_path / "out"
    manifest.write_bytes("".join(f"{line}\n" for line in lines).encode() + b"\xff\xfe\n" + f"{clip.name}\n".encode())
    status, said = finish(manifest, out, "--root", str(root), "--format", "parquet")
    assert status == 1, said
    expected = {i: code for i, code in enumerate(lines.values(), 1) if code}
    assert failures(out) == {**expected, 16: "invalid_request", 17: "duplicate_reference"}
    (shard,) = out.glob("part-*.parquet")
    (row,) = pq.read_table(shard).to_pylist()
    assert row["source"] == clip.name
    assert row["text"]
    status, said = finish(manifest, out, "--root", str(root))
    assert "0 transcribed" in said
    assert "1 done before" in said


def test_urls_of_private_or_silent_hosts_are_not_fetched(tmp_path: Path) -> None:
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        lines = {
            f"http://127.0.0.1:{port}/a.wav": "private_address",
            f"http://localhost:{port}/a.wav": "private_address",
            f"http://[::1]:{port}/a.wav": "private_address",
            f"http://[::ffff:127.0.0.1]:{port}/a.wav": "private_address",
            f"http://2130706433:{port}/a.wav": "reference_unreachable",
            "http://169.254.169.254/latest/meta-data": "private_address",
            f"http://10.0.0.1:{closed.getsockname()[1]}/": "private_address",
            "http://nowhere.invalid/a.wav": "reference_unreachable",
            "http://[half/a.wav": "reference_unreachable",
            "s3://bucket/a.wav": "reference_not_allowed",
        }
        manifest, out = tmp_path / "list.txt", tmp_path / "out"
        manifest.write_text("".join(f"{line}\n" for line in lines))
        status, said = finish(manifest, out)
    server.shutdown()
    server.server_close()
    assert status == 1, said
    assert failures(out) == dict(enumerate(lines.values(), 1))
    assert asked == []


def test_a_million_lines(tmp_path: Path) -> None:
    (clip,) = write_clips(tmp_path, 1)
    manifest, out = tmp_path / "manifest.jsonl", tmp_path / "out"
    with manifest.open("w") as file:
        file.writelines(f'{{"audio_filepath": "missing/{i}.wav"}}\n' for i in range(999_998))
        file.write(f'{{"audio_filepath": "{clip.name}"}}\n{{"audio_filepath": 7}}\n')
    status, said = finish(manifest, out)
    assert status == 1, said
    codes = Counter(failures(out).values())
    assert codes == {"reference_missing": 999_998, "invalid_request": 1}
    assert [row["source"] for row in records(out)] == [clip.name]


def test_the_last_blocks_are_small_so_that_no_worker_waits_long() -> None:
    sizes = sorted((64_000 + 1000 * (i * 7919 % 400) for i in range(2000)), reverse=True)
    counts = run._block_sizes(sizes, 2)
    assert sum(counts) == len(sizes)
    assert min(counts) == 1
    blocks = [sum(sizes[start : start + count]) for start, count in zip(accumulate([0, *counts]), counts, strict=False)]
    assert max(blocks) <= sum(sizes) / 100
    assert sum(blocks[-4:]) <= sum(sizes) / 500
