"""Natural synthetic speech: the same clips on every run, and a run that was stopped goes on."""

from __future__ import annotations

import itertools
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.synthesis import speak as espeak
from training import collection, kokoro, speak

VOICES = [*speak.HINDI, *speak.HELD_VOICES, *speak.ROUGH, "af_bella", "am_adam", "ff_siwis", "jf_alpha"]
SENTENCES = {
    "talk": ["आप कैसे हैं?", "मैं ठीक हूँ।", "चलो, घर चलते हैं।"],
    "bulletins": ["अब समाचार सुनिए", "शिमला में बारिश हुई"],
}


def first(count: int, **options: int) -> list[speak.Line]:
    return list(itertools.islice(speak.plan(SENTENCES, VOICES, **options), count))


def test_the_plan_is_the_same_on_every_call_and_another_for_another_seed() -> None:
    assert first(200) == first(200)
    assert first(200) != first(200, seed=speak.SEED + 1)


def test_every_sentence_is_spoken_before_one_is_repeated() -> None:
    spoken = [line.text for line in first(60) if line.kind == "talk"]
    assert [set(spoken[at : at + 3]) for at in range(0, 9, 3)] == [set(SENTENCES["talk"])] * 3


def test_training_never_uses_the_voices_of_measuring() -> None:
    lines = first(2000)
    assert all(sum(line.mix.values()) == pytest.approx(1, abs=0.011) for line in lines)
    used = {name for line in lines for name in line.mix}
    assert used == set(VOICES) - set(speak.HELD_VOICES) - set(speak.ROUGH)
    held = list(speak.held_plan([("talk", f"वाक्य {number}") for number in range(100)]))
    assert all(set(line.mix) & set(speak.HELD_VOICES) and set(line.mix) & set(speak.HINDI) for line in held)


class Espeak:
    """Another synthesiser in Kokoro's place: espeak-ng, stopped when it has spoken so many sentences."""

    def __init__(self, sentences: int):
        self.left = sentences

    def speak(self, text: str, mix: dict[str, float], speed: float) -> np.ndarray:
        if not self.left:
            raise KeyboardInterrupt
        if text == SENTENCES["bulletins"][0]:
            raise ValueError("too many phonemes")
        self.left -= 1
        wav = espeak(text, len(mix))
        return np.frombuffer(wav[44:], "<i2").astype(np.float32) / 32768 / speed


def test_a_stopped_run_resumes_where_it_ended(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    for folder in (whole, stopped):
        folder.mkdir()
    hours = 12 / 3600
    speak.speak(whole, iter(first(100)), Espeak(1000), whole / "manifest.tsv", hours)
    with pytest.raises(KeyboardInterrupt):
        speak.speak(stopped, iter(first(100)), Espeak(4), stopped / "manifest.tsv", hours)
    with (stopped / "manifest.tsv").open("a", encoding="utf-8") as file:
        file.write("5\t000/000005.flac\ttalk\tआ")  # as a killed process leaves it
    assert len(collection.read(stopped)) == 4
    speak.speak(stopped, iter(first(100)), Espeak(1000), stopped / "manifest.tsv", hours)
    assert (stopped / "manifest.tsv").read_text() == (whole / "manifest.tsv").read_text()
    clips = collection.read(whole)
    assert sum(clip.seconds for clip in clips) >= 12
    for clip in clips:
        samples, rate = clip.read()
        assert len(samples) / rate == pytest.approx(clip.seconds, abs=0.001)
        other = stopped / clip.path.relative_to(whole)
        assert other.read_bytes() == clip.path.read_bytes()
    assert "left out: too many phonemes" in capsys.readouterr().err


def test_silence_at_the_ends_is_cut_off() -> None:
    tone = np.sin(np.arange(kokoro.RATE) * 0.1).astype(np.float32)
    silence = np.zeros(kokoro.RATE, np.float32)
    assert len(speak.trimmed(np.concatenate([silence, tone, silence]))) / kokoro.RATE == pytest.approx(1.06, abs=0.01)
    assert len(speak.trimmed(silence)) == 0


@pytest.mark.parametrize(("ipa", "letters"), [("d^ʒa^ɪ", "ʤI"), ("t^ʃˈa^ʊ-k", "ʧˈWk"), ("(en)hələ^ʊ(hi)", "həlQ")])
def test_espeak_pairs_become_letters_of_kokoro(ipa: str, letters: str) -> None:
    assert kokoro.kokoro_letters(ipa) == letters


def test_phonemes_keep_the_marks_between_clauses() -> None:
    if subprocess.run(["which", "espeak-ng"], capture_output=True, check=False).returncode:
        pytest.skip("espeak-ng is not installed")
    letters = kokoro.phonemes("रुको, कौन है?")
    assert letters.count(",") == 1
    assert letters.endswith("?")
    assert " " in letters
    assert not set(letters) & set("^-()")


@pytest.mark.skipif("HINDI_STT_TEST_KOKORO" not in os.environ, reason="HINDI_STT_TEST_KOKORO names no model of Kokoro")
def test_kokoro_speaks_every_phoneme_of_hindi(tmp_path: Path) -> None:
    synthesiser = kokoro.Kokoro(Path(os.environ["HINDI_STT_TEST_KOKORO"]))
    text = "ऋषि ने ज़ोर से पढ़ा, फिर ऑफ़िस की घंटी, झंडा, ठंड, ढोल, भाषा, छत्ता, ञ, ण, ङ और विश्व को जाँचा। हुआ?"
    slow = synthesiser.speak(text, {"hf_alpha": 0.5, "af_bella": 0.5}, 0.9)
    assert np.array_equal(slow, synthesiser.speak(text, {"hf_alpha": 1.0, "af_bella": 1.0}, 0.9))
    fast = synthesiser.speak(text, {"hm_psi": 1.0}, 1.4)
    assert 0.1 < np.abs(fast).max() < 1.5
    assert len(slow) > 1.2 * len(fast)
    soundfile.write(tmp_path / "clip.flac", fast, kokoro.RATE)
    with pytest.raises(ValueError, match="phonemes"):
        synthesiser.tokens("é")
    with pytest.raises(ValueError, match="between 1 and"):
        synthesiser.tokens("")
