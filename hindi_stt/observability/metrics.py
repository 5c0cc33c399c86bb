"""Every metric of a process: its name, unit and labels.

prometheus_client chooses between one process and many when it is imported, by an environment variable that BentoML sets
in its workers: so it is imported when `Metrics` is made, not with this module. Processes of a server make theirs with
`hindi_stt.bentoml_compat.worker_metrics.make_metrics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SPEAKERS_STAGE", "STAGES", "Metrics"]

STAGES: Final = ("decode", "features", "queue_inference", "decoding")
# The stage of recordings whose speakers are told apart.
SPEAKERS_STAGE: Final = "speakers"

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120)
_STAGE_SECONDS: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120)
_RTF: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_AUDIO_SECONDS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_SHARE: Final = (0.0, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
_BATCH: Final = (1, 2, 4, 8, 16, 32, 64)


class Metrics:
    """The metrics of one process; one instance for each process, made in the worker itself."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.requests = Counter("hindi_stt_requests", "Transcription requests answered, with or without success.")
        self.errors = Counter("hindi_stt_errors", "Error answers of every route.", ["code"])
        self.audio_seconds = Counter("hindi_stt_audio_seconds", "Audio transcribed, in seconds.")
        self.model_audio_seconds = Counter(
            "hindi_stt_model_audio_seconds", "Audio transcribed with each model, in seconds.", ["model"]
        )
        self.model_loaded = Gauge(
            "hindi_stt_model_loaded", "1 while the model is in memory.", ["model"], multiprocess_mode="livemax"
        )
        self.model_loads = Counter("hindi_stt_model_loads", "Times that a model was loaded.", ["model"])
        self.clip_seconds = Histogram(
            "hindi_stt_clip_seconds", "Length of transcribed recordings, in seconds.", buckets=_AUDIO_SECONDS
        )
        self.request_seconds = Histogram(
            "hindi_stt_request_seconds", "Time from the end of an upload to its transcript.", buckets=_SECONDS
        )
        self.stage_seconds = Histogram(
            "hindi_stt_stage_seconds", "Time in each stage of a recording.", ["stage"], buckets=_STAGE_SECONDS
        )
        self.rtf = Histogram("hindi_stt_real_time_factor", "Request time per second of audio.", buckets=_RTF)
        self.in_progress = Gauge(
            "hindi_stt_audio_in_progress_seconds",
            "Audio decoded and not yet answered, in seconds.",
            multiprocess_mode="livesum",
        )
        self.batch_size = Histogram("hindi_stt_batch_size", "Clips in one batch at the runner.", buckets=_BATCH)
        self.run_size = Histogram("hindi_stt_run_size", "Clips in one run of the model.", buckets=_BATCH)
        self.padding = Histogram("hindi_stt_padding_share", "Share of padding in one run of the model.", buckets=_SHARE)
        self.queue_wait_seconds = Histogram(
            "hindi_stt_queue_wait_seconds",
            "Time from the API's call to the start of its batch.",
            buckets=_STAGE_SECONDS,
        )
        self.dropped = Counter("hindi_stt_dropped", "Clips dropped before they cost inference.", ["reason"])
        self.realtime_connections = Gauge(
            "hindi_stt_realtime_connections", "Realtime connections that are open.", multiprocess_mode="livesum"
        )
        self.realtime_final_seconds = Histogram(
            "hindi_stt_realtime_final_seconds",
            "Time from the packet that ends an utterance to its final text.",
            buckets=_STAGE_SECONDS,
        )
        self.catch_up_wait_seconds = Counter(
            "hindi_stt_catch_up_wait_seconds",
            "Time that live audio which came faster than it is spoken waited for others who speak live, in seconds.",
        )
        self.protocol_connections = Gauge(
            "hindi_stt_protocol_connections",
            "Connections of telephony and other protocols that are open.",
            ["protocol"],
            multiprocess_mode="livesum",
        )
        self.protocol_audio_seconds = Counter(
            "hindi_stt_protocol_audio_seconds", "Audio received by each protocol, in seconds.", ["protocol"]
        )
        self.protocol_final_seconds = Histogram(
            "hindi_stt_protocol_final_seconds",
            "Time from the packet that ends an utterance to its final text.",
            ["protocol"],
            buckets=_STAGE_SECONDS,
        )
        self.protocol_rejected_messages = Counter(
            "hindi_stt_protocol_rejected_messages", "Messages that could not be used.", ["protocol"]
        )
        self.protocol_suspicious_audio = Counter(
            "hindi_stt_protocol_suspicious_audio",
            "Tracks whose audio does not look like the format that was announced.",
            ["protocol"],
        )
        self.call_events_lost = Counter(
            "hindi_stt_call_events_lost", "Events of calls that the Redis of calls did not take."
        )
        self.calls = Counter("hindi_stt_calls", "Calls that have ended.", ["protocol", "stored"])
        self.cache = Counter("hindi_stt_cache", "Recordings looked up in the cache of results.", ["outcome"])
        self.job_files = Counter("hindi_stt_job_files", "Files of jobs that have ended at a worker.", ["outcome"])
        self.job_audio_seconds = Counter("hindi_stt_job_audio_seconds", "Audio transcribed for jobs, in seconds.")
        self.inference_seconds = Histogram(
            "hindi_stt_inference_seconds", "Time of one batch at the runner.", buckets=_STAGE_SECONDS
        )

    def count_request(self, model: str, duration_s: float, elapsed_s: float, stages_s: Mapping[str, float]) -> None:
        """Count a transcription that succeeded.

        Args:
            model: Tag of its model.
            duration_s: Seconds of audio.
            elapsed_s: Seconds from the end of the upload to the transcript.
            stages_s: Seconds that each of STAGES took.
        """
        self.requests.inc()
        self.model_audio_seconds.labels(model).inc(duration_s)
        self.audio_seconds.inc(duration_s)
        self.clip_seconds.observe(duration_s)
        self.request_seconds.observe(elapsed_s)
        self.rtf.observe(elapsed_s / duration_s)
        for stage, seconds in stages_s.items():
            self.stage_seconds.labels(stage).observe(seconds)
