"""The verification report: the measurements and the conclusions from them, as JSON and in words."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hindi_stt.bundle.manifest import REPORT_FILE
from hindi_stt.errors import VerificationFailed
from hindi_stt.evaluation.metrics import Comparison, ErrorRate
from hindi_stt.export.fidelity import TOLERANCE, Fidelity

__all__ = ["Report", "Speech", "choose_precision", "judge"]

# Speech on which int8 has to prove itself before it becomes the default, in seconds.
MIN_SPEECH_S: Final = 600.0
# How much higher int8's WER may be than fp32's, and the upper 95 % bound of that, as fractions. Without references the
# words of fp32's text that int8 changes stand for it: WER cannot rise by more.
MAX_WER_RISE: Final = 0.003
MAX_WER_RISE_BOUND: Final = 0.005
# Below this int8 is not worth its drift on this kind of CPU.
MIN_SPEEDUP: Final = 1.1


@dataclass(frozen=True, slots=True)
class Speech:
    """Real speech transcribed by NeMo, fp32 and int8.

    Attributes:
        n_clips: Number of recordings.
        speech_s: Their duration in seconds.
        texts_differ: Recordings whose fp32 text differs from NeMo's.
        rounding_changes: Recordings whose NeMo text changes when the weights are rounded to float16.
        int8_text_wer: WER of int8's text with fp32's text as reference, as a fraction; None without int8.
        error_rates: Error rates per model against the references.
        int8_rise: int8's WER compared with fp32's; None without references or int8.
    """

    n_clips: int
    speech_s: float
    texts_differ: int
    rounding_changes: int = 0
    int8_text_wer: float | None = None
    error_rates: dict[str, ErrorRate] = field(default_factory=dict)
    int8_rise: Comparison | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything measured in one export. Times and memory are those of the export itself, on this machine.

    Attributes:
        source: Where the model came from.
        n_parameters: Number of weights.
        exporter: "nemo" or "torch".
        nodes: Number of nodes left after each pass.
        bytes: Size of each ONNX file.
        export_s: Duration of the export in seconds.
        peak_memory_bytes: Largest resident memory of the process.
        fidelity: Per precision, against NeMo; if weights were rounded, against NeMo with the same rounded weights.
        rounding: If weights were rounded, fp32 against NeMo with the original ones.
        milliseconds_per_10_s: Per precision, time for 10 s of audio on one core.
        speech: Results on real speech; None if none was given.
        default_precision: The precision that is served by default.
        reason: Why it was chosen.
    """

    source: str
    n_parameters: int
    exporter: str
    nodes: dict[str, int]
    bytes: dict[str, int]
    export_s: float
    peak_memory_bytes: int
    fidelity: dict[str, Fidelity]
    rounding: Fidelity | None
    milliseconds_per_10_s: dict[str, float]
    speech: Speech | None
    default_precision: str
    reason: str

    def write(self, folder: Path) -> Path:
        """Write the report into a bundle's folder; returns its path."""
        path = folder / REPORT_FILE
        path.write_text(json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return path

    def __str__(self) -> str:
        lines = [
            f"{self.source}: {self.n_parameters:,} parameters, exported by {self.exporter} in {self.export_s:.0f} s, "
            f"peak memory {self.peak_memory_bytes / 2**20:.0f} MiB",
            *(f"  {name}: {size:,} bytes" for name, size in self.bytes.items()),
        ]
        lines.append("  nodes: " + ", ".join(f"{count} {name}" for name, count in self.nodes.items()))
        lines += [f"  {name} against NeMo: {_fidelity(found)}" for name, found in self.fidelity.items()]
        if self.rounding is not None:
            lines.append(f"  rounding to float16: {_fidelity(self.rounding)}")
        lines += [f"  {name}: {ms:.0f} ms for 10 s on one core" for name, ms in self.milliseconds_per_10_s.items()]
        lines += _speech(self.speech)
        lines.append(f"  default precision: {self.default_precision} ({self.reason})")
        return "\n".join(lines)


def _fidelity(found: Fidelity) -> str:
    return (
        f"max |Δ log-prob| {found.max_alone:.1e} alone, {found.max_batched:.1e} in a mixed batch, "
        f"best class differs in {found.argmax_differs} of {found.n_frames} frames, "
        f"text in {found.texts_differ} of {found.n_clips} clips"
    )


def _speech(speech: Speech | None) -> list[str]:
    if speech is None:
        return ["  real speech: none given (--verify MANIFEST)"]
    clips = f"  {speech.n_clips} clips of speech, {speech.speech_s:.0f} s"
    lines = [f"{clips}: fp32's text is not NeMo's in {speech.texts_differ}"]
    if speech.rounding_changes:
        lines.append(f"  rounding to float16 changes NeMo's own text in {speech.rounding_changes}")
    for name, rate in speech.error_rates.items():
        low, high = rate.wer_interval
        lines.append(f"  {name}: WER {rate.wer:.2%} [{low:.2%}, {high:.2%}], CER {rate.cer:.2%} ({rate.form})")
    if speech.int8_text_wer is not None:
        lines.append(f"  int8 changes {speech.int8_text_wer:.2%} of fp32's words")
    if speech.int8_rise is not None:
        low, high = speech.int8_rise.interval
        lines.append(f"  int8's WER minus fp32's: {speech.int8_rise.delta_wer:+.2%} [{low:+.2%}, {high:+.2%}]")
    return lines


def choose_precision(
    speech: Speech | None, milliseconds: dict[str, float], *, available: tuple[str, ...]
) -> tuple[str, str]:
    """Choose the bundle's default precision: int8 only if it is verified, accurate enough and faster.

    Args:
        speech: Results on real speech; None if none was given.
        milliseconds: Per precision, time for 10 s of audio on one core.
        available: The precisions in the bundle.

    Returns:
        The precision and the reason, in words.
    """
    if len(available) == 1:
        return available[0], "the only one"
    objection = _objection_to_int8(speech, milliseconds["fp32"] / milliseconds["int8"])
    return ("fp32", objection) if objection else ("int8", "within the drift budget, and faster")


def _objection_to_int8(speech: Speech | None, speedup: float) -> str:
    if speech is None or speech.speech_s < MIN_SPEECH_S or speech.int8_text_wer is None:
        return f"int8 has not been verified on {MIN_SPEECH_S:.0f} s of speech"
    rise = speech.int8_rise
    if rise is None and speech.int8_text_wer > MAX_WER_RISE:
        return (
            f"int8 changes {speech.int8_text_wer:.2%} of the words, budget {MAX_WER_RISE:.2%}, and none has a reference"
        )
    if rise is not None and rise.delta_wer > MAX_WER_RISE:
        return f"int8's WER is {rise.delta_wer:.2%} higher, budget {MAX_WER_RISE:.2%}"
    if rise is not None and rise.interval[1] > MAX_WER_RISE_BOUND:
        return f"int8's WER may be {rise.interval[1]:.2%} higher (95 %), budget {MAX_WER_RISE_BOUND:.2%}"
    return f"int8 is only {speedup:.2f} times as fast on this CPU" if speedup < MIN_SPEEDUP else ""


def judge(fidelity: Fidelity, speech: Speech | None, framework: str = "NeMo") -> None:
    """Check the fp32 model against the model in its own framework.

    Args:
        fidelity: The fp32 model's differences from it.
        speech: Results on real speech; None if none was given.
        framework: Its name.

    Raises:
        VerificationFailed: Log-probs, best classes or texts differ by more than the tolerance.
    """
    worst = max(fidelity.max_alone, fidelity.max_batched)
    problems: list[Any] = []
    if worst > TOLERANCE:
        problems.append(f"log-probs differ from {framework}'s by {worst:.1e}, allowed {TOLERANCE:.0e}")
    if fidelity.argmax_differs:
        problems.append(f"the best class differs in {fidelity.argmax_differs} frames")
    if speech is not None and speech.texts_differ:
        problems.append(f"the text differs in {speech.texts_differ} of {speech.n_clips} clips")
    if problems:
        raise VerificationFailed(f"The fp32 model is not that of {framework}: {'; '.join(problems)}.")
