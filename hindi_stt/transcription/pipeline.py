"""What is done for one model around the acoustic model: audio to features, log-probabilities to a transcript.

Both halves take a recording clip by clip, so that hours need no more memory than minutes; `transcription.recording`
puts them together. HTTP, jobs and the command line have no other way to decode audio or CTC.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np

from hindi_stt import audio
from hindi_stt.audio import AudioLimits, ChildLimits, RawFormat, quality
from hindi_stt.audio.segmentation import Clip, Segmenter
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.concurrency.own_loop import run_in_own_loop
from hindi_stt.decoding import (
    BeamLimits,
    Decoder,
    Decoders,
    DecodingOptions,
    OnsetDecoder,
    SpeechBoundDecoder,
    read_hotwords,
)
from hindi_stt.features import FeatureExtractor
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.settings import Settings
from hindi_stt.text import UtteranceMasker, Writer
from hindi_stt.text.punctuation_model import load_punctuator
from hindi_stt.transcription.assembly import Assembly, PreparedClip
from hindi_stt.transcription.options import Options
from hindi_stt.types import Features, Float32, Segment, Transcript, Waveform

__all__ = ["Assembly", "Pipeline", "Preparation", "PreparedClip"]

_GREEDY: Final = DecodingOptions(decoder="greedy")


class Preparation:
    """Iterator over a recording's clips, which are decoded, cut and turned into features as they are asked for.

    waveforms: the recording in blocks, in one if it is no longer than `max_segment_s`. That one is one clip; a
    recording without any sound has none. Each step raises what `audio.blocks` raises. duration_s, decode_s, features_s
    (seconds of audio so far, and those that the stages took) and `warnings` are final when the iterator has ended.

    A recording may hold no clip for hours: `advance` goes on by a block at a time.
    """

    def __init__(self, waveforms: audio.Blocks, extract: FeatureExtractor, max_segment_s: float) -> None:
        self.duration_s = self.decode_s = self.features_s = 0.0
        self._waveforms = waveforms
        self._extract = extract
        self._rate = extract.spec.sample_rate
        self._segmenter = Segmenter(self._rate, max_segment_s)
        self._meter = quality.Meter(self._rate)
        self._clips = self._cut()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is wrong with the recording so far, and what of it was not heard."""
        return (*self._meter.warnings(), *self._waveforms.warnings)

    def __iter__(self) -> Iterator[PreparedClip]:
        return self

    def __next__(self) -> PreparedClip:
        while (clip := self.advance()) is None:
            pass
        return clip

    def advance(self) -> PreparedClip | None:
        """The next clip, or None where a block was decoded in which none ends.

        Raises:
            StopIteration: There are no more.
        """
        clip = next(self._clips)
        if clip is None:
            return None
        start = time.perf_counter()
        features = self._extract(Waveform(clip.samples, self._rate, self._rate))
        self.features_s += time.perf_counter() - start
        return PreparedClip(features, clip.start / self._rate, clip.overlap / self._rate, clip.continues)

    def close(self) -> None:
        """Let go of the source before the end."""
        self._clips.close()
        self._waveforms.close()

    def _cut(self) -> Generator[Clip | None]:
        """The clips; None between blocks."""
        decoded = self._decoded()
        first, second = next(decoded), next(decoded, None)
        if second is None:
            if not quality.is_silent(first):
                yield Clip(first.samples, 0)
            return
        for waveform in itertools.chain((first, second), decoded):
            yield from self._segmenter.push(waveform.samples)
            yield None
        yield from self._segmenter.flush()

    def _decoded(self) -> Iterator[Waveform]:
        while True:
            start = time.perf_counter()
            waveform = next(self._waveforms, None)
            self.decode_s += time.perf_counter() - start
            if waveform is None:
                return
            self.duration_s += waveform.duration_s
            self._meter.add(waveform.samples)
            yield waveform


