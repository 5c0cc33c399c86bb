"""Step 5, measuring: `python -m training.evaluate WORK [--model FILE | --bundle FOLDER [--greedy]] [--real FOLDER]`.

Word and character error rates by condition, each with a 95 % interval from resampling clips, and how often words of a
given confidence are wrong. A bundle decodes as the server does unasked, a NeMo model greedily; clips go through the
model one by one.
"""

import argparse
import io
import json
import logging
import time
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from .alphabet import plain
from .conditions import Bench, Clip, collected, real

CONDITIONS = (
    "seen_clean",
    "held_clean",
    "held_white_10db",
    "held_babble_10db",
    "held_telephone",
    "words_seen",
    "words_held",
    "long_seen",
    "long_held",
)
# Collections kept for choosing among models; measured where the work folder has them.
HELD_COLLECTIONS = ("spoken-held", "real-held")
RESAMPLES = 1000


@dataclass(frozen=True)
class Recognised:
    """A transcript by words, each with a confidence in 0..1."""

    words: list[str]
    confidences: list[float]


class Recogniser(Protocol):
    """Whatever turns 16 kHz samples into words: NeMo here, the server's own line elsewhere."""

    def transcribe(self, samples: np.ndarray) -> Recognised:
        """Transcribes one clip."""
        ...


class NemoRecogniser:
    """The trained model as NeMo runs it. A word's confidence is the least best probability of its pieces' frames."""

    def __init__(self, path: Path, tokenizer: Path):
        import torch
        from nemo.collections.asr.models import EncDecCTCModelBPE

        from .model import count_layers, make_model

        self.torch = torch
        if path.suffix == ".nemo":
            self.model = EncDecCTCModelBPE.restore_from(str(path), map_location="cpu")
        else:
            state = torch.load(path, map_location="cpu")["model"]
            self.model = make_model(tokenizer, count_layers(state))
            self.model.load_state_dict(state)
        self.model.eval()
        self.pieces = [
            self.model.tokenizer.ids_to_tokens([number])[0] for number in range(self.model.tokenizer.vocab_size)
        ]

    def transcribe(self, samples: np.ndarray) -> Recognised:
        """Greedy CTC over NeMo's own features and encoder."""
        torch = self.torch
        with torch.inference_mode():
            signal, length = torch.from_numpy(np.ascontiguousarray(samples))[None], torch.tensor([len(samples)])
            features, lengths = self.model.preprocessor(input_signal=signal, length=length)
            encoded, _ = self.model.encoder(audio_signal=features, length=lengths)
            probability, best = self.model.decoder(encoder_output=encoded)[0].exp().max(dim=-1)
        words: list[str] = []
        scores: list[list[float]] = []
        previous = blank = len(self.pieces)
        for score, piece in zip(probability.tolist(), best.tolist(), strict=True):
            if piece not in {blank, previous}:
                text = self.pieces[piece]
                if text.startswith("▁") or not words:
                    words.append("")
                    scores.append([])
                words[-1] += text.lstrip("▁")
                scores[-1].append(score)
            elif piece != blank and scores:
                scores[-1].append(score)
            previous = piece
        kept = [(word, min(score)) for word, score in zip(words, scores, strict=True) if word]
        return Recognised([word for word, _ in kept], [score for _, score in kept])


class ServerRecogniser:
    """The server's own line in this process, over an exported bundle: what its users get.

    greedy: without the bundle's language model; precision: of the acoustic model, by default the bundle's.
    """

    def __init__(self, bundle_folder: Path, *, greedy: bool = False, precision: str | None = None):
        from hindi_stt.bundle.manifest import Bundle
        from hindi_stt.inference.acoustic import LocalAcoustic
        from hindi_stt.settings import get_settings
        from hindi_stt.transcription.pipeline import Pipeline

        settings = get_settings()
        bundle = Bundle.open(bundle_folder)
        self.pipeline, self.acoustic = Pipeline(bundle, settings), LocalAcoustic(bundle, threads=1, precision=precision)
        self.options = self.pipeline.options({"decoder": "greedy"} if greedy else {})

    def transcribe(self, samples: np.ndarray) -> Recognised:
        """Sends a 16-bit WAV file down the line."""
        buffer = io.BytesIO()
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
        words = self.pipeline.transcribe(buffer.getvalue(), self.acoustic, self.options).words
        return Recognised([word.text for word in words], [word.confidence for word in words])


def split_at_pauses(samples: np.ndarray, longest_s: float = 14.0) -> list[np.ndarray]:
    """Cuts a long clip in the middle of its pauses, as a server does before the model."""
    if len(samples) <= longest_s * 16000:
        return [samples]
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    level = 10 * np.log10(np.mean(frames**2, axis=1) + 1e-10)
    quiet = level < np.percentile(level, 95) - 35
    pieces, start, run = [], 0, 0
    for frame, silent in enumerate([*quiet, True]):
        run = run + 1 if silent else 0
        if run == 12 and (frame - start) * 0.02 > 1.5:  # a quarter of a second
            pieces.append(samples[start * 320 : (frame - 5) * 320])
            start = frame - 5
    pieces.append(samples[start * 320 :])
    return [piece for piece in pieces if len(piece) > 4800]


