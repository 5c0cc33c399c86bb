"""What surrounds one acoustic model: the stages before it and after it, made once from its bundle and the settings.

`transcription.recording` takes a recording through them.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from hindi_stt.audio import AudioLimits, ChildLimits, Clips, RawFormat, Recording, quality
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.concurrency.own_loop import run_in_own_loop
from hindi_stt.decoding import BeamLimits, Decoders, HotwordBounds, read_hotwords
from hindi_stt.features import make_extractor
from hindi_stt.inference.acoustic import Acoustic
from hindi_stt.settings import Settings
from hindi_stt.speakers.source import SpeakerSource
from hindi_stt.text import Writer
from hindi_stt.text.punctuation_model import load_punctuator
from hindi_stt.transcription.options import Options
from hindi_stt.types import Features, Float32, PreparedClip, Punctuation, Transcript, Waveform

__all__ = ["Pipeline"]


class Pipeline:
    """The stages around one model, for any number of recordings. Thread-safe: nothing in it changes.

    Args:
        bundle: The model.
        settings: Of the server.
        speakers: The speaker model; None where there is none.

    Attributes:
        bundle: The model.
        tag: Of the model, whatever alias a request names it by.
        label: What answers call it: with runtime and precision, where they are not the usual ones.
        language: Of the model, as a code of ISO 639-1.
        sample_rate: At which the model takes its samples, in Hz.
        limits: Bounds on a recording.
        max_segment_s: Length of the longest clip, in seconds.
        extract: Waveform to features.
        decoders: Log-probs to words.
        writer: Words as they are decoded to words as they are asked for.
        speakers: The speaker model.
        defaults: The options that apply where a request says nothing.

    Raises:
        HindiSTTError: InvalidRequest, LanguageModelInvalid, UnknownLanguageModel or InvalidHotwords, where a setting
            asks for something that the bundle does not have.
    """

    def __init__(self, bundle: Bundle, settings: Settings, speakers: SpeakerSource | None = None) -> None:
        manifest = bundle.manifest
        self.bundle = bundle
        self.tag = bundle.tag
        self.label = bundle.label
        self.language = manifest.language
        self.sample_rate = manifest.features.sample_rate
        child = ChildLimits(settings.decoder_cpu_s, settings.decoder_memory_mb * 2**20, settings.decoder_wait_s)
        self.limits = AudioLimits(settings.max_audio_s, settings.min_audio_s, settings.max_channels, child)
        self.max_segment_s = min(settings.max_segment_s, manifest.max_clip_s or settings.max_segment_s)
        self.extract = make_extractor(bundle)
        self.decoders = Decoders(
            bundle,
            default_language_model=settings.language_model,
            hotwords=read_hotwords(Path(settings.hotwords_file)) if settings.hotwords_file else (),
            hotword_bounds=HotwordBounds.from_settings(settings),
            limits=BeamLimits(settings.beam_width),
        )
        self.writer = Writer(manifest.language, load_punctuator(bundle))
        self.speakers = speakers or SpeakerSource()
        self.defaults = Options.from_settings(settings)
        self.writer.check(self.defaults.text)
        wanted = settings.caption_punctuation
        self._caption_punctuation: Punctuation = wanted if wanted in self.writer.punctuations else "off"

    def options(self, fields: Mapping[str, str]) -> Options:
        """Put a request's fields over the server's options, and make the decoder that they ask for.

        Args:
            fields: Values by the names of `transcription.options.RECORDING_FIELDS`.

        Returns:
            The options of the request.

        Raises:
            HindiSTTError: InvalidRequest, which names the field, SpeakersNotInstalled, and what `Decoders.choose`
                raises.
        """
        options = self.defaults.updated(fields)
        self.writer.check(options.text)
        self.decoders.choose(options.decoding)
        if options.speakers.diarize:
            self.speakers.bundle()  # complains now rather than when the recording has been transcribed
        return options

    def captioned(self, options: Options, fields: Container[str]) -> Options:
        """Put the punctuation of captions into a request's options, unless the request or a setting chose one.

        Args:
            options: Of the request.
            fields: Names of the fields that the request has.

        Returns:
            The options for captions.
        """
        if "punctuation" in fields or options.text.punctuation != "off":
            return options
        return replace(options, text=replace(options.text, punctuation=self._caption_punctuation))

    def warm_up(self) -> None:
        """Compute features of noise once, so that the first request does not pay for what is done only once."""
        noise = np.random.default_rng(0).standard_normal(self.sample_rate, dtype=np.float32) * np.float32(0.01)
        quality.warnings_for(Waveform(noise, self.sample_rate, self.sample_rate))
        self.features(noise)

    def features(self, samples: Float32) -> Features:
        """Compute features of one clip.

        Args:
            samples: Mono, float32 [n], at `sample_rate`.

        Returns:
            Features, float32 [channels, frames].

        Raises:
            AudioTooShort: There are too few samples for one frame.
        """
        return self.extract(Waveform(samples, self.sample_rate, self.sample_rate))

    def prepare(self, source: bytes | str | Path | BinaryIO) -> Iterator[PreparedClip]:
        """Cut a recording into clips and compute their features, each when it is requested.

        Args:
            source: As in `audio.blocks`.

        Yields:
            The clips, in order.

        Raises:
            HindiSTTError: As `audio.blocks` raises.
        """
        for clip in Clips(Recording(source), self.sample_rate, self.limits, self.max_segment_s):
            rate = self.sample_rate
            yield PreparedClip(self.features(clip.samples), clip.start / rate, clip.overlap / rate, clip.continues)

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
            HindiSTTError: What `Decoders.choose` and `audio.blocks` raise, and InferenceFailed.
        """
        from hindi_stt.transcription.backend import InlineBackend
        from hindi_stt.transcription.recording import Transcription  # it knows the pipeline

        recording = Recording(source, raw, channel)
        transcription = Transcription(self, InlineBackend(acoustic), recording, options)
        return run_in_own_loop(transcription.transcript(on_progress))
