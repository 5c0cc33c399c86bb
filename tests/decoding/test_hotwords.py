"""Hotwords in and out of bounds, the choice of a decoder, and the same on real speech."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hindi_stt.bundle.manifest import Bundle
from hindi_stt.cli.lm import add_to_bundle
from hindi_stt.cli.main import main
from hindi_stt.decoding import (
    BeamDecoder,
    Decoders,
    DecodingOptions,
    GreedyDecoder,
    Hotword,
    parse_hotwords,
    read_hotwords,
)
from hindi_stt.decoding.decoders import vocabulary_of
from hindi_stt.decoding.hotwords import DEFAULT_WEIGHT, HotwordBounds
from hindi_stt.decoding.ngram import read_ngrams, write_ngrams
from hindi_stt.errors import InvalidHotwords, InvalidRequest, UnknownLanguageModel
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.lm.estimate import estimate
from hindi_stt.lm.tune import ALPHAS, BETAS, UNKNOWNS, tune
from hindi_stt.settings import Settings
from hindi_stt.transcription.pipeline import Pipeline
from hindi_stt.types import LogProbs
from tests.conftest import DATA
from tests.support import domain_text
from tests.support.server import Server
from tests.support.synthesis import speak

MODULES_UNDER_TEST = (
    "hindi_stt/cli/lm.py",
    "hindi_stt/decoding/assembly.py",
    "hindi_stt/decoding/decoders.py",
    "hindi_stt/decoding/options.py",
    "hindi_stt/decoding/vocabulary.py",
    "hindi_stt/lm/tune.py",
    "hindi_stt/transcription/pipeline.py",
)


@pytest.fixture(scope="module")
def with_models(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The embedded bundle with a language model per domain."""
    folder = tmp_path_factory.mktemp("models")
    corpus = domain_text.corpus()
    for domain in ("clinic", "bank"):
        ngrams = estimate([s.text.split() for s in corpus if s.domain == domain], 5)
        write_ngrams(folder / f"{domain}.npz", ngrams.with_weights(0.5, 2.0))
        bundle = add_to_bundle(bundle, folder / f"{domain}.npz", domain, folder / f"with-{domain}")
    return bundle


def test_parsing() -> None:
    assert parse_hotwords(["हेमवर्धन", "नीलकंठन:2.5", "क ख:1"]) == (
        Hotword("हेमवर्धन", DEFAULT_WEIGHT),
        Hotword("नीलकंठन", 2.5),
        Hotword("क ख", 1.0),
    )
    with pytest.raises(InvalidHotwords, match="not a number"):
        parse_hotwords(["हेम:बहुत"])


def test_a_request_sets_it_in_fields() -> None:
    options = DecodingOptions().updated({"decoder": "beam", "language_model": "clinic", "hotwords": "हेम:2, नील\nसोम"})
    assert options == DecodingOptions("beam", "clinic", (Hotword("हेम", 2.0), Hotword("नील"), Hotword("सोम")))
    assert DecodingOptions().updated({"numerals": "off", "hotwords": ""}) == DecodingOptions()
    with pytest.raises(InvalidRequest, match="'decoder' takes auto, greedy, beam"):
        DecodingOptions().updated({"decoder": "best"})


def test_a_file_of_hotwords(tmp_path: Path) -> None:
    (tmp_path / "h.txt").write_text("हेम:2\n\nनील\n", encoding="utf-8")
    assert read_hotwords(tmp_path / "h.txt") == (Hotword("हेम", 2.0), Hotword("नील"))
    with pytest.raises(InvalidHotwords, match="cannot be read"):
        read_hotwords(tmp_path / "nothing.txt")


@pytest.mark.parametrize(
    ("hotword", "match"),
    [
        pytest.param(Hotword(""), "empty", id="empty"),
        pytest.param(Hotword(" \t।,"), "empty", id="only marks"),
        pytest.param(Hotword("नमस्ते 😀"), "'😀', which this model cannot write", id="emoji"),
        pytest.param(Hotword("Delhi"), "'D'", id="latin"),
        pytest.param(Hotword("क" * 101), "101 letters", id="long"),
        pytest.param(Hotword("हेम", 0.0), "not above 0, at most 10", id="zero"),
        pytest.param(Hotword("हेम", -1.0), "not above 0, at most 10", id="negative"),
        pytest.param(Hotword("हेम", 1e9), "not above 0, at most 10", id="absurd"),
        pytest.param(Hotword("हेम", float("inf")), "not above 0, at most 10", id="infinite"),
        pytest.param(Hotword("हेम", float("nan")), "not above 0, at most 10", id="nan"),
    ],
)
def test_hotwords_that_cannot_be(bundle: Bundle, hotword: Hotword, match: str) -> None:
    with pytest.raises(InvalidHotwords, match=match):
        Decoders(bundle).choose(DecodingOptions(hotwords=(hotword,)))


