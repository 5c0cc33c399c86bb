"""Natural synthetic speech: `python -m training.speak WORK --hours 25`.

Speaks WORK/spoken/sentences.tsv (`training.spoken_text`) with Kokoro-82M into WORK/spoken/clips, FLAC at 24 kHz, one
line of WORK/spoken/manifest*.tsv a clip. Clip `n` has the same text, voices and speed on every run: a run that was
stopped goes on where it ended, and several (`--process 1/2`, `--process 2/2`) share the work. One thread each.
With `--first N` the clips before N, which another machine has, are left out.
"""

import argparse
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import collection, kokoro, spoken_text

SEED = 43
HINDI = {"hf_alpha": 1.0, "hf_beta": 1.0, "hm_omega": 1.0, "hm_psi": 1.0}
ROUGH = ("im_nicola", "pm_alex", "zf_xiaobei", "zm_yunxi", "am_michael")
# Never spoken with for training: their mixtures with Hindi voices are the new voices of measuring.
HELD_VOICES = ("af_sarah", "am_fenrir", "bf_emma", "bm_lewis", "if_sara", "jm_kumo", "zf_xiaoyi")
ALONE, HINDI_SHARE = 0.12, (0.35, 0.8)  # how often one Hindi voice speaks alone; its share in a mixture
WITHOUT_HINDI = 0.2  # how often a mixture has no Hindi voice
SPEEDS = (0.85, 1.15, 1.5)  # slowest, most frequent, fastest
QUIET = 0.004  # below this a sample counts as silence at the ends of a clip
MARGIN_S = 0.03
HEADER = ("clip", "file", "kind", "text", "voices", "speed", "seconds")


@dataclass(frozen=True)
class Line:
    """What one clip says and who says it. `text` has its punctuation marks."""

    number: int
    kind: str
    text: str
    mix: dict[str, float]
    speed: float

    @property
    def file(self) -> str:
        """The clip's place in the folder `clips`."""
        return f"{self.number // 1000:03d}/{self.number:06d}.flac"

    @property
    def voices(self) -> str:
        """The mixture as the manifest has it."""
        return "+".join(f"{name}:{weight:.2f}" for name, weight in self.mix.items())


def mixture(generator: random.Random, others: list[str]) -> dict[str, float]:
    """A speaker: a Hindi voice, alone or with one or two of `others`, or now and then two of `others`."""
    hindi = generator.choice(list(HINDI))
    if generator.random() < ALONE:
        return {hindi: 1.0}
    if generator.random() < WITHOUT_HINDI:
        first, second = generator.sample(others, 2)
        share = round(generator.uniform(0.3, 0.7), 2)
        return {first: share, second: round(1 - share, 2)}
    share = round(generator.uniform(*HINDI_SHARE), 2)
    if generator.random() < 0.3:
        first, second = generator.sample([*others, *(name for name in HINDI if name != hindi)], 2)
        part = round((1 - share) * generator.uniform(0.3, 0.7), 2)
        return {hindi: share, first: part, second: round(1 - share - part, 2)}
    return {hindi: share, generator.choice(others): round(1 - share, 2)}


def plan(sentences: dict[str, list[str]], voices: list[str], seed: int = SEED) -> Iterator[Line]:
    """Endless clips, the same for the same sentences and seed. A kind that ends begins again, with other voices."""
    others = [name for name in voices if name not in (*HINDI, *ROUGH, *HELD_VOICES)]
    kinds = [kind for kind in spoken_text.SHARES if sentences.get(kind)]
    shares = [spoken_text.SHARES[kind] for kind in kinds]
    spoken = dict.fromkeys(kinds, 0)
    number = 0
    while True:
        generator = random.Random(f"{seed}/{number}")
        kind = generator.choices(kinds, shares)[0]
        text = sentences[kind][spoken[kind] % len(sentences[kind])]
        spoken[kind] += 1
        yield Line(number, kind, text, mixture(generator, others), round(generator.triangular(*_speeds()), 2))
        number += 1


def _speeds() -> tuple[float, float, float]:
    low, usual, high = SPEEDS
    return low, high, usual  # the order of random.triangular


