"""Errors on the command line: the help in `hindi_stt.errors` is written for those who send requests."""

from __future__ import annotations

from typing import Final

from hindi_stt import errors
from hindi_stt.errors import HindiSTTError

__all__ = ["reason"]

_CONVERT: Final = "Convert it first: ffmpeg -i INPUT -ac 1 -ar 16000 OUTPUT.wav"
_HELP: Final[dict[type[HindiSTTError], str]] = {
    errors.InvalidRequest: "The command with --help lists what it takes.",
    errors.UnknownLanguage: "Leave --language out, or name a bundle for the language with --model or HINDI_STT_MODELS.",
    errors.UnknownModel: "'hindi-stt models list' lists the models in the store; --model takes a bundle's folder, too.",
    errors.BundleInvalid: "Get or export it again, after 'hindi-stt models remove TAG' where it is in the store.",
    errors.EmptyBody: "Check that the recording was written and closed.",
    errors.UnsupportedAudio: _CONVERT,
    errors.TruncatedAudio: "Copy the file again, or rewrite what is there: ffmpeg -i INPUT OUTPUT.wav",
    errors.CorruptAudio: "The file is damaged. Copy it again, or rewrite what is there: ffmpeg -i INPUT OUTPUT.wav",
    errors.AudioTooShort: "A recording lasts a tenth of a second at least, or what HINDI_STT_MIN_AUDIO_S says.",
    errors.StorageFull: "Free space where BENTOML_HOME and the downloads are; a download continues where it stopped.",
    errors.AudioTooLong: "Split the recording, or raise HINDI_STT_MAX_AUDIO_S.",
}


def reason(error: HindiSTTError | OSError) -> str:
    """Write an error as one line: message, code, and advice for the shell."""
    if isinstance(error, HindiSTTError):
        return f"{error.message} [{error.code}] {_HELP.get(type(error), error.help)}"
    return error.strerror or str(error)
