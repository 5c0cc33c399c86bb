"""How well speakers are told apart live: `python -m benchmarks.speakers_live CONVERSATIONS --json FILE`.

CONVERSATIONS has NAME.wav and NAME.rttm, as for `benchmarks.speakers`. Each is transcribed as a file and as a stream;
what is compared is the time of words with the wrong speaker, after the best assignment of labels to true speakers.
Words outside all true turns are left out.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import soundfile
from scipy.optimize import linear_sum_assignment

from benchmarks.speakers import CONDITIONS, RATE, Recording, Turns, make_parser, read_rttm, score_all
from benchmarks.timing import report_table
from hindi_stt.errors import Overloaded
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.speakers.live import LiveDiarization
from hindi_stt.streaming import LocalBackend, Stream, Utterance
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Features, LogProbs, Segment

PACKET_S = 0.5
RESAMPLES = 1000


@dataclass
class Score(Recording):
    """One recording in one condition; seconds of words."""

    speakers: int
    found: int
    total_s: float
    wrong_s: float
    wrong_file_s: float


class Finals(LocalBackend):
    """A backend that computes no partial results."""

    async def log_probs(self, features: Features, *, final: bool) -> LogProbs:
        """See LocalBackend."""
        if not final:
            raise Overloaded("Partial results are not measured.")
        return await super().log_probs(features, final=final)


def wrong_s(truth: Turns, segments: Iterable[Segment]) -> tuple[float, float, int]:
    """Seconds of words with the wrong speaker, of all words within turns, and the number of speakers that were told."""
    shared: defaultdict[tuple[str, str], float] = defaultdict(float)
    for segment in segments:
        for word in segment.words:
            start_s, end_s, who = max(truth, key=lambda turn: min(turn[1], word.end_s) - max(turn[0], word.start_s))
            if min(end_s, word.end_s) > max(start_s, word.start_s):
                shared[who, segment.speaker or ""] += word.end_s - word.start_s
    rows, columns = (sorted({pair[i] for pair in shared}) for i in (0, 1))
    table = np.array([[shared.get((row, column), 0.0) for column in columns] for row in rows]).reshape(len(rows), -1)
    right = table[linear_sum_assignment(-table)].sum() if table.size else 0.0
    return float(table.sum() - right), float(table.sum()), len(columns)


async def live(pipeline: Pipeline, acoustic: LocalAcoustic, samples: np.ndarray) -> list[Segment]:
    options = pipeline.options({"diarize": "true"})
    speakers = LiveDiarization(pipeline.speakers.embedder, options.speakers)
    stream = Stream(pipeline, Finals(acoustic), options, min_s=0, speakers=speakers)
    step = round(PACKET_S * RATE)
    events = []
    for start in range(0, len(samples), step):
        events += [event async for event in stream.push(samples[start : start + step])]
    events += [event async for event in stream.commit()]
    return [segment for event in events if isinstance(event, Utterance) for segment in event.segments]


def score(pipeline: Pipeline, acoustic: LocalAcoustic, file: Path, condition: str) -> Score:
    truth = read_rttm(file.with_suffix(".rttm"))
    samples, _ = soundfile.read(file, dtype="float32")
    samples = np.clip(CONDITIONS[condition](samples, sum(map(ord, file.stem))), -1, 1).astype(np.float32)
    recording = BytesIO()
    soundfile.write(recording, samples, RATE, format="WAV", subtype="PCM_16")
    whole = pipeline.transcribe(recording.getvalue(), acoustic, pipeline.options({"diarize": "true"}))
    wrong, total, found = wrong_s(truth, asyncio.run(live(pipeline, acoustic, samples)))
    speakers = len({speaker for _, _, speaker in truth})
    return Score(file.stem, condition, speakers, found, total, wrong, wrong_s(truth, whole.segments)[0])


def share(scores: Sequence[Score], what: str) -> str:
    """Percent, and its 95 % interval over resampled recordings."""
    wrong, total = (np.array([getattr(one, name) for one in scores]) for name in (what, "total_s"))
    drawn = np.random.default_rng(0).integers(len(scores), size=(RESAMPLES, len(scores)))
    low, high = np.percentile(100 * wrong[drawn].sum(axis=1) / total[drawn].sum(axis=1), [2.5, 97.5])
    return f"{100 * wrong.sum() / total.sum():.1f} ({low:.1f} to {high:.1f})"


def table(scores: Sequence[Score]) -> str:
    rows = []
    for condition in dict.fromkeys(one.condition for one in scores):
        for kind, own in (
            ("several", [one for one in scores if one.condition == condition and one.speakers > 1]),
            ("one", [one for one in scores if one.condition == condition and one.speakers == 1]),
        ):
            if own:
                right = f"{sum(one.found == one.speakers for one in own)} of {len(own)}"
                rows.append([condition, kind, share(own, "wrong_s"), share(own, "wrong_file_s"), right])
    return report_table(("condition", "speakers", "words wrong live, %", "as a file, %", "number right live"), rows)


def main() -> None:
    print(table(score_all(make_parser(__doc__).parse_args(), score, Score)))


if __name__ == "__main__":
    main()
