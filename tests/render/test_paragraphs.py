"""Paragraphs: every word once, and breaks where a reader expects them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.render import PARAGRAPH_PAUSE_S, paragraphs, paragraphs_json, paragraphs_text
from hindi_stt.types import Segment, Transcript, Word

MODULES_UNDER_TEST = ("hindi_stt/render/paragraphs.py",)


def words(text: str, start_s: float = 0.0) -> tuple[Word, ...]:
    return tuple(Word(word, start_s + 0.5 * i, start_s + 0.5 * i + 0.4, 0.9) for i, word in enumerate(text.split()))


def transcript(*parts: tuple[Word, ...], channels: tuple[int | None, ...] = ()) -> Transcript:
    named = channels or (None,) * len(parts)
    segments = tuple(
        Segment(part[0].start_s, part[-1].end_s, part, channel) for part, channel in zip(parts, named, strict=True)
    )
    return Transcript("hi", 1000.0, segments)


def test_a_long_pause_begins_a_paragraph() -> None:
    first, near, far = words("वह आया।"), words("फिर गया।", 1.5), words("अब वह घर पर है।", 2.4 + PARAGRAPH_PAUSE_S)
    found = transcript(first, near, far)
    assert paragraphs_text(found) == "वह आया। फिर गया।\n\nअब वह घर पर है।"
    assert paragraphs_json(found) == [
        {"start": 0.0, "end": 2.4, "text": "वह आया। फिर गया।"},
        {"start": 4.4, "end": 6.8, "text": "अब वह घर पर है।"},
    ]


def test_another_channel_begins_a_paragraph() -> None:
    found = transcript(words("नमस्ते"), words("जी", 1), words("हाँ", 1.6), words("कहिए", 2.5), channels=(0, 1, 1, 0))
    assert [(one["channel"], one["text"]) for one in paragraphs_json(found)] == [
        (0, "नमस्ते"), (1, "जी हाँ"), (0, "कहिए"),
    ]  # fmt: skip


def test_long_speech_is_divided_where_a_sentence_ends() -> None:
    sentence = "एक दो तीन चार पाँच छह सात आठ नौ दस। "
    found = paragraphs(transcript(words(sentence * 13)))
    assert [len(one.words) for one in found] == [60, 60, 10]
    assert all(one.text.endswith("।") for one in found)


def test_long_speech_without_marks_is_divided_at_its_longest_pause() -> None:
    spoken = list(words("एक " * 130))
    late = [Word(one.text, one.start_s + 1, one.end_s + 1, 0.9) for one in spoken[70:]]
    found = paragraphs(transcript((*spoken[:70], *late)))
    assert [len(one.words) for one in found] == [70, 60]
    assert [len(one.words) for one in paragraphs(transcript(words("एक " * 120)))] == [120]


def test_nothing_was_said() -> None:
    silent = Transcript("hi", 3.0, (Segment(0, 3, ()),))
    assert paragraphs(silent) == ()
    assert paragraphs_text(silent) == ""


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.sampled_from(["है", "है।", "क्या?"]), st.floats(0, 3)), max_size=200),
            st.sampled_from([None, 0, 1]),
        ),
        max_size=4,
    )
)
def test_every_word_is_in_one_paragraph(parts: list[tuple[list[tuple[str, float]], int | None]]) -> None:
    now, segments = 0.0, []
    for texts, channel in parts:
        spoken = []
        for text, pause_s in texts:
            spoken.append(Word(text, now, now + 0.3, 0.9))
            now += 0.3 + pause_s
        segments.append(Segment(now, now, tuple(spoken), channel))
    whole = Transcript("hi", now, tuple(segments))
    found = paragraphs(whole)
    assert tuple(word for one in found for word in one.words) == whole.words
    assert all(1 <= len(one.words) <= 120 for one in found)
