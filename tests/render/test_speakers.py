"""Speakers in the response formats."""

from __future__ import annotations

import io

import regex
import srt
import webvtt

from hindi_stt import render
from hindi_stt.types import Segment, SpeakerTurn, Transcript, Word

MODULES_UNDER_TEST = ("hindi_stt/render/rttm.py", "hindi_stt/render/transcripts.py")


def segment(text: str, start_s: float, speaker: str) -> Segment:
    words = tuple(Word(word, start_s + i / 2, start_s + i / 2 + 0.4, 0.9) for i, word in enumerate(text.split()))
    return Segment(words[0].start_s, words[-1].end_s, words, speaker=speaker)


TRANSCRIPT = Transcript(
    "hi",
    4.0,
    (segment("आज मौसम कैसा है", 0.0, "Speaker 1"), segment("अच्छा है", 2.0, "Speaker 2"), segment("हाँ", 3.0, "Asha & Co")),
    turns=(SpeakerTurn(0.0, 1.9, "Speaker 1"), SpeakerTurn(2.0, 2.9, "Speaker 2"), SpeakerTurn(3.0, 3.4, "Asha & Co")),
)


def test_a_cue_of_srt_has_one_speaker_and_begins_with_the_name() -> None:
    contents = [cue.content for cue in srt.parse(render.to_srt(TRANSCRIPT))]
    assert contents == ["Speaker 1: आज मौसम कैसा है", "Speaker 2: अच्छा है", "Asha & Co: हाँ"]


def test_vtt_has_voice_spans() -> None:
    captions = webvtt.from_buffer(io.StringIO(render.to_vtt(TRANSCRIPT)))
    assert [caption.voice for caption in captions] == ["Speaker 1", "Speaker 2", "Asha &amp; Co"]
    assert "<v Speaker 1>आज मौसम" in render.to_vtt(TRANSCRIPT)


def test_lines_leave_room_for_the_name() -> None:
    long = Transcript("hi", 60.0, (segment("शब्द " * 60, 0.0, "Speaker 1"),))
    for cue in srt.parse(render.to_srt(long)):
        assert all(len(regex.findall(r"\X", line)) <= 42 for line in cue.content.split("\n"))


def test_words_and_segments_of_json_have_their_speaker() -> None:
    assert [word["speaker"] for word in render.to_json(TRANSCRIPT, "m")["words"]][3:5] == ["Speaker 1", "Speaker 2"]
    assert render.verbose_segments(TRANSCRIPT)[1]["speaker"] == "Speaker 2"


def test_without_speakers_no_field_is_added() -> None:
    plain = Transcript("hi", 1.0, (Segment(0.0, 0.4, (Word("आज", 0.0, 0.4, 1.0),)),))
    assert set(render.to_json(plain, "m")["words"][0]) == {"word", "start", "end", "confidence"}
    assert render.to_srt(plain).split("\n")[2] == "आज"


def test_diarized_json_is_openais() -> None:
    from openai.types.audio import TranscriptionDiarized

    body = render.to_diarized_json(TRANSCRIPT)
    parsed = TranscriptionDiarized.model_validate(body)
    assert [part.speaker for part in parsed.segments] == ["A", "B", "Asha & Co"]
    assert [part.text for part in parsed.segments] == ["आज मौसम कैसा है", "अच्छा है", "हाँ"]


def test_a_paragraph_has_one_speaker() -> None:
    assert [part["speaker"] for part in render.paragraphs_json(TRANSCRIPT)] == ["Speaker 1", "Speaker 2", "Asha & Co"]
    assert render.paragraphs_text(TRANSCRIPT).split("\n\n")[1] == "Speaker 2: अच्छा है"


def test_rttm_has_a_line_for_each_turn() -> None:
    lines = render.to_rttm(TRANSCRIPT, "my call").splitlines()
    assert [line.split() for line in lines][1] == [
        "SPEAKER", "my_call", "1", "2.000", "0.900", "<NA>", "<NA>", "Speaker_2", "<NA>", "<NA>",
    ]  # fmt: skip
    assert {len(line.split()) for line in lines} == {10}