class Pipeline:
    """The line for one model. Thread-safe: it holds nothing but constants.

    Raises InvalidRequest where a setting asks for what there is not in the model's language.
    Raises LanguageModelInvalid, UnknownLanguageModel, InvalidHotwords where settings and bundle do not fit.
    """

    def __init__(self, bundle: Bundle, settings: Settings) -> None:
        self.bundle = bundle
        child = ChildLimits(settings.decoder_cpu_s, settings.decoder_memory_mb * 2**20, settings.decoder_wait_s)
        self.limits = AudioLimits(settings.max_audio_s, settings.min_audio_s, settings.max_channels, child)
        self._max_segment_s = settings.max_segment_s
        self._extract = FeatureExtractor(bundle.manifest.features, bundle.filterbank)
        self.decoders = Decoders(
            bundle,
            default_language_model=settings.language_model,
            hotwords=read_hotwords(Path(settings.hotwords_file)) if settings.hotwords_file else (),
            max_hotwords=settings.max_hotwords,
            limits=BeamLimits(settings.beam_width),
        )
        self._write = Writer(bundle.manifest.language, load_punctuator(bundle))
        self._defaults = Options.from_settings(settings)
        self._write.check(self._defaults.text)

    @property
    def default_options(self) -> Options:
        """What applies where a request says nothing."""
        return self._defaults

    def options(self, fields: Mapping[str, str]) -> Options:
        """The server's options with a request's fields. Raises InvalidRequest, naming the field.

        Raises what `Decoders.choose` raises, too.
        """
        options = self._defaults.updated(fields)
        self._write.check(options.text)
        self.decoders.choose(options.decoding)
        return options

    def with_prompt(self, options: Options, prompt: str) -> tuple[Options, tuple[str, ...]]:
        """As `Decoders.with_prompt`."""
        decoding, left_out = self.decoders.with_prompt(options.decoding, prompt)
        return replace(options, decoding=decoding), left_out

    def warm_up(self) -> None:
        """Compute features of noise once, so that the first request does not pay for what is done only once."""
        spec = self.bundle.manifest.features
        noise = np.random.default_rng(0).standard_normal(spec.sample_rate, dtype=np.float32) * np.float32(0.01)
        waveform = Waveform(noise, spec.sample_rate, spec.sample_rate)
        quality.warnings_for(waveform)
        self._extract(waveform)

    def prepare(
        self,
        source: bytes | str | Path | BinaryIO,
        *,
        raw: RawFormat | None = None,
        channel: int | None = None,
        max_segment_s: float | None = None,
    ) -> Preparation:
        """A recording's clips; nothing is decoded before the first is asked for.

        raw, channel: as in `audio.blocks`; max_segment_s: the longest clip, where it is not the server's, in seconds.
        """
        rate, longest_s = self.bundle.manifest.features.sample_rate, max_segment_s or self._max_segment_s
        waveforms = audio.blocks(source, rate, self.limits, longest_s, raw=raw, channel=channel)
        return Preparation(waveforms, self._extract, longest_s)

    def count_channels(self, source: bytes | str | Path | BinaryIO, *, raw: RawFormat | None = None) -> int:
        """Channels of a recording. Raises what `audio.count_channels` raises."""
        return audio.count_channels(source, self.limits, raw=raw)

    def stated_duration_s(self, source: bytes | str | Path | BinaryIO, *, raw: RawFormat | None = None) -> float | None:
        """As `audio.stated_duration_s`."""
        return audio.stated_duration_s(source, self.limits, raw=raw)

    @property
    def sample_rate(self) -> int:
        """Hz at which the model takes its samples."""
        return self.bundle.manifest.features.sample_rate

    @property
    def max_segment_samples(self) -> int:
        """Samples of the longest recording that is one clip."""
        return int(self._max_segment_s * self.sample_rate)

    def segmenter(self) -> Segmenter:
        """What cuts a long recording, or a stream, into clips."""
        return Segmenter(self.sample_rate, self._max_segment_s)

    def features(self, samples: Float32) -> Features:
        """Features of one clip's samples, float32 [n]. Raises AudioTooShort."""
        return self._extract(Waveform(samples, self.sample_rate, self.sample_rate))

    def decoder(self, options: Options | None = None) -> Decoder:
        """The decoder for one recording's clips. Raises what `Decoders.choose` raises."""
        manifest = self.bundle.manifest
        decode = OnsetDecoder(self.decoders.choose((options or self._defaults).decoding), manifest.onsets)
        if manifest.min_speech_score is None:
            return decode
        best_path = OnsetDecoder(self.decoders.choose(_GREEDY), manifest.onsets)
        return SpeechBoundDecoder(decode, best_path, manifest.min_speech_score)

    def assembly(self) -> Assembly:
        """What puts the clips together that `decoder` has decoded."""
        return Assembly(finds_speech=self.bundle.manifest.min_speech_score is not None)

    def write(
        self, heard: Sequence[Segment], options: Options | None = None, masker: UtteranceMasker | None = None
    ) -> tuple[Segment, ...]:
        """The segments of an `Assembly` as the options (or the server's) want them written. masker: of a stream."""
        return self._write(heard, (options or self._defaults).text, masker)

    def transcript(
        self,
        heard: Sequence[Segment],
        preparation: Preparation,
        options: Options | None = None,
        *,
        warnings: Sequence[str] = (),
    ) -> Transcript:
        """The answer for a recording that has been heard to its end.

        Args:
            heard: what an `Assembly` made of its clips.
            preparation: of the recording, at its end.
            options: how to write it; without: the server's.
            warnings: those of the assembly, after the preparation's.
        """
        return Transcript(
            language=self.bundle.manifest.language,
            duration_s=preparation.duration_s,
            segments=self.write(heard, options),
            warnings=(*preparation.warnings, *warnings),
        )

    def transcribe(
        self,
        source: bytes | str | Path | BinaryIO,
        acoustic: Acoustic,
        options: Options | None = None,
        *,
        raw: RawFormat | None = None,
        channel: int | None = None,
        on_progress: Callable[[float], None] = lambda _: None,
    ) -> Transcript:
        """Transcribe a recording in this process and thread, in which no event loop may run.

        Args:
            source: The bytes, a path, or a file, which stays open.
            acoustic: The model.
            options: How it is decoded and written; without: the defaults.
            raw: As in `audio.blocks`.
            channel: As in `audio.blocks`.
            on_progress: Told the seconds of audio so far, now and then. What it raises ends the work.

        Returns:
            The transcript.

        Raises:
            HindiSTTError: What `decoder` and `audio.blocks` raise, and InferenceFailed.
        """
        from hindi_stt.transcription.backend import InlineBackend
        from hindi_stt.transcription.recording import Recording, Transcription  # it knows the pipeline

        recording = Recording(source, raw, channel)
        transcription = Transcription(self, InlineBackend(acoustic), recording, options)
        return run_in_own_loop(transcription.transcript(on_progress))
