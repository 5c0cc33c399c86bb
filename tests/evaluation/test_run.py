"""Error rates in their three forms, intervals, comparisons, manifests, and the commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.cli.main import main
from hindi_stt.errors import HindiSTTError, InvalidRequest
from hindi_stt.evaluation.consistency import check_consistency
from hindi_stt.evaluation.manifest import Utterance, read_manifest
from hindi_stt.evaluation.metrics import compare, confusions, error_rate
from hindi_stt.evaluation.normalise import FORMS, Form, apply_form
from hindi_stt.evaluation.run import transcribe_all
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.transcription.pipeline import Pipeline

MODULES_UNDER_TEST = (
    "hindi_stt/cli/evaluate.py",
    "hindi_stt/evaluation/manifest.py",
    "hindi_stt/evaluation/metrics.py",
    "hindi_stt/evaluation/normalise.py",
)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("raw", "  नमस्ते,\tदुनिया। ", "नमस्ते, दुनिया।"),
        ("normalised", "नमस्ते, दुनिया। OK?", "नमस्ते दुनिया ok"),
        ("normalised", "क\u200dष अ\u200cब", "कष अब"),
        ("normalised", "सड\u093cक", "सड\u093cक"),
        ("lenient", "सड़क ज़रा", "सडक जरा"),
        ("lenient", "हँसी हिन्दी सम्पर्क अङ्क", "हंसी हिंदी संपर्क अंक"),
        ("lenient", "जन्म अन्य", "जन्म अन्य"),
        ("lenient", "१२ बजे", "12 बजे"),
        ("vistaar", "आज-कल, ‘ठीक’ है॥", "आजकल 'ठीक' है"),
        ("vistaar", "सड\u095cक \u0929 हि\u200dन्दी", "सड\u0921\u093cक \u0928\u093c हिन्दी"),
    ],
)
def test_forms(form: Form, text: str, expected: str) -> None:
    assert apply_form(text, form) == expected


@pytest.mark.parametrize("form", ["raw", "normalised", "lenient"])
def test_forms_are_idempotent(form: Form) -> None:
    """Vistaar's is not: what it deletes comes before what makes "…" into three of it."""
    text = "हिन्दी, ज़रा सी बात… “ठीक” है न? १० बजे हँसना"
    assert apply_form(apply_form(text, form), form) == apply_form(text, form)


@pytest.mark.parametrize("form", FORMS)
def test_forms_keep_vowel_signs(form: Form) -> None:
    """Whisper's "basic" normaliser deletes every mark, and with them Hindi's vowels: के, का and की become क."""
    words = ["क", "का", "कि", "की", "कु", "कू", "कृ", "के", "कै", "को", "कौ", "कं", "कः", "क्", "कॉ", "कॅ"]
    assert [apply_form(word, form) for word in words] == words
    assert error_rate(["राम के घर की ओर"], ["राम का घर को ओर"], form).errors == (2, 0, 0)


def test_rates_are_of_the_corpus() -> None:
    """One error in one word and none in nine: 10 %, not the mean of 100 % and 0 %."""
    rate = error_rate(["एक", "क ख ग घ च छ ज झ ट"], ["दो", "क ख ग घ च छ ज झ ट"], "raw")
    assert rate.wer == pytest.approx(0.1)
    assert rate.errors == (1, 0, 0)
    assert rate.n_words == 10
    assert rate.wer_interval[0] <= rate.wer <= rate.wer_interval[1]


def test_interval_narrows_with_more_utterances() -> None:
    few = error_rate(["क ख"] * 10, ["क ख", "क ग"] * 5, "raw").wer_interval
    many = error_rate(["क ख"] * 1000, ["क ख", "क ग"] * 500, "raw").wer_interval
    assert many[1] - many[0] < (few[1] - few[0]) / 3


def test_comparison_is_paired() -> None:
    references = ["क ख ग"] * 100
    a = ["क ख ग"] * 50 + ["क ख"] * 50
    worse = compare(references, a, ["क ख"] * 100, "raw")
    assert worse.delta_wer == pytest.approx(1 / 6)
    assert worse.interval[0] > 0
    assert worse.p_worse == 1.0
    assert compare(references, a, a, "raw").interval == (0.0, 0.0)


def test_confusions() -> None:
    said = ["राम के घर", "सीता के पास", "अब चलो जी", "कल", "आओ"]
    heard = ["राम का घर", "सीता का पास", "अब जी", "", "आओ हाँ"]
    found = confusions(said, heard, "raw")
    assert found[0] == ("के", "का", 2)
    assert sorted(found[1:]) == [("", "हाँ", 1), ("कल", "", 1), ("चलो", "", 1)]


def test_nothing_to_compare() -> None:
    with pytest.raises(ValueError, match="no reference"):
        error_rate(["।"], ["क"], "normalised")


