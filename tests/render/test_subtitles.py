"""Cues of SRT and WebVTT: their lines, cuts, order and times, read back by other programs' parsers.

Longer than 300 lines: rules of subtitles that hold for the same sentences.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import regex
import srt
import webvtt
from hypothesis import given, settings
from hypothesis import strategies as st

from hindi_stt.render import to_srt, to_vtt
from hindi_stt.types import Segment, Transcript, Word
from tests.page.support import copy_modules

MODULES_UNDER_TEST = ("hindi_stt/render/cues.py",)

LINE = 42
WEBVTT_PARSER = "webvtt-parser@2.2.0"
CONSONANTS, MARKS, VOWELS = "कखगघचजटडतदनपफबमयरलवशषसह", "ािीुूेैोौ", "अआइईउऊएऐओऔ"

# ---- random transcripts


def made_up_word(rng: random.Random, n_syllables: int) -> str:
    """Devanagari syllables, conjuncts among them; sometimes with Latin letters or marks."""
    consonants = ["्".join(rng.choices(CONSONANTS, k=rng.choice([1, 1, 1, 2, 3]))) for _ in range(n_syllables)]
    text = "".join(c + rng.choice(["", *MARKS]) + rng.choice(["", "", "", "ं", "ँ"]) for c in consonants)
    text = rng.choice([text, text, text, f"{rng.choice(VOWELS)}{text}", f"ok-{text}", "hello", "₹1,20,000", "24x7"])
    return text + rng.choice(["", "", "", "", ",", "।", "?", "।”"])


# Hypothesis draws from a pool: syllable by syllable it would take a minute.
_rng = random.Random(0)
texts = st.sampled_from([made_up_word(_rng, n) for n in (*range(1, 9), *range(1, 5)) for _ in range(40)]) | (
    st.sampled_from([made_up_word(_rng, n) for n in (30, 38, 41, 42, 43, 44, 84, 85, 130) for _ in range(5)])
)
# Durations and pauses in milliseconds; a pause below zero is an overlap, as where two clips are stitched.
timed = st.tuples(texts, st.integers(0, 1500), st.integers(-60, 400) | st.integers(0, 3000))


@st.composite
def segments(draw: st.DrawFn, channel: int | None) -> list[Segment]:
    found, now_ms = [], draw(st.integers(0, 60_000))
    for spoken in draw(st.lists(st.lists(timed, min_size=1, max_size=40), max_size=3)):
        words = []
        for text, length_ms, pause_ms in spoken:
            words.append(Word(text, now_ms / 1000, (now_ms + length_ms) / 1000, 1.0))
            now_ms += max(0, length_ms + pause_ms)
        found.append(Segment(words[0].start_s, words[-1].end_s, tuple(words), channel))
    return found


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    channels = draw(st.sampled_from([(None,), (0, 1), (0, 1, 2)]))
    found = [segment for channel in channels for segment in draw(segments(channel))]
    return Transcript("hi", 600.0, tuple(sorted(found, key=lambda segment: segment.start_s)))


def width(text: str) -> int:
    return len(regex.findall(r"\X", text))


def channel_of(content: str) -> int | None:
    label = re.match(r"\[(\d+)\] ", content)
    return int(label[1]) if label else None


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(transcripts())
def test_properties(transcript: Transcript) -> None:
    cues = list(srt.parse(to_srt(transcript), ignore_errors=False))
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    for cue in cues:
        lines = cue.content.split("\n")
        assert len(lines) <= 2
        assert max(map(width, lines)) <= LINE
        assert cue.start < cue.end
        if len(cue.content.split()) > 1 + (channel_of(cue.content) is not None):
            assert (cue.end - cue.start).total_seconds() <= 7
        assert_lines_are_the_best(lines)
    for channel in {segment.channel for segment in transcript.segments}:
        own = [cue for cue in cues if channel_of(cue.content) == channel]
        assert all(a.end <= b.start for a, b in itertools.pairwise(own))
        said = [word.text for segment in transcript.segments if segment.channel == channel for word in segment.words]
        shown = [word for cue in own for word in re.sub(r"^\[\d+\] ", "", cue.content).split()]
        # Only a word that is longer than a line may come in parts.
        label = 0 if channel is None else 4
        for word in said:
            parts = [shown.pop(0)]
            while parts[0] != word and len("".join(parts)) < len(word):
                parts.append(shown.pop(0))
            assert "".join(parts) == word
            assert len(parts) == 1 or width(word) > LINE - label
        assert not shown


def assert_lines_are_the_best(lines: list[str]) -> None:
    """No other place for the line break is allowed and better: not one word alone, then as equal as can be."""
    words = re.sub(r"^(\[\d+\]) ", "\\1\u00a0", " ".join(lines)).split(" ")
    whole = " ".join(words)
    if len(lines) == 1:
        return
    assert width(whole) > LINE
    pairs = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    allowed = [(" " not in b, abs(width(a) - width(b))) for a, b in pairs if width(a) <= LINE and width(b) <= LINE]
    assert (" " not in lines[1], abs(width(lines[0]) - width(lines[1]))) == min(allowed)


@pytest.mark.slow
@settings(deadline=None)
@given(transcripts())
def test_both_formats_have_the_same_cues(transcript: Transcript) -> None:
    by_srt = list(srt.parse(to_srt(transcript), ignore_errors=False))
    by_vtt = list(webvtt.from_string(to_vtt(transcript))) if by_srt else []
    for a, b in zip(by_srt, by_vtt, strict=True):
        channel = channel_of(a.content)
        assert b.voice == (None if channel is None else f"Channel {channel}")
        assert a.content == ("" if channel is None else f"[{channel}] ") + b.text
        assert srt.timedelta_to_srt_timestamp(a.start) == b.start.replace(".", ",")
        assert srt.timedelta_to_srt_timestamp(a.end) == b.end.replace(".", ",")


# ---- rules, one by one


def said(text: str, *, pauses_s: dict[str, float] | None = None, channel: int | None = None, start_s: float = 0.0):
    """A segment at the pace of speech; pauses_s: what follows a word."""
    words, now_s = [], start_s
    for word in text.split():
        length_s = 0.06 * width(word) + 0.06
        words.append(Word(word, round(now_s, 3), round(now_s + length_s, 3), 1.0))
        now_s += length_s + 0.04 + (pauses_s or {}).get(word, 0.0)
    return Segment(words[0].start_s, words[-1].end_s, tuple(words), channel)


def contents(*spoken: Segment) -> list[str]:
    return [cue.content for cue in srt.parse(to_srt(Transcript("hi", 99.0, spoken)), ignore_errors=False)]


def test_a_conjunct_with_its_marks_is_one_character() -> None:
    """42 of क्षि (168 code points) fill one line; by code points or by Unicode before 15.1 they would not."""
    assert contents(said(" ".join(["क्षि" * 13, "स्त्री" * 13, "न्द्रों" * 14]))) == [
        " ".join(["क्षि" * 13, "स्त्री" * 13, "न्द्रों" * 14])
    ]


def test_two_lines_where_greedy_filling_needs_three() -> None:
    """Three words of 20, 30 and 30: filled greedily they stand in three lines."""
    found = contents(said(" ".join("क" * n for n in (20, 30, 30))))
    assert all(content.count("\n") <= 1 for content in found)
    assert len(found) == 2


def test_a_cut_after_a_sentence() -> None:
    """Two cues are needed. Equal lengths would cut the second sentence; there is a cut between the sentences."""
    first = "आज सुबह से शहर में तेज़ बारिश हो रही है।"
    second = "इसलिए सभी स्कूल और दफ़्तर दोपहर के बाद बंद कर दिए गए हैं और बसें भी नहीं चल रही हैं।"
    assert width(f"{first} {second}") > 2 * LINE
    assert abs(width(first) - width(second)) > 20
    assert [content.replace("\n", " ") for content in contents(said(f"{first} {second}"))] == [first, second]


def test_a_cut_at_a_pause() -> None:
    """Of two cuts that are as good by their lengths, the one at a pause."""
    words = [f"{letter}{i:03d}" for letter in "abc" for i in range(10)]
    found = contents(said(" ".join(words), pauses_s={"b003": 0.6}))
    assert any(content.split()[-1] == "b003" for content in found)


def test_no_word_is_left_over_for_a_cue_of_its_own() -> None:
    """As many words as fill a cue, and one more."""
    found = contents(said(" ".join(["कमल"] * 22)))
    assert len(found) == 2
    assert min(len(content.split()) for content in found) > 1


def test_a_word_longer_than_a_cue() -> None:
    word = "क्षा" * 100
    found = contents(said(f"यह {word} है"))
    assert "".join("".join(found).split()) == f"यह{word}है"
    assert all(width(line) <= LINE for content in found for line in content.split("\n"))


@pytest.mark.parametrize(
    ("start_s", "end_s", "shown"),
    [
        (59.9996, 60.4, "00:01:00,000 --> 00:01:00,400"),
        (59.4, 59.9996, "00:00:59,400 --> 00:01:00,000"),
        (3599.9996, 3600.9996, "01:00:00,000 --> 01:00:01,000"),
        (2.0, 2.0, "00:00:02,000 --> 00:00:02,001"),
        (2.0, 1.5, "00:00:02,000 --> 00:00:02,001"),
    ],
)
def test_times(start_s: float, end_s: float, shown: str) -> None:
    word = Word("हाँ", start_s, end_s, 1.0)
    transcript = Transcript("hi", 9.0, (Segment(start_s, end_s, (word,)),))
    assert to_srt(transcript).splitlines()[1] == shown
    assert to_vtt(transcript).splitlines()[2] == shown.replace(",", ".")


# ---- channels


def call() -> Transcript:
    """One speaks for 20 s without a pause; the other begins after 2 s: a turn amid cues of the first."""
    long, short = said(" ".join(["नमस्ते दोस्तों आज"] * 15), channel=0), said("जी हाँ", channel=1, start_s=2.0)
    return Transcript("hi", 30.0, (long, short))


def test_channels_are_in_order_and_named() -> None:
    cues = list(srt.parse(to_srt(call()), ignore_errors=False))
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    assert [cue.start for cue in cues] == sorted(cue.start for cue in cues)
    assert [channel_of(cue.content) for cue in cues[:3]] == [0, 1, 0]
    assert cues[1].content == "[1] जी हाँ"
    voices = [cue.voice for cue in webvtt.from_string(to_vtt(call()))]
    assert voices == [f"Channel {channel_of(cue.content)}" for cue in cues]
    assert "\n<v Channel 1>जी हाँ\n" in to_vtt(call())


# ---- other programs


def odd_transcripts() -> Iterator[Transcript]:
    yield call()
    yield Transcript("hi", 1.0, ())
    marks = "<b>गाढ़ा</b> &amp; R&D --> {\\an8} WEBVTT NOTE 42 <v Bob> a<b"
    yield Transcript("hi", 9.0, (said(marks),))
    yield Transcript("hi", 9.0, (said(marks, channel=0), said(marks, channel=1)))
    for seed in range(20):
        yield drawn(seed)


def drawn(seed: int) -> Transcript:
    """Mixed words at random times, one channel."""
    rng = random.Random(seed)
    words, now_ms = [], rng.randrange(0, 4_000_000, 10)
    for _ in range(rng.randrange(1, 160)):
        text = made_up_word(rng, rng.randint(60, 120) if rng.random() < 0.03 else rng.randint(1, 6))
        length_ms = rng.randrange(0, 900, 10)
        words.append(Word(text, now_ms / 1000, (now_ms + length_ms) / 1000, 1.0))
        now_ms += max(0, length_ms + rng.choice([-20, 0, 20, 40, 200, 500, 1000]))
    return Transcript("hi", now_ms / 1000, (Segment(words[0].start_s, words[-1].end_s, tuple(words)),))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="the ffmpeg command reads the files")
@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_ffmpeg_reads_the_same_cues(tmp_path: Path, kind: str) -> None:
    for transcript in (call(), *(drawn(seed) for seed in range(4))):
        source = tmp_path / f"a.{kind}"
        source.write_text((to_srt if kind == "srt" else to_vtt)(transcript), encoding="utf-8")
        command = ["ffmpeg", "-v", "error", "-i", source, "-f", "srt", "-"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
        assert done.stderr == ""
        read, own = list(srt.parse(done.stdout)), list(srt.parse(to_srt(transcript)))
        assert [(cue.start, cue.end) for cue in read] == [(cue.start, cue.end) for cue in own]
        wanted = [cue.content if kind == "srt" else re.sub(r"^\[\d\] ", "", cue.content) for cue in own]
        assert [cue.content for cue in read] == wanted


@pytest.fixture(scope="module")
def webvtt_parser(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """W3C's parser and validator, fetched and not kept."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, which fetches webvtt-parser")
    folder = tmp_path_factory.mktemp("webvtt")
    command = [npm, "pack", "--fetch-retries=0", "--fetch-timeout=20000", WEBVTT_PARSER]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"npm cannot fetch {WEBVTT_PARSER}")
    shutil.unpack_archive(folder / done.stdout.split()[-1], folder)
    return folder / "package"


