"""What no log may hold: words that were spoken, keys, tokens and secrets of webhooks and databases."""

from __future__ import annotations

import re
from typing import Final

# All that the recordings of the tests say is Hindi, and the log is English: every Devanagari word, as it is or as JSON,
# percent-encoding or Python write it.
_SPOKEN: Final = r"[\u0900-\u097f]{2,}|(\\u09[0-7][0-9a-f]){2,}|(%E0%A[45]%[89AB][0-9A-F]){2,}"
_KEY: Final = r"stt_[0-9a-f]{8}_[\w-]{20,}"
_TOKEN: Final = r"ek_[0-9a-f]*_\d+_[\w-]*[0-9a-f]{32}"
_WEBHOOK_SECRET: Final = r"whsec_[A-Za-z0-9+/=]{8,}"
_PASSWORD: Final = r"://(?!USER:PASSWORD@)[^/@\s:]*:[^/@\s]+@"  # as it is written in help texts
_PRIVATE: Final = re.compile(f"{_SPOKEN}|{_KEY}|{_TOKEN}|{_WEBHOOK_SECRET}|{_PASSWORD}")


def check_log(log: str) -> None:
    """Fail where a log holds what it may not, and show the line."""
    for line in log.splitlines():
        assert not _PRIVATE.search(line), f"the log holds what is private: {line[:2000]}"