def align(reference: list[str], recognised: list[str]) -> tuple[int, list[bool]]:
    """Edit distance, and for each recognised item whether it is right."""
    cost = np.zeros((len(reference) + 1, len(recognised) + 1), int)
    cost[:, 0], cost[0, :] = range(len(reference) + 1), range(len(recognised) + 1)
    for i, word in enumerate(reference, 1):
        for j, other in enumerate(recognised, 1):
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + (word != other))
    right, i, j = [False] * len(recognised), len(reference), len(recognised)
    while i and j:
        if cost[i, j] == cost[i - 1, j - 1] + (reference[i - 1] != recognised[j - 1]):
            right[j - 1] = reference[i - 1] == recognised[j - 1]
            i, j = i - 1, j - 1
        elif cost[i, j] == cost[i, j - 1] + 1:
            j -= 1
        else:
            i -= 1
    return int(cost[-1, -1]), right


def rate(rows: list[tuple[int, int]]) -> dict[str, float]:
    """Errors over reference length, in percent, with a 95 % interval over clips."""
    table, draw = np.array(rows, float), np.random.default_rng(0)
    picks = draw.integers(0, len(table), (RESAMPLES, len(table)))
    resampled = 100 * table[picks, 0].sum(1) / table[picks, 1].sum(1)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {
        "percent": round(float(100 * table[:, 0].sum() / table[:, 1].sum()), 2),
        "low": round(float(low), 2),
        "high": round(float(high), 2),
    }


def measure(recogniser: Recogniser, clips: list[Clip], *, whole: bool = False) -> tuple[dict, list[tuple[float, bool]]]:
    words, letters, marks, groups = [], [], [], {}  # groups: word errors, words, letter errors, letters by name
    seconds, began = 0.0, time.process_time()
    for clip in tqdm(clips, leave=False):
        recognised = [
            recogniser.transcribe(piece) for piece in ([clip.samples] if whole else split_at_pauses(clip.samples))
        ]
        said = [word for part in recognised for word in part.words]
        reference = plain(clip.text).split()
        errors, right = align(reference, said)
        words.append((errors, len(reference)))
        letters.append((align(list(" ".join(reference)), list(" ".join(said)))[0], len(" ".join(reference))))
        marks += zip((score for part in recognised for score in part.confidences), right, strict=True)
        for name in {clip.source, clip.voice} - {""}:
            groups.setdefault(name, []).append((*words[-1], *letters[-1]))
        seconds += len(clip.samples) / 16000
    result = {
        "clips": len(clips),
        "words": sum(count for _, count in words),
        "minutes": round(seconds / 60, 1),
        "wer": rate(words),
        "cer": rate(letters),
        "wer_by_group": {name: rate([row[:2] for row in rows]) for name, rows in groups.items() if len(rows) >= 10},
        "cer_by_group": {name: rate([row[2:] for row in rows]) for name, rows in groups.items() if len(rows) >= 10},
        "cpu_seconds_per_audio_second": round((time.process_time() - began) / seconds, 4),
    }
    return result, marks


def calibration(marks: list[tuple[float, bool]]) -> dict:
    scores, right = np.array([score for score, _ in marks]), np.array([ok for _, ok in marks])
    bins = []
    for low in np.arange(0, 1, 0.1):
        inside = (scores >= low) & ((scores < low + 0.1) | (low > 0.85))
        if inside.any():
            bins.append(
                {
                    "from": round(float(low), 1),
                    "words": int(inside.sum()),
                    "right": round(float(right[inside].mean()), 4),
                }
            )
    wrong = {}
    for name, chosen in (("below_0.5", scores < 0.5), ("above_0.9", scores >= 0.9)):
        if chosen.any():
            wrong[name] = {"words": int(chosen.sum()), "share": round(float(1 - right[chosen].mean()), 4)}
    return {"bins": bins, "wrong": wrong}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--model", type=Path, help="a .nemo file or a checkpoint; default WORK/final.nemo")
    parser.add_argument(
        "--bundle", type=Path, help="an exported bundle: measures the server's own line instead of NeMo"
    )
    parser.add_argument("--greedy", action="store_true", help="the bundle without its language model")
    parser.add_argument("--precision", help="of the bundle: fp32, int8, ...; default the bundle's own choice")
    parser.add_argument("--real", type=Path, help="a folder of recordings with transcripts.tsv")
    parser.add_argument("--json", type=Path, help="where the results go; default WORK/results.json")
    parser.add_argument("--limit", type=int, help="only the first so many sentences, for a quick look")
    parser.add_argument("--only", nargs="*", default=(*CONDITIONS, *HELD_COLLECTIONS))
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    recogniser: Recogniser
    if arguments.bundle:
        recogniser = ServerRecogniser(arguments.bundle, greedy=arguments.greedy, precision=arguments.precision)
    else:
        recogniser = NemoRecogniser(arguments.model or arguments.work / "final.nemo", arguments.work / "tokenizer")
    bench, results, marks = Bench(arguments.work, arguments.limit), {}, []
    for name in arguments.only:
        held = arguments.work / name
        if name in HELD_COLLECTIONS and not held.exists():
            print(f"{name} left out: there is no folder {held}")
            continue
        clips = collected(held) if name in HELD_COLLECTIONS else bench.condition(name)
        results[name], more = measure(recogniser, list(clips)[: arguments.limit])
        marks += more
        print(name, json.dumps({key: results[name][key] for key in ("clips", "wer", "cer")}), flush=True)
    if "long_held" in arguments.only:
        results["long_held_whole"], _ = measure(recogniser, list(bench.condition("long_held")), whole=True)
        print("long_held_whole", results["long_held_whole"]["wer"])
    results["calibration"] = calibration(marks)
    if arguments.real:
        results["real"], more = measure(recogniser, list(real(arguments.real)))
        results["calibration_real"] = calibration(more)
        print(
            *(f"real {key} {results['real'][key]}" for key in ("wer", "cer", "wer_by_group", "cer_by_group")), sep="\n"
        )
    target = arguments.json or arguments.work / "results.json"
    target.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
