"""hindi-stt evaluate MANIFEST: error rates of a model on recordings whose texts are known."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from hindi_stt.cli.compare import add_comparison, check_output, compare_models
from hindi_stt.decoding.options import DecoderName
from hindi_stt.errors import InvalidRequest

if TYPE_CHECKING:
    from hindi_stt.evaluation.manifest import Utterance
    from hindi_stt.evaluation.metrics import Comparison, ErrorRate

__all__ = ["add_evaluate"]


def add_evaluate(commands: Any) -> None:
    """Add the command to a parser's sub-commands.

    Args:
        commands: The subparsers of the parser of `hindi-stt`.
    """
    parser = commands.add_parser("evaluate", help="word and character error rates on recordings with known texts")
    parser.add_argument(
        "manifest", type=Path, metavar="MANIFEST", help="JSONL (audio_filepath, text) or TSV (file, text)"
    )
    parser.add_argument("--model", help="bundle folder or tag (default: HINDI_STT_MODEL, else the embedded model)")
    parser.add_argument("--precision", help="fp32 or int8 (default: the bundle's)")
    parser.add_argument("--save", type=Path, metavar="RUN.json", help="save texts and error rates, for --against")
    parser.add_argument(
        "--against", type=Path, metavar="RUN.json", help="compare with a saved run on the same manifest"
    )
    parser.add_argument(
        "--confusions", type=int, default=0, metavar="N", help="the N most frequent confusions: reference → transcript"
    )
    parser.add_argument("--decoder", choices=get_args(DecoderName), default="auto", help="default: auto")
    parser.add_argument("--lm", default="", metavar="NAME", help="language model of the bundle")
    add_comparison(parser)
    parser.set_defaults(run=_evaluate)


def _evaluate(arguments: argparse.Namespace) -> int:
    if arguments.models is not None:
        return compare_models(arguments)
    if arguments.json or arguments.plot:
        raise InvalidRequest("--json and --plot are for several models: name them with --models.")
    from hindi_stt.bundle import store  # here, because importing BentoML takes seconds that --help need not wait for
    from hindi_stt.evaluation.manifest import read_references
    from hindi_stt.evaluation.metrics import compare, confusions, error_rate
    from hindi_stt.evaluation.normalise import FORMS
    from hindi_stt.evaluation.run import transcribe_all
    from hindi_stt.inference.acoustic import LocalAcoustic
    from hindi_stt.settings import get_settings
    from hindi_stt.transcription.pipeline import Pipeline

    settings = get_settings()
    if arguments.model:
        settings = settings.model_copy(update={"model": arguments.model})
    bundle = store.resolve(settings)
    check_output("--save", arguments.save)
    utterances, warnings = read_references(arguments.manifest)
    for warning in warnings:
        print(warning)
    acoustic = LocalAcoustic(bundle, threads=settings.effective_threads, precision=arguments.precision)
    pipeline = Pipeline(bundle, settings)
    options = pipeline.options({"decoder": arguments.decoder, "language_model": arguments.lm})
    run = transcribe_all(pipeline, acoustic, utterances, options, label=bundle.tag)
    references = [utterance.text for utterance in utterances]
    rates = [error_rate(references, run.texts, form) for form in FORMS]
    print(f"{bundle.tag} {acoustic.precision}: {len(references)} recordings, {run.speech_s:.0f} s of speech")
    print(f"{run.compute_s:.1f} s to transcribe, {run.speech_s / run.compute_s:.0f} times as fast as it was spoken")
    print("\n".join(map(_rate_line, rates)))
    print("".join(_domain_lines(utterances, run.texts)), end="")
    for spoken, recognised, times in confusions(references, run.texts, "normalised")[: arguments.confusions]:
        print(f"{times:6}  {spoken or '(nothing)'} → {recognised or '(nothing)'}")
    if arguments.against:
        earlier = _earlier_texts(arguments.against, references)
        for form in FORMS:
            print(_comparison_line(compare(references, earlier, run.texts, form), arguments.against))
    if arguments.save:
        saved = {
            "model": bundle.tag,
            "precision": acoustic.precision,
            "rates": [dataclasses.asdict(rate) for rate in rates],
            "references": references,
            "texts": run.texts,
        }
        arguments.save.write_text(json.dumps(saved, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return 0


def _rate_line(rate: ErrorRate) -> str:
    substitutions, deletions, insertions = rate.errors
    return (
        f"{rate.form:>10}  WER {rate.wer:6.2%} [{rate.wer_interval[0]:.2%}, {rate.wer_interval[1]:.2%}]  "
        f"CER {rate.cer:6.2%} [{rate.cer_interval[0]:.2%}, {rate.cer_interval[1]:.2%}]  "
        f"{rate.n_words} words: {substitutions} other, {deletions} missing, {insertions} added"
    )


def _domain_lines(utterances: Sequence[Utterance], texts: Sequence[str]) -> Iterator[str]:
    """A row for each domain of the manifest, if it has any."""
    from hindi_stt.evaluation.metrics import error_rate

    for domain in sorted({utterance.domain for utterance in utterances if utterance.domain}):
        pairs = [(u.text, text) for u, text in zip(utterances, texts, strict=True) if u.domain == domain]
        rate = error_rate([spoken for spoken, _ in pairs], [recognised for _, recognised in pairs], "normalised")
        yield f"{domain}, {len(pairs)} recordings\n{_rate_line(rate)}\n"


def _comparison_line(comparison: Comparison, against: Path) -> str:
    low, high = comparison.interval
    verdict = "a difference" if low > 0 or high < 0 else "no difference that these recordings can show"
    return (
        f"{comparison.form:>10}  WER against {against.name}: {comparison.delta_wer:+.2%} [{low:+.2%}, {high:+.2%}], "
        f"worse in {comparison.p_worse:.1%} of resamplings: {verdict}"
    )


def _earlier_texts(file: Path, references: list[str]) -> list[str]:
    try:
        saved = json.loads(file.read_text(encoding="utf-8"))
        earlier_references, texts = saved["references"], saved["texts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(f"{file} is not a saved run: {error}.") from error
    if earlier_references != references:
        raise InvalidRequest(f"{file} is a run on another manifest.")
    return list(texts)