def test_manifests(tmp_path: Path) -> None:
    jsonl, tsv = tmp_path / "a.jsonl", tmp_path / "b.tsv"
    jsonl.write_text('{"audio_filepath": "x.wav", "text": "नमस्ते", "duration": 1.0}\n\n', encoding="utf-8")
    tsv.write_text('file\ttext\nx.wav\tउसने "हाँ" कहा\n', encoding="utf-8")
    assert [(u.file, u.text) for u in read_manifest(jsonl)] == [(tmp_path / "x.wav", "नमस्ते")]
    assert [(u.file, u.text) for u in read_manifest(tsv)] == [(tmp_path / "x.wav", 'उसने "हाँ" कहा')]


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"text": "क"}',
        '{"audio_filepath": "x.wav"',
        "text\nक\n",
        pytest.param('{"a":' * 100_000, id="deep"),
        pytest.param("path\ttext\n" + "x" * 200_000 + "\tक\n", id="wide"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "m").write_text(content, encoding="utf-8")
    with pytest.raises(InvalidRequest):
        read_manifest(tmp_path / "m")


def test_evaluate_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest, run = tmp_path / "m.tsv", tmp_path / "run.json"
    clip = Path(__file__).parent.parent / "data" / "rain_16k.wav"
    manifest.write_text(f"file\ttext\n{clip}\tआज बारिश होगी\n", encoding="utf-8")
    arguments = ["evaluate", str(manifest), "--model", str(EMBEDDED)]
    assert main([*arguments, "--save", str(run)]) == 0
    assert main([*arguments, "--against", str(run)]) == 0
    assert "+0.00% [+0.00%, +0.00%], worse in 0.0% of resamplings: no difference" in capsys.readouterr().out
    assert len(json.loads(run.read_text(encoding="utf-8"))["rates"]) == len(FORMS)
    run.write_text("{}", encoding="utf-8")
    assert main([*arguments, "--against", str(run)]) == 1


def test_a_recording_that_cannot_be_read(tmp_path: Path, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """The run goes on where that is asked for, and says which recording it left out and why; otherwise it names it."""
    damaged, clip = tmp_path / "damaged.wav", Path(__file__).parent.parent / "data" / "rain_16k.wav"
    damaged.write_bytes(b"no recording")
    utterances = [Utterance(damaged, "क"), Utterance(clip, "ख")]
    run = transcribe_all(pipeline, acoustic, utterances, label="test", skip_unreadable=True)
    alone = transcribe_all(pipeline, acoustic, utterances[1:], label="test")
    assert run.texts == ("", *alone.texts)
    assert alone.texts[0]
    assert run.speech_s == alone.speech_s > 0
    assert list(run.unread) == [0]
    assert run.unread[0].endswith("[unsupported_audio]")
    with pytest.raises(HindiSTTError, match=r"damaged\.wav: "):
        transcribe_all(pipeline, acoustic, utterances, label="test")


def test_rows_of_domains_and_confusions(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = Path(__file__).parent.parent / "data" / "rain_16k.wav"
    lines = [
        {"audio_filepath": str(clip), "text": text, "domain": domain}
        for text, domain in [("आज बस बारिश होगी", "weather"), ("आज बस बारिश होगी", "weather"), ("बिल", "bank")]
    ]
    (tmp_path / "m.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    assert main(["evaluate", str(tmp_path / "m.jsonl"), "--model", str(EMBEDDED), "--confusions", "3"]) == 0
    output = capsys.readouterr().out
    assert "bank, 1 recordings\nnormalised  WER" in output
    assert output.index("bank, 1") < output.index("weather, 2 recordings\n")
    assert output.count(" → ") == 3


@pytest.mark.slow
@pytest.mark.long
def test_a_bundle_agrees_with_itself(bundle: Bundle) -> None:
    found = check_consistency(bundle, threads=1)
    assert [one.precision for one in found] == bundle.manifest.precisions
    assert all(one.sound for one in found)


MODELS_SCRIPT = """
from hindi_stt.bundle import store
from hindi_stt.bundle.manifest import EMBEDDED, Bundle
from hindi_stt.cli.main import main

tag = store.save(Bundle.open(EMBEDDED))
assert store.save(Bundle.open(EMBEDDED)) == tag
for *arguments, status in (
    ("list", 0), ("show", tag, 0), ("verify", tag, 0), ("remove", tag, 0), ("show", tag, 1), ("remove", ".", 1)
):
    assert main(["models", *arguments]) == status, arguments
"""


@pytest.mark.slow
def test_models_commands(tmp_path: Path) -> None:
    """In a process of its own: BentoML settles where its store is when it is first asked."""
    done = subprocess.run(
        [sys.executable, "-c", MODELS_SCRIPT],
        env={**os.environ, "BENTOML_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    manifest = Bundle.open(EMBEDDED).manifest
    assert done.stdout.startswith(f"{manifest.name}:")
    assert manifest.source.sha256 in done.stdout
