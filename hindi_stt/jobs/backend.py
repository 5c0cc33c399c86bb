"""The parts of the Jobs API as the settings name them; API workers and job workers have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hindi_stt.errors import JobsUnavailable
from hindi_stt.jobs.audio import AudioStore
from hindi_stt.jobs.claims import Claims
from hindi_stt.jobs.records import JobRecords
from hindi_stt.jobs.tables import connect
from hindi_stt.jobs.uploads import Uploads
from hindi_stt.jobs.url_allowlist import References, job_network
from hindi_stt.settings import Settings
from hindi_stt.transcription.options import Options

__all__ = ["Backend", "CallFacts", "JobOptions"]


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The call that a job has the transcript of.

    Attributes:
        id: Its id.
        protocol: The protocol that it came by.
        tracks: Label of each channel of the transcript, such as `inbound`.
        started: When it began, in seconds since 1970.
        facts: What the platform said of it.
    """

    id: str
    protocol: str
    tracks: tuple[str, ...]
    started: float
    facts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class JobOptions:
    """The options of a job, with the server's defaults at the time of its creation.

    Attributes:
        options: Options of decoding and text.
        split: Whether each channel is transcribed by itself.
        warnings: About the request.
        call: The call that was recognised; None for recordings.
    """

    options: Options
    split: bool
    warnings: tuple[str, ...] = ()
    call: CallFacts | None = None


class Backend:
    """Records, claims, uploads, audio and references.

    Args:
        settings: The server's.

    Raises:
        JobsUnavailable: The folder, the database or the store of audio cannot be used.
        InvalidSetting: A reference or a network has no usable form.
    """

    def __init__(self, settings: Settings) -> None:
        self.folder = Path(settings.jobs_dir).absolute()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise JobsUnavailable(f"HINDI_STT_JOBS_DIR cannot be made: {error}.") from error
        engine = connect(settings.jobs_url or f"sqlite:///{self.folder / 'jobs.db'}")
        self.records = JobRecords(
            engine, max_waiting=settings.jobs_max_waiting, max_bytes=settings.jobs_max_stored_bytes
        )
        self.claims = Claims(engine, lease_s=settings.jobs_lease_s, tries=settings.jobs_tries)
        self.uploads = Uploads(engine, self.folder / "uploads", max_bytes=settings.jobs_max_stored_bytes)
        self.audio = AudioStore(settings.jobs_audio_url or str(self.folder / "audio"))
        self.network = job_network(settings)
        self.references = References(settings, self.network)