def test_other_bounds(bundle: Bundle) -> None:
    """They hold for the words of a prompt as for hotwords: of a prompt, what is longer is no hotword."""
    decoders = Decoders(bundle, hotword_bounds=HotwordBounds(max_hotwords=2, max_letters=6))
    for hotwords, match in (((Hotword("क" * 7),), "7 letters; the limit is 6"), ((Hotword("क"),) * 3, "limit is 2")):
        with pytest.raises(InvalidHotwords, match=match):
            decoders.choose(DecodingOptions(hotwords=hotwords))
    options, _ = decoders.with_prompt(DecodingOptions(), "कककक ककककककक खखखख गगगग")
    assert [hotword.text for hotword in options.hotwords] == ["कककक", "खखखख"]
    assert HotwordBounds.from_settings(Settings(max_hotwords=7)).max_hotwords == 7


def test_ten_thousand_hotwords(bundle: Bundle, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """Refused under the default bound; where the bound allows them, they cost less than the model does."""
    letters = "कखगचजटडतदनपबमरलवसह"
    many = tuple(Hotword(a + b + c + "ा") for a in letters for b in letters for c in letters)[:5000]
    many += tuple(Hotword(word.text + "र") for word in many)
    with pytest.raises(InvalidHotwords, match="10000 hotwords were given; the limit is 1000"):
        Decoders(bundle).choose(DecodingOptions(hotwords=many))
    (clip,) = pipeline.prepare(DATA / "family.flac")
    (log_probs,) = acoustic([clip.features])
    assert isinstance(log_probs, LogProbs)
    start = time.process_time()
    Decoders(bundle, hotword_bounds=HotwordBounds(max_hotwords=10_000)).choose(DecodingOptions(hotwords=many))(
        log_probs
    )
    assert time.process_time() - start < 5


def test_the_choice_of_a_decoder(with_models: Bundle) -> None:
    decoders = Decoders(with_models, default_language_model="none")
    own = with_models.manifest.default_language_model
    assert decoders.language_models == sorted(["bank", "clinic", own])
    assert isinstance(decoders.choose(DecodingOptions()), GreedyDecoder)
    assert isinstance(decoders.choose(DecodingOptions("beam")), BeamDecoder)
    assert isinstance(decoders.choose(DecodingOptions(language_model="bank")), BeamDecoder)
    assert isinstance(decoders.choose(DecodingOptions(hotwords=(Hotword("हेम"),))), BeamDecoder)
    with pytest.raises(UnknownLanguageModel, match="there is bank, clinic, "):
        decoders.choose(DecodingOptions(language_model="court"))
    with pytest.raises(InvalidRequest, match="neither"):
        decoders.choose(DecodingOptions("greedy", "bank"))
    of_bundle = Decoders(with_models)
    assert isinstance(of_bundle.choose(DecodingOptions()), BeamDecoder)
    assert isinstance(of_bundle.choose(DecodingOptions(language_model="none")), GreedyDecoder)
    by_default = Decoders(with_models, default_language_model="bank", hotwords=[Hotword("हेम")])
    assert isinstance(by_default.choose(DecodingOptions()), BeamDecoder)
    assert isinstance(by_default.choose(DecodingOptions("greedy")), GreedyDecoder)
    with pytest.raises(UnknownLanguageModel):
        Decoders(with_models, default_language_model="court")


def test_names_that_a_language_model_cannot_have(with_models: Bundle, tmp_path: Path) -> None:
    file = with_models.folder / "lm-bank.npz"
    for name in ("bank", "none", "", "../up", "a b"):
        with pytest.raises(InvalidRequest, match="cannot be the name"):
            add_to_bundle(with_models, file, name, tmp_path / "new")
    with pytest.raises(InvalidRequest, match="exists already"):
        add_to_bundle(with_models, file, "other", with_models.folder)


def word_errors(reference: str, heard: str) -> int:
    """Edit distance of words."""
    row = list(range(len(heard.split()) + 1))
    for i, word in enumerate(reference.split(), 1):
        last, row[0] = row[0], i
        for j, other in enumerate(heard.split(), 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (word != other))
    return row[-1]


def listen(sentences: list[domain_text.Sentence], pipeline: Pipeline, acoustic: LocalAcoustic) -> list[LogProbs]:
    clips = []
    for number, sentence in enumerate(sentences):
        (result,) = acoustic([clip.features for clip in pipeline.prepare(speak(sentence.text, number))])
        assert isinstance(result, LogProbs)
        clips.append(result)
    return clips


@pytest.mark.slow
def test_held_out_speech(with_models: Bundle, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    """A few of the sentences of `make prove-decoding`: fewer errors with each domain's own model."""
    decoders, vocabulary = Decoders(with_models), vocabulary_of(with_models)
    sentences = domain_text.held_out()[:12]
    clips = listen(sentences, pipeline, acoustic)
    references = [" ".join(vocabulary.words(sentence.text)) for sentence in sentences]
    errors = {"none": 0, "own": 0, "other": 0}
    for sentence, clip, reference in zip(sentences, clips, references, strict=True):
        other = {"clinic": "bank", "bank": "clinic"}[sentence.domain]
        for label, model in (("none", "none"), ("own", sentence.domain), ("other", other)):
            errors[label] += word_errors(reference, decoders.choose(DecodingOptions("beam", model))(clip).text)
    assert errors["own"] <= 0.75 * errors["none"]
    assert errors["own"] < errors["other"]


@pytest.mark.slow
def test_rare_names(bundle: Bundle, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    sentences = domain_text.with_names()[:10]
    clips = listen(sentences, pipeline, acoustic)
    names = domain_text.rare_names()
    decoder = Decoders(bundle).choose(DecodingOptions(hotwords=tuple(map(Hotword, names))))
    heard = [decoder(clip).text.split() for clip in clips]
    without = [GreedyDecoder(bundle.tokens, bundle.manifest.acoustic.blank_id)(clip).text.split() for clip in clips]
    found, before = (
        sum(s.name in words for s, words in zip(sentences, texts, strict=True)) for texts in (heard, without)
    )
    assert found >= max(6, before)
    assert not [
        word for s, words in zip(sentences, heard, strict=True) for word in words if word in names and word != s.name
    ]


def test_tuning_ends_at_a_local_optimum(with_models: Bundle, pipeline: Pipeline, acoustic: LocalAcoustic) -> None:
    sentences = [s for s in domain_text.tuning() if s.domain == "bank"][:2]
    clips = [[clip] for clip in listen(sentences, pipeline, acoustic)]
    ngrams = estimate([s.text.split() for s in domain_text.corpus(2000) if s.domain == "bank"], 3)
    results = tune(clips, [s.text for s in sentences], ngrams, vocabulary_of(with_models))
    best = results[0]
    assert best.wer == min(weights.wer for weights in results)
    tried = {(weights.alpha, weights.beta, weights.unknown) for weights in results}
    assert len(tried) == len(results) >= len(ALPHAS) * len(BETAS) + len(UNKNOWNS) - 1
    at = ALPHAS.index(best.alpha), BETAS.index(best.beta)
    for alpha, beta in ((at[0] - 1, at[1]), (at[0] + 1, at[1]), (at[0], at[1] - 1), (at[0], at[1] + 1)):
        if 0 <= alpha < len(ALPHAS) and 0 <= beta < len(BETAS):
            assert (ALPHAS[alpha], BETAS[beta], best.unknown) in tried


@pytest.mark.slow
def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "corpus.txt").write_text("आज बारिश होगी।\nकल बारिश नहीं होगी\n", encoding="utf-8")
    lm = tmp_path / "rain.npz"
    (tmp_path / "words.txt").write_text("ओले\nकोहरा\n", encoding="utf-8")
    build = ["lm", "build", str(tmp_path / "corpus.txt"), "--order", "3", "--words", str(tmp_path / "words.txt")]
    assert main([*build, "--output", str(lm)]) == 0
    assert "2 sentences; 0 left out" in capsys.readouterr().out
    assert "कोहरा" in read_ngrams(lm).words
    clip = str(DATA / "rain.flac")
    manifest = tmp_path / "m.tsv"
    manifest.write_text(f"file\ttext\n{clip}\tआज बारिश होगी\n", encoding="utf-8")
    assert main(["lm", "tune", str(manifest), "--lm", str(lm)]) == 0
    assert "now with alpha" in capsys.readouterr().out
    add = ["lm", "add", str(lm), "--domain", "rain"]
    assert main([*add, "--output", str(tmp_path / "bundle")]) == 0
    assert Bundle.open(tmp_path / "bundle").path("lm", "rain").is_file()
    assert Bundle.open(tmp_path / "bundle").manifest.default_language_model != "rain"
    assert main([*add, "--default", "--output", str(tmp_path / "rainy")]) == 0
    assert Bundle.open(tmp_path / "rainy").manifest.default_language_model == "rain"
    capsys.readouterr()
    assert main(["transcribe", clip, "--lm", str(lm), "--hotword", "बारिश:2", "--decoder", "beam"]) == 0
    assert capsys.readouterr().out.strip()
    assert main(["transcribe", clip, "--lm", "court"]) == 1
    assert "[unknown_language_model]" in capsys.readouterr().err
    assert main(["transcribe", clip, "--hotword", "😀"]) == 1
    assert "[invalid_hotwords]" in capsys.readouterr().err


def test_the_server_takes_them_and_refuses_before_it_listens(server: Server) -> None:
    clip = (DATA / "rain.flac").read_bytes()
    fine = server.transcribe(clip, data={"hotwords": "बारिश:2, मौसम", "decoder": "beam"})
    assert fine.status_code == 200
    assert fine.json()["words"]
    for fields, code in [
        ({"hotwords": "😀"}, "invalid_hotwords"),
        ({"hotwords": "मौसम:1e9"}, "invalid_hotwords"),
        ({"hotwords": ",".join(["मौसम"] * 10_000)}, "invalid_hotwords"),
        ({"language_model": "court"}, "unknown_language_model"),
        ({"decoder": "best"}, "invalid_request"),
    ]:
        answer = server.transcribe(clip, data=fields)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
