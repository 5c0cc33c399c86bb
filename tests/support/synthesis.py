"""Speech for the domain text: espeak-ng's Hindi voice, a variant per sentence."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

from tests.support.tools import missing

# Read in turn, so that half of the sentences are in the default voice and half in variants.
VOICES: Final = ("hi", "hi+f2", "hi", "hi+m3", "hi", "hi+f4")


def speak(text: str, number: int) -> bytes:
    """A WAV file. Skips the test where espeak-ng is not installed."""
    program = shutil.which("espeak-ng")
    if program is None:
        missing("espeak-ng")
    command = [program, "-v", VOICES[number % len(VOICES)], "-s", "150", "--stdin", "--stdout"]
    return subprocess.run(command, input=text.encode(), capture_output=True, check=True, timeout=60).stdout
