"""Recordings that cannot be decoded or transcribed."""

from __future__ import annotations

from hindi_stt.errors.base import HindiSTTError
from hindi_stt.errors.uploads import TooLarge

__all__ = [
    "AudioError",
    "AudioTooLong",
    "AudioTooShort",
    "CorruptAudio",
    "DecoderLost",
    "InvalidSamples",
    "TooManyChannels",
    "TruncatedAudio",
    "UnsupportedAudio",
]


class UnsupportedAudio(HindiSTTError):
    """The bytes are not an audio format that can be read here."""

    code, status = "unsupported_audio", 415
    default_param = "file"
    help = "Send WAV, FLAC, OGG, MP3, M4A, WebM, AMR or WMA; convert with: ffmpeg -i INPUT -ac 1 -ar 16000 OUTPUT.wav"


class AudioTooLong(TooLarge):
    """The decoded audio is longer than HINDI_STT_MAX_AUDIO_S; decoding stopped there."""

    code = "audio_too_long"
    default_param = "file"
    help = "Split the recording, or raise HINDI_STT_MAX_AUDIO_S."


class AudioError(HindiSTTError):
    """The file is audio, but it cannot be transcribed."""

    code, status = "bad_audio", 422
    default_param = "file"
    help = "Play the file to find the problem."


class CorruptAudio(AudioError):
    """The container was recognised, but its audio cannot be decoded to the end."""

    code = "corrupt_audio"
    help = "The file is damaged or cut off. Send it again, or rewrite what is there: ffmpeg -i INPUT OUTPUT.wav"


class TruncatedAudio(AudioError):
    """The file has less audio than its header states: an interrupted upload or a full disk."""

    code = "truncated_audio"
    help = "Send the file again. To transcribe what is there, rewrite it first: ffmpeg -i INPUT OUTPUT.wav"


class InvalidSamples(AudioError):
    """Floating-point samples that are NaN, infinite, or far beyond full scale."""

    code = "invalid_samples"
    help = "Export the audio again as 16-bit PCM."


class AudioTooShort(AudioError):
    """The audio is shorter than HINDI_STT_MIN_AUDIO_S."""

    code = "audio_too_short"
    help = "Send at least a tenth of a second of audio."


class TooManyChannels(AudioError):
    """More channels than HINDI_STT_MAX_CHANNELS."""

    code = "too_many_channels"
    help = "Mix the recording down first: ffmpeg -i INPUT -ac 1 OUTPUT.wav"


class DecoderLost(HindiSTTError):
    """The process that decodes the recording was killed or hung, which need not be the recording's fault."""

    code, status = "decoder_lost", 503
    help = "Send the recording again; if that happens often, see whether the server's machine has memory to spare."
