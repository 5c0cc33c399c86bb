"""How well speakers are told apart: `python -m benchmarks.speakers CONVERSATIONS --json FILE --plot FILE`.

CONVERSATIONS has NAME.wav and, beside each, NAME.rttm with the true turns; recordings of one speaker are among them.
Each is transcribed as it is, as by telephone, and with noise; segmentation and words are the recogniser's own.
Scored by pyannote.metrics with a collar of 0.25 s on either side (its parameter is the total width), overlap included.
"""

import argparse
import json
import random
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
import soxr

from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Transcript

COLLAR_S = 0.5  # pyannote's total width: 0.25 s on either side
RATE = 16_000
NOISE_DB = 10.0  # signal to noise
PAUSE_S = 0.5  # of the second baseline: where somebody else may go on
RESAMPLES = 1000
WRONG = ("missed detection", "false alarm", "confusion")
Turns = list[tuple[float, float, str]]


@dataclass
class Recording:
    """What was measured of one recording in one condition."""

    name: str
    condition: str


S = TypeVar("S", bound=Recording)


@dataclass
class Score(Recording):
    """One recording in one condition; errors in seconds, of `total_s` seconds of speech."""

    speakers: int
    found: int
    total_s: float
    error_s: float
    missed_s: float
    false_s: float
    confused_s: float
    one_speaker_s: float
    random_s: float
    duration_s: float
    cpu_s: float


def clean(samples: np.ndarray, _: int) -> np.ndarray:
    return samples


def telephone(samples: np.ndarray, _: int) -> np.ndarray:
    """300 to 3400 Hz (Butterworth magnitudes) at 8 kHz, at a usual level through 8-bit mu-law, and back."""
    return through_telephone(samples, lambda hz: 1 / np.sqrt((1 + (300 / hz) ** 8) * (1 + (hz / 3400) ** 16)))


def sharp_telephone(samples: np.ndarray, _: int) -> np.ndarray:
    """The same with nothing at all below 300 Hz and above 3400 Hz."""
    return through_telephone(samples, lambda hz: (hz >= 300) & (hz <= 3400))


