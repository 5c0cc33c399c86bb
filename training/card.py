"""The model card's table of targets: `python -m training.card WORK` prints it as Markdown.

It reads what `training.evaluate` measured: WORK/results.json (the bundle as the server decodes unasked),
WORK/greedy.json (without the language model) and WORK/int8.json (the int8 form), of which only the first must exist.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """A condition and what it should reach.

    Attributes:
        name: As the card calls it.
        key: Of the condition in the results.
        kind: Of its recordings, where it is a part of a condition; "" for all.
        wer: Highest word error rate wanted, in percent; None where there is no target.
        cer: Likewise for letters.
    """

    name: str
    key: str
    kind: str = ""
    wer: float | None = None
    cer: float | None = None


ROWS = (
    Row("real: radio news", "real", "news", 40, 17),
    Row("real: Common Voice", "real", "cv", 60, 28),
    Row("real: read sentences", "real", "read", 65, 30),
    Row("real: stories in an 8 kHz band", "real", "stories", 62, 28),
    Row("real: all 130", "real"),
    Row("radio, other broadcasts than training's", "real-held"),
    Row("Kokoro, new sentences and voices", "spoken-held", wer=10),
    Row("espeak-ng, new sentences, trained voices, clean", "seen_clean"),
    Row("espeak-ng, new sentences and voices, clean", "held_clean", wer=4),
    Row("the same, white noise at 10 dB", "held_white_10db", wer=10),
    Row("the same, babble at 10 dB", "held_babble_10db", wer=10),
    Row("the same, telephone band", "held_telephone", wer=10),
    Row("espeak-ng, words never heard, trained voices", "words_seen"),
    Row("espeak-ng, words never heard, new voices", "words_held"),
    Row("espeak-ng, 30–60 s with pauses, trained voices", "long_seen"),
    Row("espeak-ng, 30–60 s with pauses, new voices", "long_held"),
)
_COLUMNS = ("condition", "clips", "WER, target", "CER, target", "greedy WER", "int8: points of WER more")


def rates(results: Results, row: Row) -> tuple[dict[str, float], dict[str, float]] | None:
    """WER and CER of a row: percent, low and high; None where they were not measured."""
    measured = results.get(row.key)
    if measured is None:
        return None
    if not row.kind:
        return measured["wer"], measured["cer"]
    wer, cer = measured["wer_by_group"].get(row.kind), measured["cer_by_group"].get(row.kind)
    return None if wer is None else (wer, cer)


def cell(rate: dict[str, float], target: float | None) -> str:
    """A rate with its interval, and whether the target is met."""
    text = f"{rate['percent']:.1f} % ({rate['low']:.1f}–{rate['high']:.1f})"
    if target is None:
        return text
    return f"{text}, ≤ {target:g}: {'met' if rate['percent'] <= target else 'missed'}"


def table(results: Results, greedy: Results, int8: Results) -> str:
    """The rows that were measured, as Markdown."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|{' --- |' * len(_COLUMNS)}"]
    for row in ROWS:
        found = rates(results, row)
        if found is None:
            continue
        wer, cer = found
        without, small = rates(greedy, row), rates(int8, row)
        n_clips = "" if row.kind else results[row.key]["clips"]
        columns = (
            *(row.name, n_clips, cell(wer, row.wer), cell(cer, row.cer)),
            f"{without[0]['percent']:.1f} %" if without else "",
            f"{small[0]['percent'] - wer['percent']:+.2f}" if small else "",
        )
        lines.append(f"| {' | '.join(map(str, columns))} |")
    return "\n".join(lines)


def confidence(results: Results) -> str:
    """How often words are wrong whose confidence is low, and high, on people and on synthesised speech."""
    lines = []
    for key, name in (("calibration_real", "recordings of people"), ("calibration", "synthesised speech")):
        wrong = results.get(key, {}).get("wrong", {})
        if len(wrong) == 2:
            low, high = wrong["below_0.5"], wrong["above_0.9"]
            times = low["share"] / max(high["share"], 1e-9)
            below = f"below 0.5 {100 * low['share']:.1f} % wrong ({low['words']} words)"
            above = f"from 0.9 {100 * high['share']:.1f} % ({high['words']} words)"
            lines.append(f"{name}: {below}, {above}: {times:.1f} times")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    work = parser.parse_args().work
    measured = [
        json.loads((work / name).read_text(encoding="utf-8")) if (work / name).exists() else {}
        for name in ("results.json", "greedy.json", "int8.json")
    ]
    print(table(*measured))
    print()
    print(confidence(measured[0]))


if __name__ == "__main__":
    main()
