"""hindi-stt lm build, tune and add: language models."""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from tqdm import tqdm

from hindi_stt.bundle.folder import write_manifest
from hindi_stt.bundle.manifest import Bundle
from hindi_stt.bundle.schema import LanguageModelWeights
from hindi_stt.decoding import BeamLimits
from hindi_stt.decoding.arpa import read_arpa, write_arpa
from hindi_stt.decoding.decoders import LM_ROLE, NO_LANGUAGE_MODEL, load_language_model, vocabulary_of
from hindi_stt.decoding.ngram import NGrams, read_ngrams, write_ngrams
from hindi_stt.errors import HindiSTTError, InvalidRequest, LanguageModelInvalid
from hindi_stt.inference.acoustic import LocalAcoustic
from hindi_stt.lm.corpus import read_corpus
from hindi_stt.lm.estimate import estimate
from hindi_stt.lm.tune import tune
from hindi_stt.settings import get_settings
from hindi_stt.transcription.pipeline import Pipeline

__all__ = ["add_parser", "add_to_bundle"]

ARPA_SUFFIX: Final = ".arpa"
MAX_ORDER: Final = 6


def add_parser(commands: Any, resolve: Callable[[], Bundle]) -> None:
    """Add `lm` to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
        resolve: Finds the bundle that the settings name.
    """
    lm = commands.add_parser("lm", help="build, tune and add language models")
    parsers = lm.add_subparsers(required=True, metavar="ACTION")
    build = parsers.add_parser("build", help="estimate an n-gram model from text")
    build.add_argument("corpus", nargs="+", type=Path, metavar="CORPUS", help="text file in UTF-8")
    build.add_argument(
        "--order", type=int, choices=range(1, MAX_ORDER + 1), default=5, help="longest n-gram, in words (default: 5)"
    )
    build.add_argument(
        "--words", type=Path, metavar="FILE", help="UTF-8 text: further words that the model has to know"
    )
    build.add_argument("--output", type=Path, required=True, metavar="FILE", help="FILE.npz, or FILE.arpa for others")
    build.set_defaults(run=lambda arguments: _build(arguments, resolve()))
    tuning = parsers.add_parser("tune", help="choose the weights on recordings, and write them into the model")
    tuning.add_argument("manifest", type=Path, metavar="MANIFEST", help="JSON lines or a table: audio, text")
    tuning.add_argument("--lm", type=Path, required=True, metavar="FILE", help="FILE.npz, as 'lm build' writes it")
    tuning.set_defaults(run=lambda arguments: _tune(arguments, resolve()))
    add = parsers.add_parser("add", help="copy the model bundle, with a language model added")
    add.add_argument("file", type=Path, metavar="FILE", help="n-grams: .npz, ARPA, or KenLM binary")
    add.add_argument("--domain", required=True, metavar="NAME", help="name of the language model in requests")
    add.add_argument("--default", action="store_true", help="use it where a request names no language model")
    add.add_argument(
        "--weights", nargs=3, type=float, metavar=("ALPHA", "BETA", "UNKNOWN"),
        help="instead of those in the file; files of KenLM have none",
    )  # fmt: skip
    add.add_argument(
        "--clear-unknown", type=float, metavar="SCORE",
        help="with --weights, instead of UNKNOWN for words that the acoustic model writes clearly",
    )  # fmt: skip
    add.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="the new bundle")
    add.set_defaults(run=lambda arguments: _add(arguments, resolve()))


def _build(arguments: argparse.Namespace, bundle: Bundle) -> int:
    corpus = read_corpus(arguments.corpus, vocabulary_of(bundle))
    listed = read_corpus([arguments.words], vocabulary_of(bundle)).sentences if arguments.words else []
    ngrams = estimate(corpus.sentences, arguments.order, itertools.chain.from_iterable(listed))
    write = write_arpa if arguments.output.suffix == ARPA_SUFFIX else write_ngrams
    write(arguments.output, ngrams)
    _say(
        f"{arguments.output}: {len(ngrams.words)} words, {len(ngrams.word) - 1} n-grams up to order {ngrams.order}, "
        f"from {len(corpus.sentences)} sentences; {corpus.n_left_out} left out for letters the model cannot write"
    )
    return 0


