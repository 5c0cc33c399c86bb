"""A small, deterministic measurement of speakers told apart: make smoke-speakers.

Makes three recordings of held-out mixtures of Kokoro's voices (two speakers, three, and one alone) in FOLDER, with
their true turns, for `benchmarks.speakers`. The weights of the synthesiser and of the speaker model come out of
packages of the indexes that pip and npm are configured for. Where these cannot be reached, it says so and exits with
75, or with 1 where HINDI_STT_TEST_TOOLS=required.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
import soxr

from tests.support.evaluation_set import SENTENCES
from training import kokoro

RATE = 16_000
SKIPPED = 75  # EX_TEMPFAIL
ENVIRONMENT = ".venv-speakers/.installed"
# A Hindi voice and one that nothing was trained with: training/speak.py.
SPEAKERS = (
    {"hf_alpha": 0.45, "af_sarah": 0.55},
    {"hm_omega": 0.45, "am_fenrir": 0.55},
    {"hf_beta": 0.45, "zf_xiaoyi": 0.55},
    {"hm_psi": 0.45, "bm_lewis": 0.55},
)
# Who speaks, sentence by sentence.
RECORDINGS = {
    "two": (0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1),
    "three": (1, 2, 3, 2, 2, 1, 3, 3, 2, 1, 2, 3),
    "one": (2,) * 6,
}
PAUSES_S = (0.35, 1.2)
QUIET = 0.01  # below this share of the loudest sample a sentence has not begun, or is over
BACKGROUND = 1e-3
T = TypeVar("T")

_synthesiser: kokoro.Kokoro | None = None


def sentence(model: Path, text: str, speaker: int) -> np.ndarray:
    """A sentence without the silence around it, float32 at 16 kHz; in a process of its own."""
    global _synthesiser  # noqa: PLW0603  # one of each process
    _synthesiser = _synthesiser or kokoro.Kokoro(model)
    samples = soxr.resample(_synthesiser.speak(text, SPEAKERS[speaker], 1.0), kokoro.RATE, RATE)
    loud = np.flatnonzero(np.abs(samples) > QUIET * np.abs(samples).max())
    spoken = samples[loud[0] : loud[-1] + 1]
    return (0.06 * spoken / np.sqrt(np.mean(spoken**2))).astype(np.float32)


def write(folder: Path, name: str, speakers: Sequence[int], sentences: Sequence[np.ndarray]) -> None:
    """A recording and its turns."""
    draw = np.random.default_rng(sum(map(ord, name)))
    parts, turns, n = [np.zeros(RATE // 2, np.float32)], [], RATE // 2
    for speaker, samples in zip(speakers, sentences, strict=True):
        turns.append(f"SPEAKER {name} 1 {n / RATE:.3f} {len(samples) / RATE:.3f} <NA> <NA> spk{speaker} <NA> <NA>")
        pause = np.zeros(round(draw.uniform(*PAUSES_S) * RATE), np.float32)
        parts += [samples, pause]
        n += len(samples) + len(pause)
    samples = np.concatenate(parts)
    samples += BACKGROUND * draw.standard_normal(len(samples)).astype(np.float32)
    soundfile.write(folder / f"{name}.wav", np.clip(samples, -1, 1), RATE, subtype="PCM_16")
    (folder / f"{name}.rttm").write_text("\n".join(turns) + "\n", encoding="utf-8")


def reached(what: str, fetch: Callable[[], T]) -> T:
    """What is fetched from a package index, or the end of the program."""
    start = time.monotonic()
    try:
        found = fetch()
    except (OSError, subprocess.CalledProcessError) as error:
        required = os.environ.get("HINDI_STT_TEST_TOOLS") == "required"
        print(f"smoke-speakers: {'failed' if required else 'skipped'}: {what} could not be fetched: {error}")
        sys.exit(1 if required else SKIPPED)
    print(f"{what}: {time.monotonic() - start:.0f} s", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the recordings go, and what is fetched")
    arguments = parser.parse_args()
    folder = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    model = reached("the synthesiser", lambda: kokoro.fetch(folder / "kokoro"))
    get = [str(Path(sys.executable).with_name("hindi-stt")), "models", "get", "speakers", "--accept-licence"]
    reached("the speaker model", lambda: subprocess.run(get, check=True, stdout=subprocess.DEVNULL))
    environment = ["make", "--no-print-directory", ENVIRONMENT]
    reached("the environment of pyannote.metrics", lambda: subprocess.run(environment, check=True))
    start = time.monotonic()
    texts = iter(SENTENCES)
    jobs = [(name, speaker, next(texts)) for name, speakers in RECORDINGS.items() for speaker in speakers]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        spoken = list(
            pool.map(sentence, [model] * len(jobs), [text for *_, text in jobs], [speaker for _, speaker, _ in jobs])
        )
    for name, speakers in RECORDINGS.items():
        own = [samples for (of, *_), samples in zip(jobs, spoken, strict=True) if of == name]
        write(folder, name, speakers, own)
    print(f"{sum(map(len, spoken)) / RATE:.0f} s of speech: {time.monotonic() - start:.0f} s")


if __name__ == "__main__":
    main()
