"""Punctuation of recognised paragraphs: the embedded network against pauses alone, with 95 % intervals.

python -m benchmarks.punctuation --text FOLDER [--kokoro FOLDER …] [--model BUNDLE]; needs espeak-ng. Paragraphs of 3 to
8 sentences out of stories and books that the network was not trained on are spoken and recognised as the server does;
the last position of each is left out. What was recognised is kept under build/punctuation, so that another network is
measured within seconds; a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import soundfile
from tqdm import tqdm

from benchmarks.punctuation_marks import F1, KINDS, aligned, counts, f1, on_reference, without_lost_words
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.punctuation_network import NETWORK_FILES, NetworkPunctuator
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Word
from training import collection
from training.punctuation.text import MARKS, UNSEEN, Sentence, load_marked, paragraphs, parse

KEPT = Path("build/punctuation")
QUESTIONS, SMOKE_PARAGRAPHS = 300, 6
VARIANTS = ("f1", "f3", "m2", "m5", "f4", "m7")
# Between joined clips of single sentences, in seconds.
PAUSES_S = (0.25, 0.9)
_MARK = re.compile(r"^(.*?)([,।?]?)$")


@dataclass(frozen=True)
class Spoken:
    """A paragraph: its text, how it was spoken, and what was recognised, segment by segment."""

    words: tuple[str, ...]
    marks: tuple[str, ...]
    voice: str
    segments: tuple[Segment, ...]

    @property
    def recognised(self) -> list[Word]:
        """The words of all segments."""
        return [word for segment in self.segments for word in segment.words]


class Recogniser:
    """The server's own way from a recording to words, without marks."""

    def __init__(self, bundle: Bundle) -> None:
        self._pipeline = Pipeline(bundle, Settings(model=""))
        self._acoustic = LocalAcoustic(bundle, threads=1)

    def segments(self, wav: bytes) -> list[list[tuple[str, float, float]]]:
        """Words with start and end in seconds, by segment."""
        transcript = self._pipeline.transcribe(io.BytesIO(wav), self._acoustic)
        return [
            [(word.text, round(word.start_s, 3), round(word.end_s, 3)) for word in segment.words]
            for segment in transcript.segments
            if segment.words
        ]


def chosen(folder: Path, questions: int) -> list[tuple[str, Sentence]]:
    """Paragraphs by source, in random order, until so many question marks stand inside them."""
    test = load_marked(folder).test
    generator = random.Random(5)
    every = [(name, one) for name in UNSEEN for one in paragraphs(test[name], generator) if len(one.words) > 3]
    generator.shuffle(every)
    taken, n = [], 0
    for name, one in every:
        if n >= questions:
            break
        taken.append((name, one))
        n += sum(MARKS[label] == "?" for label in one.labels[:-1])
    return taken


def espeak(number: int, one: Sentence) -> tuple[str, bytes]:
    """Speaks a paragraph with its marks; the voice and its rate follow from the number."""
    text = " ".join(word + MARKS[label] for word, label in zip(one.words, one.labels, strict=True))
    variant, rate = VARIANTS[number % len(VARIANTS)], 120 + 10 * (number % 7)
    command = ["espeak-ng", "-v", f"hi+{variant}", "-s", str(rate), "--stdin", "--stdout"]
    wav = subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=60).stdout
    return f"espeak-ng {variant} {rate}", wav


def kokoro(folders: Sequence[Path], text: Path, n: int) -> Iterator[tuple[str, Sentence, bytes]]:
    """Joins clips of held-out sentences, spoken one by one, with pauses between them."""
    held = {one.words for sentences in load_marked(text).test.values() for one in sentences}
    clips = []
    for recording in (one for folder in folders for one in collection.read(folder)):
        sentence = parse(recording.text)
        if sentence is not None and sentence.words in held:
            clips.append((sentence, recording))
    generator = random.Random(6)
    for _ in range(n if len(clips) >= 8 else 0):
        part = generator.sample(clips, generator.randint(3, 8))
        samples, rate = [], 0
        for _, recording in part:
            waveform, rate = recording.read()
            samples += [waveform, np.zeros(round(generator.uniform(*PAUSES_S) * rate), waveform.dtype)]
        buffer = io.BytesIO()
        soundfile.write(buffer, np.clip(np.concatenate(samples), -1, 1), rate, format="WAV", subtype="PCM_16")
        words = tuple(word for sentence, _ in part for word in sentence.words)
        labels = tuple(label for sentence, _ in part for label in sentence.labels)
        yield "kokoro", Sentence(words, labels), buffer.getvalue()