def _tune(arguments: argparse.Namespace, bundle: Bundle) -> int:
    from hindi_stt.evaluation.manifest import read_manifest

    settings = get_settings()
    ngrams = _read(arguments.lm)
    pipeline = Pipeline(bundle, settings)
    acoustic = LocalAcoustic(bundle, threads=settings.effective_threads)
    utterances = [utterance for utterance in read_manifest(arguments.manifest) if utterance.text]
    if not utterances:
        raise InvalidRequest(f"{arguments.manifest} has no texts to tune on.")
    clips = []
    for utterance in tqdm(utterances, unit="file", desc="transcribing", disable=None):
        results = acoustic([clip.features for clip in pipeline.prepare(utterance.file)])
        for result in results:
            if isinstance(result, HindiSTTError):
                raise result
        clips.append([result for result in results if not isinstance(result, HindiSTTError)])
    texts = [utterance.text for utterance in utterances]
    best = tune(clips, texts, ngrams, vocabulary_of(bundle), BeamLimits(settings.beam_width))
    for weights in best[:5]:
        chosen = f"alpha {weights.alpha:4.2f}  beta {weights.beta:4.1f}  unknown words {weights.unknown:4.1f}"
        _say(f"{chosen}  WER {weights.wer:7.2%}")
    write_ngrams(arguments.lm, ngrams.with_weights(best[0].alpha, best[0].beta, best[0].unknown))
    _say(f"{arguments.lm}: now with alpha {best[0].alpha:g}, beta {best[0].beta:g}, unknown words {best[0].unknown:g}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _read(path: Path) -> NGrams:
    if path.suffix == ARPA_SUFFIX:
        raise LanguageModelInvalid(f"{path}: an ARPA file cannot hold weights; build an .npz file.")
    return read_ngrams(path)


def _add(arguments: argparse.Namespace, bundle: Bundle) -> int:
    weights = None
    if arguments.clear_unknown is not None and not arguments.weights:
        raise InvalidRequest("--clear-unknown goes with --weights.")
    if arguments.weights:
        alpha, beta, unknown = arguments.weights
        try:
            weights = LanguageModelWeights(
                alpha=alpha, beta=beta, unknown=unknown, clear_unknown=arguments.clear_unknown
            )
        except ValidationError as error:
            raise InvalidRequest(
                f"--weights {alpha:g} {beta:g} {unknown:g}: alpha is 0 or more, and unknown 0 or less, as is "
                "--clear-unknown."
            ) from error
    added = add_to_bundle(
        bundle, arguments.file, arguments.domain, arguments.output, default=arguments.default, weights=weights
    )
    _say(f"{added.folder}: {arguments.domain} added")
    return 0


def add_to_bundle(
    bundle: Bundle,
    file: Path,
    domain: str,
    folder: Path,
    *,
    default: bool = False,
    weights: LanguageModelWeights | None = None,
) -> Bundle:
    """Copy a bundle into a new folder, with a language model added.

    Args:
        bundle: The bundle.
        file: The language model: .npz, ARPA (which becomes .npz), or KenLM binary.
        domain: Name of the domain.
        folder: The new bundle.
        default: Whether requests that name no language model get this one.
        weights: Instead of those of the file; None for those.

    Returns:
        The new bundle.

    Raises:
        InvalidRequest: The folder exists, or the name is taken or unusable.
        LanguageModelInvalid: The language model cannot be used with the bundle.
    """
    taken = {asset.name for asset in bundle.manifest.assets if asset.role == LM_ROLE} | {NO_LANGUAGE_MODEL, ""}
    if domain in taken or not domain.replace("-", "").replace("_", "").isalnum():
        raise InvalidRequest(f"{domain!r} cannot be the name of a language model here: letters, digits, - and _, once.")
    load_language_model(file, vocabulary_of(bundle))
    name = domain if default else ""
    if file.suffix != ARPA_SUFFIX:
        addition = (LM_ROLE, domain, f"lm-{domain}{file.suffix}", file)
        made = bundle.copy_with(folder, [addition], default_language_model=name)
    else:
        with tempfile.NamedTemporaryFile(suffix=".npz") as converted:
            write_ngrams(Path(converted.name), read_arpa(file))
            addition = (LM_ROLE, domain, f"lm-{domain}.npz", Path(converted.name))
            made = bundle.copy_with(folder, [addition], default_language_model=name)
    return made if weights is None else _with_weights(made, domain, weights)


def _with_weights(bundle: Bundle, domain: str, weights: LanguageModelWeights) -> Bundle:
    """The bundle after the weights of a language model were written into its manifest."""
    assets = tuple(
        asset.model_copy(update={"weights": weights}) if (asset.role, asset.name) == (LM_ROLE, domain) else asset
        for asset in bundle.manifest.assets
    )
    write_manifest(bundle.manifest.model_copy(update={"assets": assets}), bundle.folder)
    return Bundle.open(bundle.folder)
