"""The same speech in every container and codec that ffmpeg writes: lossless ones identical, lossy ones nearly."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import jiwer
import pytest

from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline
from tests.support import domain_text
from tests.support.synthesis import speak

pytestmark = pytest.mark.api

N_CLIPS = 20
MAX_CER = 0.02
# Name of the file → ffmpeg's arguments; all at 16 kHz.
LOSSLESS = {
    "s16.wav": "",
    "s24.wav": "-c:a pcm_s24le",
    "s32.wav": "-c:a pcm_s32le",
    "float.wav": "-c:a pcm_f32le",
    "double.wav": "-c:a pcm_f64le",
    "stereo.wav": "-ac 2",
    "wave.rf64": "-rf64 always -f wav",
    "wave64.w64": "",
    "big.aiff": "",
    "sun.au": "",
    "core.caf": "",
    "free.flac": "",
    "stereo.flac": "-ac 2",
    "oggflac.oga": "-c:a flac",
    "apple.m4a": "-c:a alac",
    "matroska.mka": "-c:a flac",
    "pcm.mkv": "-c:a pcm_s16le",
    "pcm.mov": "-c:a pcm_s16le",
}
LOSSY = {
    "16.mp3": "-b:a 64k",
    "44.mp3": "-ar 44100 -ac 2 -b:a 128k",
    "16.opus": "-b:a 32k",
    "48.webm": "-c:a libopus -ar 48000 -b:a 48k",
    "44.ogg": "-c:a libvorbis -ar 44100 -q:a 5",
    "16.m4a": "-c:a aac -b:a 64k",
    "44.mp4": "-c:a aac -ar 44100 -ac 2 -b:a 128k",
    "48.aac": "-c:a aac -ar 48000 -b:a 96k",
    "44.wma": "-c:a wmav2 -ar 44100 -b:a 128k",
    "adpcm.wav": "-c:a adpcm_ms",
    "mulaw.wav": "-c:a pcm_mulaw",
    "alaw.wav": "-c:a pcm_alaw",
    "48.flac": "-ar 48000 -ac 2",
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Twenty sentences, 16 kHz, mono."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    folder = tmp_path_factory.mktemp("clips")
    paths = []
    for i, sentence in enumerate(domain_text.held_out()[:N_CLIPS]):
        spoken = folder / f"{i}.spoken.wav"
        spoken.write_bytes(speak(sentence.text, i))
        paths.append(converted(spoken, folder / f"{i}.wav", "-ar 16000 -ac 1 -c:a pcm_s16le"))
    return paths


@pytest.fixture(scope="module")
def texts(clips: list[Path], pipeline: Pipeline, acoustic: LocalAcoustic) -> list[str]:
    return [pipeline.transcribe(clip, acoustic).text for clip in clips]


def converted(source: Path, output: Path, arguments: str) -> Path:
    command = ["ffmpeg", "-v", "error", "-y", "-i", source, *arguments.split(), "-map_metadata", "-1", output]
    subprocess.run(command, check=True)
    return output


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless(
    clips: list[Path], texts: list[str], pipeline: Pipeline, acoustic: LocalAcoustic, tmp_path: Path, name: str
) -> None:
    for clip, text in zip(clips[:5], texts, strict=False):
        output = converted(clip, tmp_path / name, LOSSLESS[name])
        assert pipeline.transcribe(output, acoustic).text == text


@pytest.mark.parametrize("name", LOSSY)
def test_lossy(
    clips: list[Path], texts: list[str], pipeline: Pipeline, acoustic: LocalAcoustic, tmp_path: Path, name: str
) -> None:
    heard = [pipeline.transcribe(converted(c, tmp_path / name, LOSSY[name]), acoustic).text for c in clips]
    cer = jiwer.cer(texts, heard)
    print(f"{name}: {cer:.4f}")
    assert cer <= MAX_CER
