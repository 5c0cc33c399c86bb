"""The embedded network: what it is, where its marks stand, and that it changes nothing else."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from importlib.resources import files

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.errors import InvalidRequest
from hindi_stt.settings import Settings
from hindi_stt.text import TextOptions, Writer
from hindi_stt.text.punctuation import PausePunctuator, punctuate
from hindi_stt.text.punctuation_features import pause_features, table_rows, word_rows
from hindi_stt.text.punctuation_network import NETWORK_FILES, NetworkPunctuator
from hindi_stt.transcription.options import offered
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import Segment, Word
from tests.support.text_words import segment, spoken, word_lists

MODULES_UNDER_TEST = (
    "hindi_stt/text/punctuation.py",
    "hindi_stt/text/punctuation_features.py",
    "hindi_stt/text/punctuation_network.py",
)

PATH = NETWORK_FILES["hi"]
NETWORK = NetworkPunctuator(PATH)
WRITER = Writer("hi", NETWORK)
MODEL = TextOptions(punctuation="model")
MARKS = ",।?."
# The text that the recipe may learn from, with its licence: the README of the folder of text names the sources.
LICENSED = ("cc0_", "ccby_", "pd_")
MOST_BYTES = 3_000_000


def write(*segments: Segment, **options: object) -> str:
    written = WRITER(segments, TextOptions(punctuation="model", **options))  # type: ignore[arg-type]
    return " ".join(one.text for one in written)


def test_the_file_is_small_and_says_what_it_was_made_of() -> None:
    assert files("hindi_stt") / "text/hi/punctuation.onnx" == PATH
    assert PATH.stat().st_size <= MOST_BYTES
    facts = ort.InferenceSession(str(PATH)).get_modelmeta().custom_metadata_map
    assert facts["licence"] == "Apache-2.0"
    assert facts["language"] == "hi"
    sources = json.loads(facts["text"])
    assert sources
    assert all(source.startswith(LICENSED) for source in sources)
    assert json.loads(facts["marks"]) == ["", ",", "।", "?"]


@pytest.mark.parametrize(
    ("words", "pauses_s", "written"),
    [
        ("तुम्हारा नाम क्या है मेरा नाम राम है", [0, 0, 0, 0.6], "तुम्हारा नाम क्या है? मेरा नाम राम है।"),
        ("आप कहाँ जा रहे हैं", [], "आप कहाँ जा रहे हैं?"),
        ("वह घर चला गया उसकी माँ ने खाना बनाया", [0, 0, 0, 0.6], "वह घर चला गया। उसकी माँ ने खाना बनाया।"),
    ],
)
def test_marks_by_text_and_pauses(words: str, pauses_s: list[float], written: str) -> None:
    assert write(segment(spoken(words, pauses_s))) == written


def test_a_pause_within_a_clause_ends_no_sentence() -> None:
    """Where pauses alone say that one ends."""
    words = spoken("मैं कल सुबह अपने दोस्त के घर जाऊँगा", [0, 0, 0, 0, 0, 0.8])
    (pauses,) = Writer("hi")([segment(words)], TextOptions(punctuation="pauses"))
    assert pauses.text == "मैं कल सुबह अपने दोस्त के। घर जाऊँगा।"
    assert write(segment(words)) == "मैं कल सुबह अपने दोस्त के घर जाऊँगा।"


def test_a_sentence_goes_on_behind_the_end_of_a_segment() -> None:
    words = spoken("मैं कल सुबह अपने दोस्त के घर जाऊँगा", [0, 0, 0, 0, 0, 0.8])
    assert write(segment(words[:6]), segment(words[6:])) == "मैं कल सुबह अपने दोस्त के घर जाऊँगा।"


def test_channels_are_read_apart() -> None:
    words = spoken("तुम्हारा नाम क्या है मेरा नाम राम है")
    split = [Segment(0, 1, words[:4], 0), Segment(0.5, 2, words[4:], 1)]
    alone = [WRITER([one], MODEL)[0] for one in split]
    assert list(WRITER(split, MODEL)) == alone


def test_marks_fit_the_script_and_the_numerals() -> None:
    words = segment(spoken("मेरे पास पच्चीस रुपये हैं तुम्हारे पास कितने हैं", [0, 0, 0, 0, 0.6]))
    assert write(words, numerals="latin") == "मेरे पास ₹25 हैं। तुम्हारे पास कितने हैं?"
    assert write(words, script="latin").count(".") == 1
    assert write(words, script="latin").endswith("?")


def test_a_word_that_has_a_mark_gets_no_second_one() -> None:
    assert write(segment(spoken("वह घर गया।"))) == "वह घर गया।"
    assert write(segment(())) == ""


@settings(max_examples=60, deadline=None)
@given(
    st.lists(word_lists(), min_size=1, max_size=4),
    st.sampled_from(["off", "latin"]),
    st.sampled_from(["devanagari", "latin"]),
    st.sampled_from([None, 0, 1]),
)
def test_nothing_but_marks_changes(
    parts: list[tuple[Word, ...]], numerals: str, script: str, channel: int | None
) -> None:
    segments = [Segment(i, i + 1, words, channel if i % 2 else None) for i, words in enumerate(parts)]
    options = {"numerals": numerals, "script": script}
    plain = WRITER(segments, TextOptions(**options))  # type: ignore[arg-type]
    written = WRITER(segments, TextOptions(punctuation="model", **options))  # type: ignore[arg-type]
    assert len(written) == len(plain)
    for before, after in zip(plain, written, strict=True):
        assert (before.start_s, before.end_s, before.channel) == (after.start_s, after.end_s, after.channel)
        assert len(before.words) == len(after.words)
        for old, new in zip(before.words, after.words, strict=True):
            assert (old.start_s, old.end_s, old.confidence, old.decoded) == (
                new.start_s, new.end_s, new.confidence, new.decoded,
            )  # fmt: skip
            assert new.text in {old.text, *(old.text + mark for mark in MARKS)}


def test_windows_of_a_long_recording_are_seamless() -> None:
    """Against the network over everything at once; the pauses are even, since their mean is taken by window."""
    texts = ("तुम्हारा नाम क्या है मेरा नाम राम है और मैं दिल्ली में रहता हूँ " * 60).split()
    words = tuple(Word(text, 0.3 * i, 0.3 * i + 0.2, 0.9) for i, text in enumerate(texts))
    session = ort.InferenceSession(str(PATH))
    pauses_s = [*(b.start_s - a.end_s for a, b in itertools.pairwise(words)), 1.0]
    feed = {"rows": word_rows(texts), "pauses": pause_features(pauses_s)}
    labels = session.run(None, feed)[0].argmax(axis=-1)
    whole = ["" if label == 0 else ",।?"[label - 1] for label in labels]
    marks = NETWORK(words, "।")
    assert len(marks) == len(words)
    # Near the end the window's mean pause differs.
    assert marks[:-200] == whole[:-200]


def test_a_recording_always_ends_a_sentence() -> None:
    for text in ("और फिर", "क्या", "वह बहुत"):
        assert NETWORK(spoken(text), "।")[-1] in {"।", "?"}


def test_rows_lie_in_their_tables_and_do_not_depend_on_the_process() -> None:
    """Python's own hash would."""
    rows = word_rows(["है", "क्या", "ः", "café"])
    assert rows.shape == (4, 5)
    assert table_rows("है") == tuple(rows[0])
    code = "from hindi_stt.text.punctuation_features import table_rows; print(*table_rows('है'))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert tuple(map(int, other.stdout.split())) == tuple(rows[0])


