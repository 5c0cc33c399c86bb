"""The line in two pure halves, with the acoustic model between: prepare → Features…, LogProbs… → finish.

Every door (HTTP, command line, …) walks this line; none has a private way to decode audio or CTC.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hindi_stt import quality
from hindi_stt.acoustic import Acoustic
from hindi_stt.audio import AudioLimits, decode
from hindi_stt.bundle import Bundle
from hindi_stt.decoding import BeamLimits, Decoders, read_hotwords
from hindi_stt.errors import HindiSTTError
from hindi_stt.features import FeatureExtractor
from hindi_stt.options import Options
from hindi_stt.settings import Settings
from hindi_stt.text import Writer
from hindi_stt.types import Features, Hypothesis, LogProbs, Segment, Transcript, Waveform, Word

__all__ = ["Pipeline", "Prepared"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording ready for the acoustic model: features of its clips, and where in the recording each begins.

    A recording without any sound has no clips. decode_s, features_s: seconds that the two stages took.
    """

    features: tuple[Features, ...]
    offsets_s: tuple[float, ...]
    duration_s: float
    warnings: tuple[str, ...]
    decode_s: float
    features_s: float


class Pipeline:
    """The line for one model. Thread-safe: it holds nothing but constants.

    Raises InvalidRequest where a setting asks for what there is not in the model's language.
    Raises LanguageModelInvalid, UnknownLanguageModel, InvalidHotwords where settings and bundle do not fit.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self.bundle = bundle
        self.limits = AudioLimits(settings.max_audio_s, settings.min_audio_s, settings.max_channels)
        self._extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
        self.decoders = Decoders(
            bundle,
            default_language_model=settings.language_model,
            hotwords=read_hotwords(Path(settings.hotwords_file)) if settings.hotwords_file else (),
            max_hotwords=settings.max_hotwords,
            limits=BeamLimits(settings.beam_width),
        )
        self._write = Writer(bundle.manifest.language)
        self._defaults = Options.from_settings(settings)
        self._write.check(self._defaults.text)

    def options(self, fields: Mapping[str, str]) -> Options:
        """The server's options with a request's fields. Raises InvalidRequest, naming the field.

        Raises what `Decoders.choose` raises, too.
        """
        options = self._defaults.updated(fields)
        self._write.check(options.text)
        self.decoders.choose(options.decoding)
        return options

    def warm_up(self) -> None:
        """Compute features of noise once, so that the first request does not pay for what is done only once."""
        spec = self.bundle.manifest.features
        noise = np.random.default_rng(0).standard_normal(spec.sample_rate, dtype=np.float32) * np.float32(0.01)
        waveform = Waveform(noise, spec.sample_rate, spec.sample_rate)
        quality.warnings_for(waveform)
        self._extract(waveform)

    def prepare(self, source: bytes | str | Path | BinaryIO) -> Prepared:
        """Decode a recording and compute its features. Raises what `audio.decode` raises."""
        start = time.perf_counter()
        waveform = decode(source, self.bundle.manifest.features.sample_rate, self.limits)
        decoded = time.perf_counter()
        warnings = quality.warnings_for(waveform)
        features = () if quality.is_silent(waveform) else (self._extract(waveform),)
        done = time.perf_counter()
        offsets_s = (0.0,) * len(features)
        return Prepared(features, offsets_s, waveform.duration_s, warnings, decoded - start, done - decoded)

    def finish(self, log_probs: Sequence[LogProbs], prepared: Prepared, options: Options | None = None) -> Transcript:
        """Decode the log-probs of a recording's clips, in the order of `prepared.features`, and write the words.

        Without options: the server's. Raises what `Decoders.choose` raises.
        """
        options = options or self._defaults
        decode_clip = self.decoders.choose(options.decoding)
        decoded = (
            _segment(decode_clip(clip), offset_s) for clip, offset_s in zip(log_probs, prepared.offsets_s, strict=True)
        )
        heard = tuple(segment for segment in decoded if segment.words)
        return Transcript(
            language=self.bundle.manifest.language,
            duration_s=prepared.duration_s,
            segments=self._write(heard, options.text),
            warnings=prepared.warnings,
        )

    def transcribe(
        self, source: bytes | str | Path | BinaryIO, acoustic: Acoustic, options: Options | None = None
    ) -> Transcript:
        """The whole line in this process. Raises what `prepare` and `finish` raise, and InferenceFailed."""
        prepared = self.prepare(source)
        log_probs = []
        for result in acoustic(prepared.features):
            if isinstance(result, HindiSTTError):
                raise result
            log_probs.append(result)
        return self.finish(log_probs, prepared, options)


def _segment(hypothesis: Hypothesis, offset_s: float) -> Segment:
    words = tuple(
        Word(word.text, word.start_s + offset_s, word.end_s + offset_s, word.confidence) for word in hypothesis.words
    )
    return Segment(words[0].start_s, words[-1].end_s, words) if words else Segment(offset_s, offset_s, ())
