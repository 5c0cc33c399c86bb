"""Clips of training out of stored collections, and real recordings divided by broadcast."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.support.synthesis import speak as espeak
from tests.support.training_folder import make_training_folder
from training import augment, clips, collection, recordings
from training.conditions import collected
from training.exclusion import Exclusion

needs_espeak = pytest.mark.skipif(not shutil.which("espeak-ng"), reason="espeak-ng is not installed")
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")


def samples_of(wav: bytes) -> np.ndarray:
    return np.frombuffer(wav[44:], "<i2")


@pytest.fixture
def real(tmp_path: Path) -> Path:
    """Forty recordings of twenty broadcasts, with texts as people write them."""
    folder = tmp_path / "source"
    folder.mkdir()
    texts = ["सभा शुरू हुई।", "वर्षा होगी", "सन 2019 में", "यह वाक्य नापने के लिए है"]
    lines = ["file\ttext\tpath in the source\tseconds"]
    for number in range(40):
        wav = folder / f"clip_{number:02d}.wav"
        wav.write_bytes(espeak(texts[number % 4], number))
        lines.append(f"{wav.name}\t{texts[number % 4]}\tbroadcast-{number // 2}/sent_{number}.wav\t1.0")
    (folder / "transcripts.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@needs_espeak
@needs_ffmpeg
def test_recordings_are_divided_by_broadcast(real: Path, tmp_path: Path) -> None:
    became = recordings.prepare(real, tmp_path, Exclusion(["यह वाक्य नापने के लिए है"]))
    assert len(became["excluded"]) == len(became["unreadable text"]) == 10
    assert min(len(became["real"]), len(became["real-held"])) > 0
    parts = {part: collection.rows(tmp_path / part) for part in ("real", "real-held")}
    broadcasts = {part: {Path(row["source"]).parent for row in found} for part, found in parts.items()}
    assert not broadcasts["real"] & broadcasts["real-held"]
    assert {clip.transcript for part in parts for clip in collection.read(tmp_path / part)} == {
        "सभा शुरू हुई",
        "वर्षा होगी",
    }
    first = next(iter(collected(tmp_path / "real")))
    expected = recordings.decode(real / "clip_00.wav") / np.float32(32768)
    assert np.allclose(first.samples, expected)


def draw(maker: clips.ClipMaker, count: int) -> list[tuple[np.ndarray, str]]:
    return [maker.clip(1.0) for _ in range(count)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_training_folder(tmp_path)


@needs_espeak
def test_clips_come_from_the_sources_by_their_shares(work: Path) -> None:
    drawn = draw(clips.ClipMaker(work, 5, clips.parse_shares("espeak=1, spoken=2, real=1")), 120)
    assert all(samples.dtype == np.float32 for samples, _ in drawn)
    assert all(0.5 < len(samples) / 16000 < 60 for samples, _ in drawn)
    texts = [text for _, text in drawn]
    spoken = sum(set(text.split()) == {"कल", "मिलेंगे"} for text in texts)
    real = sum(set(text.split()) == {"ठीक", "है"} for text in texts)
    assert 40 < spoken < 85  # half, and what espeak-ng says of that text
    assert 15 < real < 50
    assert any(len(text.split()) > 2 for text in texts if "ठीक" in text)  # joined clips


@needs_espeak
def test_stored_clips_are_changed_alike_by_one_seed(work: Path) -> None:
    shares = {"spoken": 1.0, "real": 1.0}
    first, again, other = (draw(clips.ClipMaker(work, seed, shares), 20) for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) and text == same for (a, text), (b, same) in zip(first, again, strict=True))
    assert not np.array_equal(first[0][0], other[0][0])


@needs_espeak
def test_versions_of_a_clip_differ_in_all_but_length_and_words(work: Path) -> None:
    maker = clips.ClipMaker(work, 5, clips.parse_shares("espeak=1, spoken=2, real=1"))
    for _ in range(30):
        versions, text = maker.views(1.0, 3)
        assert text
        assert len({len(samples) for samples in versions}) == 1
        assert not any(np.allclose(versions[0], other) for other in versions[1:])


@needs_espeak
def test_espeak_alone_needs_no_collection(work: Path) -> None:
    for name in clips.COLLECTIONS:
        shutil.rmtree(work / name)
    _, text = clips.ClipMaker(work, 5).clip(1.0)
    assert text
    with pytest.raises(FileNotFoundError, match="spoken holds no manifest"):
        clips.ClipMaker(work, 5, {"spoken": 1.0})


@pytest.mark.parametrize("text", ["", "spoken", "spoken=0", "spoken=-1", "spoken=much", "radio=1", "spoken=nan"])
def test_shares_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"source|share|float"):
        clips.parse_shares(text)


def test_a_manifest_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.tsv").write_text("file\tseconds\na.flac\t1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="no column text"):
        collection.read(tmp_path)


def test_a_manifest_that_another_run_has_just_made_holds_no_clips(tmp_path: Path) -> None:
    (tmp_path / "manifest-1-of-2.tsv").write_text("file\ttext\tseconds\na.flac\tघर\t1\n", encoding="utf-8")
    (tmp_path / "manifest-2-of-2.tsv").touch()
    assert [clip.text for clip in collection.read(tmp_path)] == ["घर"]


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.3])
def test_stretching_changes_the_length_and_not_the_pitch(factor: float) -> None:
    time = np.arange(32000) / 16000
    tone = (0.5 * np.sin(2 * np.pi * 210 * time)).astype(np.float32)
    longer = augment.stretch(tone, factor)
    assert len(longer) == int(32000 * factor)
    middle = longer[2000:18000]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) == 210
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