def test_pauses_are_bounded() -> None:
    features = pause_features([-1.0, 0.0, 0.2, 3.0, 1e9])
    assert np.isfinite(features).all()
    assert (features[0] == features[1]).all()
    assert (features[3] == features[4]).all()
    assert pause_features([]).shape == (0, 4)


def test_punctuation_that_is_off_loads_nothing() -> None:
    code = (
        "import sys\n"
        "from hindi_stt.text import TextOptions, Writer\n"
        "from hindi_stt.text.punctuation_network import NETWORK_FILES, NetworkPunctuator, _load\n"
        "from tests.support.text_words import segment, spoken\n"
        "writer = Writer('hi', NetworkPunctuator(NETWORK_FILES['hi']))\n"
        "for kind in ('off', 'pauses'): writer([segment(spoken('वह घर गया'))], TextOptions(punctuation=kind))\n"
        "print('onnxruntime' in sys.modules, _load.cache_info().currsize)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "0"]


def test_the_pipeline_of_a_hindi_model_has_the_network() -> None:
    pipeline = Pipeline(Bundle.open(EMBEDDED), Settings(model=""))
    assert pipeline.writer.punctuations == ("off", "pauses", "model")
    off, on = pipeline.options({"punctuation": "off"}), pipeline.options({"punctuation": "model"})
    assert pipeline.defaults.text.punctuation == "off"
    assert pipeline.captioned(off, {"punctuation"}) == off
    assert pipeline.captioned(pipeline.defaults, ()) == on
    pauses = pipeline.options({"punctuation": "pauses"})
    assert pipeline.captioned(pauses, {"punctuation"}) == pauses
    silent = Pipeline(Bundle.open(EMBEDDED), Settings(model="", caption_punctuation="off"))
    assert silent.captioned(silent.defaults, ()).text.punctuation == "off"
    operator = Pipeline(Bundle.open(EMBEDDED), Settings(model="", punctuation="pauses"))
    assert operator.captioned(operator.defaults, ()).text.punctuation == "pauses"


def test_a_model_of_another_language_has_no_network() -> None:
    """Neither is it offered, nor can it be asked for, and captions go without."""
    hindi = Bundle.open(EMBEDDED)
    manifest = hindi.manifest.model_copy(update={"language": "mr"})
    marathi = Bundle(hindi.folder, manifest, hindi.version)
    assert offered([marathi])["punctuation"] == ("off", "pauses")
    assert offered([marathi, hindi])["punctuation"] == ("off", "pauses", "model")
    pipeline = Pipeline(marathi, Settings(model=""))
    with pytest.raises(InvalidRequest, match="punctuation=model"):
        pipeline.options({"punctuation": "model"})
    assert pipeline.captioned(pipeline.defaults, ()) == pipeline.defaults


def test_another_punctuator_sees_a_segment_at_a_time() -> None:
    words = spoken("एक दो तीन चार")
    (first, second) = Writer("hi")([segment(words[:2]), segment(words[2:])], TextOptions(punctuation="pauses"))
    assert (first.text, second.text) == ("एक दो।", "तीन चार।")
    assert punctuate(words, PausePunctuator(), ".")[-1].text == "चार."
