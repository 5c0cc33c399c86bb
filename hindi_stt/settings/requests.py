"""Settings of recordings, requests and connections: their bounds."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from hindi_stt.settings.fields import SettingsGroup, setting

__all__ = ["RealtimeSettings", "RecordingSettings", "RequestSettings"]


class RecordingSettings(SettingsGroup):
    """Bounds on recordings, and how they are decoded and cut."""

    title: ClassVar[str] = "Recordings"

    max_audio_s: float = setting(14_400.0, "Longest recording, after decoding.", example="3600", unit="seconds", gt=0)
    min_audio_s: float = setting(0.1, "Shortest recording.", example="0.5", unit="seconds", ge=0)
    max_channels: int = setting(8, "Most channels in a recording.", example="2", unit="channels", gt=0, le=65_535)
    max_segment_s: float = setting(
        16.0,
        "Longer recordings are cut at pauses into segments of at most this length.",
        example="20",
        unit="seconds",
        ge=4,
    )
    segments_in_flight: int = setting(
        16,
        "Most segments of one recording that are at the runner, or wait for it, at a time.",
        example="4",
        unit="segments",
        gt=0,
    )
    decoder_cpu_s: int = setting(
        300,
        "CPU time of the process that decodes what libsndfile cannot read.",
        example="60",
        unit="seconds",
        gt=0,
    )
    decoder_memory_mb: int = setting(1024, "Address space of that process.", example="2048", unit="MiB", gt=0)
    decoder_wait_s: float = setting(
        30.0, "Longest wait for the next block of audio from that process.", example="10", unit="seconds", gt=0
    )


class RequestSettings(SettingsGroup):
    """Bounds on requests over HTTP and on what a worker takes at a time."""

    title: ClassVar[str] = "Requests"

    max_body_bytes: int = setting(500 * 2**20, "Largest request body.", example="104857600", unit="bytes", gt=0)
    max_files: int = setting(32, "Most recordings in one request to /transcribe.", example="8", unit="recordings", gt=0)
    upload_space_mb: int = setting(
        0,
        "Most bytes of request bodies that an API worker holds on the disk at a time. 0: four fifths of the file "
        "system of TMPDIR, shared by the workers.",
        example="4096",
        unit="MiB",
        ge=0,
    )
    upload_timeout_s: float = setting(
        60.0, "Longest time for receiving a request body.", example="30", unit="seconds", gt=0
    )
    min_upload_rate: float = setting(
        131_072.0,
        "A long body gets more time: one second for each so many bytes that have arrived.",
        example="65536",
        unit="bytes per second",
        gt=0,
    )
    request_timeout_s: float = setting(
        120.0,
        "Longest wait for a transcript, and for each further segment of it.",
        example="60",
        unit="seconds",
        gt=0,
    )
    max_header_bytes: int = setting(
        65_536,
        "Most bytes of a request line with its headers; up to twice as many may pass.",
        example="16384",
        unit="bytes",
        ge=8_192,
    )
    header_timeout_s: float = setting(
        20.0,
        "Longest time for receiving a request's headers, from their first byte.",
        example="5",
        unit="seconds",
        gt=0,
    )
    max_idle_connections: int = setting(
        512,
        "Most connections of an API worker that have no request. Past it, or past a quarter of the descriptors that "
        "the system allows, the oldest one of the address with the most is closed.",
        example="256",
        unit="connections",
        gt=0,
    )
    max_queue_s: float = setting(
        3600.0, "Most audio in progress per API worker.", example="1800", unit="seconds of audio", gt=0
    )
    streamed_uploads: int = setting(
        64,
        "Most recordings that are transcribed while they arrive (stream=true), per API worker.",
        example="16",
        unit="recordings",
        gt=0,
    )
    client_share: float = setting(
        0.75,
        "The share of each limit of a worker (audio in progress, realtime connections, streamed uploads, bytes of "
        "uploads, calls to the runner) that one client may fill: the owner of a key, or an address without keys.",
        example="0.5",
        unit="share",
        gt=0,
        le=1,
    )

    def client_bound(self, bound: int) -> int:
        """Compute how much of a worker's bound one client may fill.

        Args:
            bound: The worker's bound, in any unit.

        Returns:
            The client's share of it, rounded up.
        """
        return math.ceil(self.client_share * bound)

    @property
    def longest_upload_s(self) -> float:
        """The most time that a body can take which keeps to all bounds, in seconds."""
        return self.upload_timeout_s + self.max_body_bytes / self.min_upload_rate


class RealtimeSettings(SettingsGroup):
    """Realtime connections, and the page that uses them."""

    title: ClassVar[str] = "Realtime connections and the page"

    realtime_connections: int = setting(
        64, "Most realtime connections per API worker.", example="100", unit="connections", ge=0
    )
    realtime_idle_s: float = setting(
        60.0, "A realtime connection that sends nothing for this long is closed.", example="300", unit="seconds", gt=0
    )
    realtime_max_s: float = setting(3600.0, "Longest realtime connection.", example="7200", unit="seconds", gt=0)
    realtime_buffer_s: float = setting(
        30.0,
        "Most audio of a realtime connection that waits to be transcribed; with more, the server stops reading.",
        example="10",
        unit="seconds of audio",
        gt=0,
    )
    realtime_catch_up_share: float = setting(
        0.25,
        "Share of the cores for live audio that comes faster than it is spoken, of every protocol, while others speak "
        "live; five seconds of a connection may be ahead, and real time is always taken. 1: no bound.",
        example="1",
        unit="share",
        gt=0,
        le=1,
    )
    realtime_write_timeout_s: float = setting(
        10.0, "Longest time for a realtime client to read an event.", example="5", unit="seconds", gt=0
    )
    page: Literal["on", "off"] = setting("on", "The page at /ui.", example="off")
