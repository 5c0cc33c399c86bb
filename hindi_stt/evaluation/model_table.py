"""Several models on the same recordings: what was measured of each, as a table and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hindi_stt.errors import InvalidRequest
from hindi_stt.evaluation.manifest import Utterance
from hindi_stt.evaluation.metrics import N_SAMPLES, Comparison, ErrorRate, compare, error_rate, holm
from hindi_stt.evaluation.normalise import FORMS, Form

__all__ = ["ModelRun", "ModelTable"]


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One model on the recordings, measured in a process of its own that ran it with one thread.

    Attributes:
        name: As the command line names the model.
        model: Name and version, as answers name it.
        form: Runtime and precision.
        texts: Transcripts, one per recording.
        speech_s: Seconds of audio.
        compute_s: Processor seconds that the transcription took, of all threads and decoding processes.
        load_s: Seconds to check the bundle's files and to load the model.
        weights_bytes: Size of the model's files in this form.
        peak_memory_bytes: Largest resident memory of the process.
        unread: Why a recording was not read, by its place as text.
    """

    name: str
    model: str
    form: str
    texts: tuple[str, ...]
    speech_s: float
    compute_s: float
    load_s: float
    weights_bytes: int
    peak_memory_bytes: int
    unread: Mapping[str, str] = field(default_factory=dict)

    @property
    def times_real_time(self) -> float:
        """Seconds of audio per second of one core."""
        return self.speech_s / self.compute_s


class ModelTable:
    """Models in comparison with the first of them.

    Args:
        utterances: The recordings, each with its text; those that a model could not read are left out for all.
        runs: One per model; the first is what the others are compared with.
        form: Form in which the table compares texts.

    Attributes:
        runs: As given.
        rates: Error rates of each model.
        comparisons: Each model but the first, compared with the first by a paired bootstrap over recordings
            (Bisani and Ney, 2004).
        p_values: Of these comparisons, adjusted by Holm's method.
        unread: Why a recording was left out, by its file.

    Raises:
        InvalidRequest: No recording was read by every model.
    """

    def __init__(self, utterances: Sequence[Utterance], runs: Sequence[ModelRun], form: Form) -> None:
        reasons = {int(place): reason for run in runs for place, reason in run.unread.items()}
        kept = [i for i in range(len(utterances)) if i not in reasons]
        if not kept:
            raise InvalidRequest(f"None of the {len(utterances)} recordings could be read: {reasons[0]}")
        self.unread = {str(utterances[i].file): reason for i, reason in sorted(reasons.items())}
        self.runs = tuple(dataclasses.replace(run, texts=tuple(run.texts[i] for i in kept), unread={}) for run in runs)
        self._utterances = tuple(utterances[i] for i in kept)
        self._form: Form = form
        self.rates = [error_rate(self._references, run.texts, form) for run in self.runs]
        self.comparisons = self._compare(form)
        self.p_values = holm([comparison.p_value for comparison in self.comparisons])

    @property
    def _references(self) -> list[str]:
        return [utterance.text for utterance in self._utterances]

    def _compare(self, form: Form) -> list[Comparison]:
        first, *others = self.runs
        return [compare(self._references, first.texts, run.texts, form) for run in others]

    def lines(self) -> list[str]:
        """The table in Markdown, aligned; and one of word error rates by domain, where the recordings have any."""
        header = [
            "model", "WER % (95 %)", "CER % (95 %)", "WER against the first, points (95 %)", "p",
            "× real time, one core", "load, s", "memory, MB",
        ]  # fmt: skip
        rows = [
            [
                _label(run),
                _percent(rate.wer, rate.wer_interval),
                _percent(rate.cer, rate.cer_interval),
                *self._against_first(i),
                f"{run.times_real_time:.1f}",
                f"{run.load_s:.1f}",
                f"{run.peak_memory_bytes / 1e6:,.0f}",
            ]
            for i, (run, rate) in enumerate(zip(self.runs, self.rates, strict=True))
        ]
        domains = self._domain_rates()
        more = _markdown(["WER %", *domains], self._domain_rows(domains)) if domains else []
        return [*_markdown(header, rows), *([""] if more else []), *more]

    def _against_first(self, i: int) -> list[str]:
        if i == 0:
            return ["", ""]
        comparison, p_value = self.comparisons[i - 1], self.p_values[i - 1]
        low, high = comparison.interval
        least = 2 / N_SAMPLES
        p_text = f"< {least:.3f}" if p_value < least else f"{p_value:.3f}"
        return [f"{100 * comparison.delta_wer:+.2f} ({100 * low:+.2f} to {100 * high:+.2f})", p_text]

    def _domain_rates(self) -> dict[str, list[ErrorRate]]:
        """Per domain the error rates of each model."""
        found = {}
        for domain in sorted({utterance.domain for utterance in self._utterances if utterance.domain}):
            places = [i for i, utterance in enumerate(self._utterances) if utterance.domain == domain]
            references = [self._references[i] for i in places]
            found[domain] = [error_rate(references, [run.texts[i] for i in places], self._form) for run in self.runs]
        return found

    def _domain_rows(self, domains: dict[str, list[ErrorRate]]) -> list[list[str]]:
        return [
            [_label(run), *(f"{100 * rates[i].wer:.2f}" for rates in domains.values())]
            for i, run in enumerate(self.runs)
        ]

    def to_json(self) -> dict[str, Any]:
        """What was measured, with the rates and comparisons in every form and all texts, as plain data."""
        models = []
        for i, run in enumerate(self.runs):
            rates = [dataclasses.asdict(error_rate(self._references, run.texts, form)) for form in FORMS]
            against = [dataclasses.asdict(self._compare(form)[i - 1]) for form in FORMS] if i else []
            domains = {domain: dataclasses.asdict(values[i]) for domain, values in self._domain_rates().items()}
            measured = dataclasses.asdict(run) | {"times_real_time": run.times_real_time}
            models.append(measured | {"rates": rates, "domains": domains, "against_first": against})
        return {
            "form": self._form,
            "p_values": self.p_values,
            "references": self._references,
            "unread": self.unread,
            "models": models,
        }


def _label(run: ModelRun) -> str:
    return f"{run.model} {run.form}"


def _percent(rate: float, interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * rate:.2f} ({100 * low:.2f} to {100 * high:.2f})"


def _markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = ["-" * width for width in widths]
    return [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in (header, rule, *rows)
    ]