def through_telephone(samples: np.ndarray, gain: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    narrow = soxr.resample(samples, RATE, 8000)
    hz = np.maximum(np.fft.rfftfreq(len(narrow), 1 / 8000), 1)
    narrow = np.fft.irfft(np.fft.rfft(narrow) * gain(hz), len(narrow))
    narrow *= 0.7 / max(np.abs(narrow).max(), 1e-6)
    code = np.round(np.sign(narrow) * np.log1p(255 * np.abs(narrow)) / np.log(256) * 127) / 127
    narrow = np.sign(code) * np.expm1(np.abs(code) * np.log(256)) / 255
    return soxr.resample(narrow.astype(np.float32), 8000, RATE)


def noisy(samples: np.ndarray, seed: int) -> np.ndarray:
    """Noise whose power falls with frequency, as in a room with machines, 10 dB below the mean of the recording."""
    draw = np.random.default_rng(seed)
    spectrum = np.fft.rfft(draw.standard_normal(len(samples)))
    spectrum /= np.sqrt(np.maximum(np.fft.rfftfreq(len(samples), 1 / RATE), 50))
    noise = np.fft.irfft(spectrum, len(samples))
    noise *= np.sqrt(np.mean(samples**2) / np.mean(noise**2)) * 10 ** (-NOISE_DB / 20)
    return samples + noise.astype(np.float32)


CONDITIONS = {"16 kHz": clean, "telephone": telephone, "sharp telephone": sharp_telephone, "noise": noisy}


def read_rttm(file: Path) -> Turns:
    fields = [line.split() for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("SPEAKER")]
    return [(float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in fields]


def errors(truth: Turns, found: Turns) -> dict[str, float]:
    """Seconds of speech ("total"), and those that are missed, false, or given to the wrong speaker."""
    from pyannote.core import Annotation, Segment
    from pyannote.metrics.diarization import DiarizationErrorRate

    def annotation(turns: Turns) -> Annotation:
        made = Annotation()
        for i, (start_s, end_s, speaker) in enumerate(turns):
            made[Segment(start_s, end_s), i] = speaker
        return made

    parts = DiarizationErrorRate(collar=COLLAR_S)(annotation(truth), annotation(found), detailed=True)
    return {name: parts[name] for name in ("total", *WRONG)}


def wrong_s(truth: Turns, found: Turns) -> float:
    """Seconds that are wrong in any way."""
    parts = errors(truth, found)
    return sum(parts[name] for name in WRONG)


def changes_at_pauses(transcript: Transcript, seed: int, speakers: int) -> Turns:
    """The same speech with a random speaker after each pause, of as many as there are."""
    draw, turns, who, last_s = random.Random(seed), [], 0, -1.0
    for turn in transcript.turns:
        if turn.start_s - last_s > PAUSE_S:
            who = draw.randrange(max(2, speakers))
        turns.append((turn.start_s, turn.end_s, str(who)))
        last_s = turn.end_s
    return turns


def score(pipeline: Pipeline, acoustic: LocalAcoustic, file: Path, condition: str) -> Score:
    truth = read_rttm(file.with_suffix(".rttm"))
    samples, _ = soundfile.read(file, dtype="float32")
    seed = sum(map(ord, file.stem))
    samples = CONDITIONS[condition](samples, seed)
    recording = BytesIO()
    soundfile.write(recording, np.clip(samples, -1, 1), RATE, format="WAV", subtype="PCM_16")
    options = pipeline.options({"diarize": "true"})
    began_s = time.process_time()
    transcript = pipeline.transcribe(recording.getvalue(), acoustic, options)
    cpu_s = time.process_time() - began_s
    turns = [(turn.start_s, turn.end_s, turn.speaker) for turn in transcript.turns]
    parts = errors(truth, turns)
    speakers = len({speaker for _, _, speaker in truth})
    return Score(
        file.stem,
        condition,
        speakers,
        len({speaker for _, _, speaker in turns}),
        parts["total"],
        sum(parts[name] for name in WRONG),
        *(parts[name] for name in WRONG),
        wrong_s(truth, [(start_s, end_s, "") for start_s, end_s, _ in turns]),
        wrong_s(truth, changes_at_pauses(transcript, seed, speakers)),
        transcript.duration_s,
        cpu_s,
    )


def interval(scores: Sequence[Score], what: str) -> tuple[float, float, float]:
    """Diarisation error rate in percent, and its 95 % interval over resampled recordings."""
    errors = np.array([getattr(one, what) for one in scores])
    totals = np.array([one.total_s for one in scores])
    drawn = np.random.default_rng(0).integers(len(scores), size=(RESAMPLES, len(scores)))
    low, high = np.percentile(errors[drawn].sum(axis=1) / totals[drawn].sum(axis=1), [2.5, 97.5])
    return 100 * errors.sum() / totals.sum(), 100 * low, 100 * high


def table(scores: Sequence[Score]) -> str:
    lines = [
        "| condition | recordings | DER, % | of it missed, false, confused | one speaker, % | changes at pauses, % | "
        "number right | one stays one |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for condition in dict.fromkeys(one.condition for one in scores):
        own = [one for one in scores if one.condition == condition]
        several = [one for one in own if one.speakers > 1]
        lone = [one for one in own if one.speakers == 1]
        cells = [
            "{:.1f} ({:.1f} to {:.1f})".format(*interval(several, what)) if several else "–"
            for what in ("error_s", "one_speaker_s", "random_s")
        ]
        right = f"{sum(one.found == one.speakers for one in several)} of {len(several)}"
        kept = f"{sum(one.found == 1 for one in lone)} of {len(lone)}"
        total_s = sum(one.total_s for one in several) or 1.0
        shares = [sum(getattr(one, what) for one in several) for what in ("missed_s", "false_s", "confused_s")]
        cells.insert(1, ", ".join(f"{100 * share / total_s:.1f}" for share in shares))
        lines.append(f"| {condition} | {len(several)} | {' | '.join(cells)} | {right} | {kept} |")
    return "\n".join(lines)


def worse(scores: Sequence[Score], most: float) -> list[str]:
    """What is worse than allowed: conditions with more errors, and lone speakers who are several."""
    found = [] if scores else ["nothing was measured"]
    for condition in dict.fromkeys(one.condition for one in scores):
        several = [one for one in scores if one.condition == condition and one.speakers > 1]
        if several and not (error := interval(several, "error_s")[0]) <= most:
            found.append(f"{condition}: DER {error:.1f} % is above {most:g} %")
    lone = [one for one in scores if one.speakers == 1 and one.found != 1]
    return found + [f"{one.condition}: {one.name} has one speaker, and {one.found} were found" for one in lone]


def plot(scores: Sequence[Score], file: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.5), layout="constrained")
    counts = sorted({one.speakers for one in scores if one.speakers > 1})
    for i, condition in enumerate(dict.fromkeys(one.condition for one in scores)):
        own = [[one for one in scores if one.condition == condition and one.speakers == n] for n in counts]
        places = [n + 0.06 * (i - 1) for n, some in zip(counts, own, strict=True) if some]
        found = [interval(some, "error_s") for some in own if some]
        middle = [value for value, _, _ in found]
        # Rounding puts the ends of the interval of a single recording a little beside its value.
        bars = [
            [max(0.0, value - low) for value, low, _ in found],
            [max(0.0, high - value) for value, _, high in found],
        ]
        axes.errorbar(places, middle, bars, marker="o", capsize=3, label=condition)
    axes.set(xlabel="speakers", ylabel="diarisation error rate, %", xticks=counts, ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """Make a parser of what a measurement of conversations is told: see `score_all`."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("conversations", type=Path)
    parser.add_argument("--pattern", default="*.wav", help="of the recordings")
    parser.add_argument("--conditions", nargs="+", choices=list(CONDITIONS), default=list(CONDITIONS))
    parser.add_argument("--json", type=Path, required=True, help="scores; those that it has already are kept")
    return parser


def read_scores(file: Path, kind: type[S]) -> list[S]:
    """The scores that a file has already."""
    return [kind(**one) for one in json.loads(file.read_text(encoding="utf-8"))] if file.is_file() else []


def score_all(
    arguments: argparse.Namespace, score: Callable[[Pipeline, LocalAcoustic, Path, str], S], kind: type[S]
) -> list[S]:
    """Score the recordings that have no score yet in each condition, and write each score as soon as it is there."""
    file: Path = arguments.json
    scores = read_scores(file, kind)
    done = {(one.name, one.condition) for one in scores}
    settings, bundle = Settings(), Bundle.open(EMBEDDED)
    source = SpeakerSource(lambda: store.resolve_speakers(settings))
    pipeline, acoustic = Pipeline(bundle, settings, source), LocalAcoustic(bundle, threads=1)
    for recording in sorted(arguments.conversations.glob(arguments.pattern)):
        for condition in arguments.conditions:
            if recording.with_suffix(".rttm").is_file() and (recording.stem, condition) not in done:
                scores.append(score(pipeline, acoustic, recording, condition))
                file.write_text(json.dumps([asdict(one) for one in scores], indent=1), encoding="utf-8")
    return scores


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--fail-above", type=float, metavar="DER", help="in percent; or where one becomes several")
    parser.add_argument("--report-only", action="store_true", help="of the scores that are there")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", module="pyannote")
    scores = read_scores(arguments.json, Score) if arguments.report_only else score_all(arguments, score, Score)
    print(table(scores))
    if arguments.plot:
        plot(scores, arguments.plot)
    if arguments.fail_above is not None and (wrong := worse(scores, arguments.fail_above)):
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