def test_the_w3c_validator_finds_nothing(webvtt_parser: Path, tmp_path: Path) -> None:
    script = """
        const [folder, ...files] = process.argv.slice(2), fs = require("fs");
        const { WebVTTParser } = require(`${folder}/parser.js`);
        const entities = JSON.parse(fs.readFileSync(`${folder}/html-entities.json`));
        const text = (node) => node.type === "text" ? node.value : node.children.map(text).join("");
        console.log(JSON.stringify(files.map((file) => {
          const found = new WebVTTParser(entities).parse(fs.readFileSync(file, "utf8"), "subtitles");
          const voices = (c) => c.tree.children.filter((n) => n.name === "v").map((n) => n.value);
          return { errors: found.errors, cues: found.cues.map((c) => ({ text: text(c.tree), voices: voices(c) })) };
        })));
    """
    (tmp_path / "check.cjs").write_text(script, encoding="utf-8")
    everything = list(odd_transcripts())
    files = [tmp_path / f"{i}.vtt" for i in range(len(everything))]
    for file, transcript in zip(files, everything, strict=True):
        file.write_text(to_vtt(transcript), encoding="utf-8")
    command = ["node", tmp_path / "check.cjs", webvtt_parser, *files]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    for found, transcript in zip(json.loads(done.stdout), everything, strict=True):
        assert found["errors"] == []
        shown = sorted(cue["text"].replace("\n", "") for cue in found["cues"])
        assert "".join(sorted("".join(shown).replace(" ", ""))) == "".join(sorted(transcript.text.replace(" ", "")))
        named = {voice for cue in found["cues"] for voice in cue["voices"]}
        assert named == {f"Channel {s.channel}" for s in transcript.segments if s.channel is not None}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("node"), reason="node runs the page's module")
def test_the_page_cuts_alike(tmp_path: Path) -> None:
    """The page makes its downloads itself: same cues as the server's, graphemes counted by ICU."""
    copy_modules(tmp_path, "graphemes.js", "transcript.js", "subtitles.js")
    config = {"cues": {"seconds": 7.0, "pause": 0.8, "line": LINE}}
    script = f"""
        globalThis.document = {{ querySelector: () => ({{ textContent: {json.dumps(json.dumps(config))} }}) }};
        const {{ toSrt, toVtt }} = await import("./subtitles.js");
        const all = JSON.parse(await new Response(process.stdin).text());
        console.log(JSON.stringify(all.map((words) => [toSrt(words), toVtt(words)])));
    """
    (tmp_path / "run.mjs").write_text(script, encoding="utf-8")
    everything = [drawn(seed) for seed in range(150)]
    words = [[{"word": w.text, "start": w.start_s, "end": w.end_s} for w in found.words] for found in everything]
    done = subprocess.run(
        ["node", "run.mjs"], cwd=tmp_path, input=json.dumps(words), capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [[to_srt(found), to_vtt(found)] for found in everything]
