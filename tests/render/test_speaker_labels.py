"""What speakers without a name are called, and their numbers."""

from __future__ import annotations

import pytest

from hindi_stt.render.speaker_labels import speaker_name, speaker_number


def test_a_name_has_its_number() -> None:
    assert speaker_name(0) == "Speaker 1"
    assert [speaker_number(speaker_name(number)) for number in (0, 7, 19)] == [0, 7, 19]


@pytest.mark.parametrize("name", [None, "", "Speaker ", "Speaker", "Asha", "7", "Speaker 1a", "Speaker १", "speaker 1"])
def test_other_names_have_none(name: str | None) -> None:
    assert speaker_number(name) is None
