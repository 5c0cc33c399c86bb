"""Step 2, the voices: `python -m training.voices WORK [--sample N]` makes the speakers, and N clips to listen to.

espeak-ng is driven in process (500 times faster than real time), so clips are spoken when training asks for them and no
audio is stored. Its voice variants and a few hundred of our own, drawn at random from the ranges that variant files
allow, lie in WORK/espeak; the variants in HELD_OUT are kept for measuring and are not even present there.
"""

import argparse
import ctypes
import random
import wave
from pathlib import Path

import numpy as np

HELD_OUT = ("f5", "m7", "klatt2", "Andy", "Tweaky", "belinda")
ODD = ("croak", "Demonic", "kaukovalta", "robosoft", "robosoft2", "robosoft4", "robosoft5", "robosoft6", "robosoft7",
       "robosoft8", "UniRobot", "anikaRobot", "whisper", "whisperf", "Storm", "grandma", "shelby", "fast")  # fmt: skip
SYSTEM_DATA = Path("/usr/lib/x86_64-linux-gnu/espeak-ng-data")
OWN_VARIANTS = 230  # espeak-ng lists 349 voices at most
_RATE, _VOLUME, _PITCH, _RANGE, _WORD_GAP = 1, 2, 3, 4, 7
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def own_variant(generator: random.Random) -> str:  # noqa: C901, PLR0912 -- one line of the file after another
    """A random speaker: a vocal tract scaled as a whole, each formant a little off, source and prosody varied."""
    uniform = generator.uniform
    tract = uniform(0.82, 1.28)
    low = uniform(65, 110) if tract < 1.02 else uniform(110, 230)
    lines = [
        "language variant",
        f"pitch {low:.0f} {low * uniform(1.15, 1.7):.0f}",
        f"formant 0 {100 * uniform(0.9, 1.1):.0f} {uniform(80, 130):.0f} {uniform(80, 150):.0f}",
    ]
    for number in range(1, 9):
        strength = uniform(65, 140) if number < 4 else uniform(20, 140)
        lines.append(f"formant {number} {100 * tract * uniform(0.94, 1.06):.0f} {strength:.0f} {uniform(70, 160):.0f}")
    if generator.random() < 0.3:
        lines.append(f"klatt {generator.choice([1, 3, 4, 5, 6])}")  # 2 is the source of a held-out variant
    if generator.random() < 0.5:
        lines.append(f"roughness {generator.randint(0, 5)}")
    if generator.random() < 0.5:
        lines.append(f"flutter {generator.randint(0, 20)}")
    if generator.random() < 0.4:
        lines.append(f"voicing {uniform(50, 160):.0f}")
    if generator.random() < 0.6:
        lines.append(f"consonants {uniform(60, 150):.0f} {uniform(60, 150):.0f}")
    if generator.random() < 0.25:
        lines.append(f"echo {generator.randint(10, 140)} {generator.randint(5, 40)}")
    if generator.random() < 0.25:
        lines.append("breath " + " ".join(str(generator.randint(0, 8)) for _ in range(8)))
    if generator.random() < 0.4:
        lines.append("stressAdd " + " ".join(str(generator.randint(-30, 80)) for _ in range(8)))
    if generator.random() < 0.3:
        lines.append("stressLength " + " ".join(str(generator.randint(120, 260)) for _ in range(8)))
    if generator.random() < 0.3:
        tone = [generator.randint(100, 800), 255]
        for low, high, least in ((900, 1600, 40), (2000, 4000, 20)):
            tone += [generator.randint(low, high), generator.randint(least, 255)]
        lines.append("tone " + " ".join(map(str, tone)))
    if generator.random() < 0.3:
        lines.append(f"intonation {generator.randint(1, 4)}")
    return "\n".join(lines) + "\n"


def prepare(work: Path) -> list[tuple[str, float]]:
    """Lays out espeak-ng's data without the held-out variants, adds ours; returns (voice, weight)."""
    data = work / "espeak" / "espeak-ng-data"
    variants = data / "voices" / "!v"
    variants.mkdir(parents=True, exist_ok=True)
    for item in SYSTEM_DATA.iterdir():
        if item.name not in ("voices", "lang") and not (data / item.name).exists():
            (data / item.name).symlink_to(item)
    hindi = data / "lang" / "inc" / "hi"
    hindi.parent.mkdir(parents=True, exist_ok=True)
    hindi.write_bytes((SYSTEM_DATA / "lang" / "inc" / "hi").read_bytes())
    voices = [("hi", 6.0)]
    for item in sorted((SYSTEM_DATA / "voices" / "!v").iterdir()):
        if item.name not in HELD_OUT and " " not in item.name:
            if not (variants / item.name).exists():
                (variants / item.name).symlink_to(item)
            voices.append((f"hi+{item.name}", 0.3 if item.name in ODD else 1.3))
    generator = random.Random(8)
    for number in range(OWN_VARIANTS):
        (variants / f"own{number:03d}").write_text(own_variant(generator), encoding="utf-8")
        voices.append((f"hi+own{number:03d}", 0.15))
    return voices


class Synthesiser:
    """espeak-ng in this process: one instance per process."""

    def __init__(self, data_parent: Path | None = None):
        self._library = ctypes.CDLL("libespeak-ng.so.1")
        path = str(data_parent).encode() if data_parent else None
        self.rate = self._library.espeak_Initialize(2, 0, path, 0)
        if self.rate <= 0:
            raise RuntimeError("espeak-ng could not be started")
        self._pieces: list[np.ndarray] = []
        self._callback = _CALLBACK(self._collect)
        self._library.espeak_SetSynthCallback(self._callback)

    def _collect(self, samples, count, _events) -> int:
        if samples and count > 0:
            self._pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(
        self,
        text: str,
        voice: str = "hi",
        rate: int = 160,
        pitch: int = 50,
        *,
        pitch_range: int = 50,
        word_gap: int = 0,
    ) -> np.ndarray:
        """The spoken text as float32 at `self.rate`."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"no such voice: {voice}")
        for parameter, value in (
            (_RATE, rate),
            (_VOLUME, 90),
            (_PITCH, pitch),
            (_RANGE, pitch_range),
            (_WORD_GAP, word_gap),
        ):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._pieces.clear()
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, 1, None, None)
        self._library.espeak_Synchronize()
        return np.concatenate(self._pieces).astype(np.float32) / 32768 if self._pieces else np.zeros(0, np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--sample", type=int, default=0, help="clips to write to WORK/sample")
    arguments = parser.parse_args()
    voices = prepare(arguments.work)
    print(f"{len(voices)} voices in {arguments.work / 'espeak'}; held out: {', '.join(HELD_OUT)}")
    if arguments.sample:
        from .clips import ClipMaker

        maker = ClipMaker(arguments.work, seed=1)
        folder = arguments.work / "sample"
        folder.mkdir(exist_ok=True)
        for number in range(arguments.sample):
            samples, text = maker.clip(progress=1.0)
            with wave.open(str(folder / f"{number:03d}.wav"), "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
            (folder / f"{number:03d}.txt").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