def held_plan(held: list[tuple[str, str]], seed: int = SEED) -> Iterator[Line]:
    """The sentences held back, each once, by mixtures with voices that training never uses."""
    for number, (kind, text) in enumerate(held):
        generator = random.Random(f"{seed}/held/{number}")
        share = round(generator.uniform(0.3, 0.6), 2)
        mix = {generator.choice(list(HINDI)): share, generator.choice(HELD_VOICES): round(1 - share, 2)}
        yield Line(number, kind, text, mix, round(generator.uniform(0.9, 1.35), 2))


def trimmed(samples: np.ndarray) -> np.ndarray:
    """Without the silence at both ends, less a margin."""
    loud = np.flatnonzero(np.abs(samples) > QUIET)
    if not len(loud):
        return samples[:0]
    margin = int(MARGIN_S * kokoro.RATE)
    return samples[max(0, loud[0] - margin) : loud[-1] + margin]


def drop_cut_off_line(manifest: Path) -> None:
    """Takes away what follows the last line end: a run that was killed while it wrote."""
    data = manifest.read_bytes() if manifest.exists() else b""
    if not data.endswith(b"\n"):
        manifest.write_bytes(data[: data.rfind(b"\n") + 1])


def speak(folder: Path, lines: Iterator[Line], synthesiser: kokoro.Kokoro, manifest: Path, hours: float) -> None:
    """Speaks the lines that no manifest of the folder has, until the folder holds so many hours.

    Args:
        folder: Holds `clips` and the manifests.
        lines: What to speak, in this order.
        synthesiser: Who speaks.
        manifest: Where this run's lines go.
        hours: Speech after which to stop, that of earlier and other runs included when this one starts.
    """
    import soundfile

    done = collection.rows(folder) if list(folder.glob("manifest*.tsv")) else []
    numbers = {int(row["clip"]) for row in done}
    seconds = sum(float(row["seconds"]) for row in done)
    drop_cut_off_line(manifest)
    began, spoken = time.monotonic(), 0.0
    with manifest.open("a", encoding="utf-8", newline="") as file:
        if not file.tell():
            file.write("\t".join(HEADER) + "\n")
        for line in lines:
            if seconds >= hours * 3600:
                break
            if line.number in numbers:
                continue
            try:
                samples = trimmed(synthesiser.speak(line.text, line.mix, line.speed))
            except ValueError as error:
                print(f"clip {line.number} left out: {error}", file=sys.stderr)
                continue
            target = folder / "clips" / line.file
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".part")
            soundfile.write(partial, np.clip(samples, -1, 1), kokoro.RATE, format="FLAC", subtype="PCM_16")
            partial.replace(target)
            length_s = len(samples) / kokoro.RATE
            row = (line.number, line.file, line.kind, line.text, line.voices, line.speed, round(length_s, 3))
            file.write("\t".join(map(str, row)) + "\n")
            file.flush()
            seconds, spoken = seconds + length_s, spoken + length_s
            if line.number % 100 == 0:
                share = (time.monotonic() - began) / max(spoken, 1e-3)
                print(f"clip {line.number}: {seconds / 3600:.2f} h, {share:.2f} x real time", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--hours", type=float, default=25.0, help="speech after which to stop")
    parser.add_argument("--process", default="1/1", help="which of how many runs beside one another this is")
    parser.add_argument("--first", type=int, default=0, help="number of the first clip")
    parser.add_argument("--held", action="store_true", help="speak what is held back, to WORK/spoken-held")
    arguments = parser.parse_args()
    which, count = map(int, arguments.process.split("/"))
    synthesiser = kokoro.Kokoro(kokoro.fetch(arguments.work / "kokoro"))
    text = arguments.work / "spoken"
    if arguments.held:
        held = [tuple(line.split("\t")) for line in (text / "held.tsv").read_text(encoding="utf-8").splitlines()]
        folder, lines = arguments.work / "spoken-held", held_plan([(kind, said) for kind, said in held])
    else:
        folder, lines = text, plan(spoken_text.load(text), synthesiser.voices)
    folder.mkdir(parents=True, exist_ok=True)
    mine = (line for line in lines if line.number >= arguments.first and line.number % count == which - 1)
    speak(folder, mine, synthesiser, folder / f"manifest-{which}-of-{count}.tsv", arguments.hours)


if __name__ == "__main__":
    main()