def recognise_all(arguments: argparse.Namespace, bundle: Bundle) -> dict[str, list[Spoken]]:
    """Speaks and recognises what is not kept from an earlier run; by source."""
    KEPT.mkdir(parents=True, exist_ok=True)
    file = KEPT / f"{bundle.label.replace(':', '-').replace('/', '-')}.jsonl"
    kept = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []
    done = {(row["source"], *row["words"]): row for row in kept}
    recogniser = Recogniser(bundle)
    result: dict[str, list[Spoken]] = {}
    written = chosen(arguments.text, arguments.questions)
    if arguments.smoke:
        written = [pair for pair in written if "?" in {MARKS[label] for label in pair[1].labels[:-1]}]
        written = written[:SMOKE_PARAGRAPHS]
    wavs = ((name, one, None) for name, one in written)
    joined = kokoro(arguments.kokoro, arguments.text, arguments.kokoro_paragraphs)
    with file.open("a", encoding="utf-8") as log:
        for number, (name, one, wav) in enumerate(tqdm([*wavs, *joined], disable=None)):
            row = done.get((name, *one.words))
            if row is None:
                voice, data = (name, wav) if wav is not None else espeak(number, one)
                marks = [MARKS[label] for label in one.labels]
                row = {
                    "source": name,
                    "words": one.words,
                    "marks": marks,
                    "voice": voice,
                    "recognised": recogniser.segments(data),
                }
                log.write(json.dumps(row, ensure_ascii=False) + "\n")
                log.flush()
            segments = tuple(segment_of([Word(*word, 1.0) for word in words]) for words in row["recognised"])
            spoken = Spoken(tuple(row["words"]), tuple(row["marks"]), row["voice"], segments)
            result.setdefault(name, []).append(spoken)
    return result


def segment_of(words: Sequence[Word]) -> Segment:
    """A segment of words, at least one."""
    return Segment(words[0].start_s, words[-1].end_s, tuple(words))


def marks_of(writer: Writer, segments: Sequence[Segment], kind: str) -> list[str]:
    """The marks that a punctuator puts behind the words of a recording."""
    written = writer.punctuated(segments, TextOptions(punctuation=kind))  # type: ignore[arg-type]
    return [match[2] for segment in written for word in segment.words if (match := _MARK.match(word.text))]


def with_reference_words(one: Spoken, places: Sequence[int | None]) -> Segment:
    """The words of the text at the times of the recognised ones; a word that was not recognised takes no time."""
    heard = zip(places, one.recognised, strict=True)
    times = {place: (word.start_s, word.end_s) for place, word in heard if place is not None}
    words, now = [], 0.0
    for i, text in enumerate(one.words):
        start, end = times.get(i, (now, now))
        words.append(Word(text, start, end, 1.0))
        now = end
    return segment_of(words)


def measure(spoken: Sequence[Spoken]) -> dict[str, dict[str, F1]]:
    """F1 by condition and kind of mark."""
    writer = Writer("hi", NetworkPunctuator(NETWORK_FILES["hi"]))
    tables: dict[str, list] = {}
    for one in spoken:
        if not one.recognised:
            continue
        places = aligned(one.words, [word.text for word in one.recognised])
        right = without_lost_words(one.marks, places)
        for kind in ("pauses", "model"):
            found = on_reference(marks_of(writer, one.segments, kind), places, len(one.words))
            tables.setdefault(kind, []).append(counts(found, right))
        reference = marks_of(writer, [with_reference_words(one, places)], "model")
        tables.setdefault("model on the text", []).append(counts(reference, one.marks))
    return {condition: dict(f1(rows)) for condition, rows in tables.items()}


def print_table(title: str, scores: dict[str, dict[str, F1]], n: int) -> None:
    shown = next(iter(scores.values()))
    print(f"\n{title}: {n} paragraphs; " + ", ".join(f"{shown[kind].n} {kind}" for kind in KINDS))
    for condition, values in scores.items():
        cells = [f"{kind} {x.value:.1f} ({x.low:.1f}–{x.high:.1f})" for kind, x in values.items()]
        print(f"  {condition:18} " + "  ".join(cells))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="the folder of openly licensed text")
    parser.add_argument("--model", type=Path, default=EMBEDDED, help="the bundle that recognises")
    parser.add_argument("--questions", type=int, default=QUESTIONS, help="question marks inside the paragraphs")
    parser.add_argument("--kokoro", type=Path, nargs="*", default=[], help="folders of training/speak.py")
    parser.add_argument("--kokoro-paragraphs", type=int, default=60)
    parser.add_argument("--smoke", action="store_true", help=f"{SMOKE_PARAGRAPHS} paragraphs with a question")
    parser.add_argument("--json", type=Path, help="where the figures go")
    arguments = parser.parse_args()
    spoken = recognise_all(arguments, Bundle.open(arguments.model))
    unseen = [one for name in UNSEEN for one in spoken.get(name, [])]
    groups = {"all, espeak-ng": unseen, **spoken}
    report = {name: (measure(group), len(group)) for name, group in groups.items() if group}
    for name, (scores, n) in report.items():
        print_table(name, scores, n)
    if arguments.json:
        plain = {
            name: {"paragraphs": n, **{c: {k: asdict(x) for k, x in row.items()} for c, row in scores.items()}}
            for name, (scores, n) in report.items()
        }
        arguments.json.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
