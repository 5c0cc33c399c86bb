"""The text of the language model: how its sources are read, and what it must not hold."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from tests.support import evaluation_set
from training import open_text
from training.exclusion import Exclusion, transcripts


def pack(texts: list[str], *, version: int = 5, encoding: int = 1) -> bytes:
    """A resource pack as Chromium's tools/grit/grit/format/data_pack.py describes format 5, without aliases."""
    contents = [text.encode() for text in texts]
    start = 12 + 6 * (len(texts) + 1)
    ends = [start + sum(map(len, contents[:at])) for at in range(len(texts) + 1)]
    entries = b"".join(struct.pack("<HI", number, end) for number, end in enumerate(ends))
    return struct.pack("<IB3xHH", version, encoding, len(texts), 0) + entries + b"".join(contents)


def test_texts_of_a_resource_pack() -> None:
    texts = ["सेटिंग खोलें", "", "नया टैब"]
    assert list(open_text.pak_strings(pack(texts))) == texts


@pytest.mark.parametrize("wrong", [{"version": 4}, {"encoding": 2}])
def test_another_format_of_pack_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="version"):
        list(open_text.pak_strings(pack(["नया टैब"], **wrong)))


@pytest.mark.parametrize(
    ("message", "runs"),
    [
        ("नई <b>विंडो</b> &amp; नया टैब खोलें।", ["नई विंडो", "नया टैब खोलें"]),
        ("$1 को $BRAND पर भेजा जा रहा है", ["पर भेजा जा रहा है"]),
        ("{COUNT, plural, =1 {एक फ़ाइल मिली} other {# फ़ाइलें मिलीं}}", ["एक फ़ाइल मिली", "फ़ाइलें मिलीं"]),
        ("Settings", []),
    ],
)
def test_words_of_a_message(message: str, runs: list[str]) -> None:
    assert list(open_text.messages([message])) == runs


def test_names_of_cldr(tmp_path: Path) -> None:
    for folder in ("main", "rbnf"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "hi.xml").write_text(
            "<ldml><exemplarCharacters>[अ आ]</exemplarCharacters><territory type='IN'>भारत</territory>"
            "<annotation cp='x'>लाल सेब | फल</annotation><language>Hindi</language></ldml>",
            encoding="utf-8",
        )
    assert list(open_text.names(tmp_path)) == ["भारत", "लाल सेब", "फल"]


def test_each_sentence_once_and_no_measured_one() -> None:
    measured = "पिछले हफ़्ते की बारिश में हमारे घर की दीवार गिर गई"
    sources = {"talk": ["नया घर, कहाँ है?", f"{measured}।"], "names": ["नया घर कहाँ है", "भारत", measured]}
    assert open_text.build(sources, Exclusion([measured])) == {"talk": ["नया घर कहाँ है"], "names": ["भारत"]}


@pytest.mark.skipif("HINDI_STT_TEST_TEXT" not in os.environ, reason="HINDI_STT_TEST_TEXT names no folder of text")
def test_no_measured_sentence_is_in_the_older_prose() -> None:
    measured = [*evaluation_set.SENTENCES]
    if speech := os.environ.get("HINDI_STT_TEST_SPEECH"):
        measured += transcripts(Path(speech))
    excluded = Exclusion(measured)
    kept = open_text.build({"prose": open_text.prose(Path(os.environ["HINDI_STT_TEST_TEXT"]))}, excluded)
    assert len(kept["prose"]) > 50_000
    assert [text for text in kept["prose"] if excluded.match(text)] == []


def test_what_was_written_is_read_back_and_our_own_sentences_stand_in(tmp_path: Path) -> None:
    (tmp_path / "text").mkdir()
    lines = "help\tसहायता पन्ना\neveryday\tहाँ, ठीक है\n"
    (tmp_path / "text" / "sentences.tsv").write_text(lines, encoding="utf-8")
    assert open_text.load(tmp_path) == [("everyday", "हाँ ठीक है")]
    (tmp_path / "language").mkdir()
    (tmp_path / "language" / "sentences.tsv").write_text("names\tभारत\n", encoding="utf-8")
    assert open_text.load(tmp_path) == [("names", "भारत")]
