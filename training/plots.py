"""Step 6, the model card's plots: `python -m training.plots WORK` writes docs/images/embedded-*.png."""

import argparse
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

from .card import ROWS, rates


def errors(results: dict, greedy: dict, target: Path) -> None:
    """Word error rates of the card's conditions, as the server decodes and greedily, with targets."""
    measured_rows = [row for row in ROWS if rates(results, row) and rates(greedy, row)]
    figure, axes = plt.subplots(figsize=(8.2, 0.42 * len(measured_rows) + 0.9))
    for measured, label, colour, offset in (
        (results, "as the server decodes", "#4a7fb5", -0.2),
        (greedy, "greedy", "#b9cfe4", 0.2),
    ):
        found = [rates(measured, row)[0] for row in measured_rows]
        middle = [rate["percent"] for rate in found]
        spread = [[rate["percent"] - rate["low"] for rate in found], [rate["high"] - rate["percent"] for rate in found]]
        places = [place + offset for place in range(len(found))]
        axes.barh(places, middle, xerr=spread, color=colour, ecolor="#333", capsize=2, height=0.38, label=label)
    wanted = [(row.wer, place) for place, row in enumerate(measured_rows) if row.wer is not None]
    axes.scatter(*zip(*wanted, strict=True), marker="|", s=300, color="#c0392b", label="target", zorder=3)
    axes.set_yticks(range(len(measured_rows)), [row.name for row in measured_rows])
    axes.invert_yaxis()
    axes.set_xlabel("WER, %, with 95 % interval")
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(target, dpi=90)


def confidence(results: dict, target: Path) -> None:
    bins = results["calibration"]["bins"]
    figure, axes = plt.subplots(figsize=(4.6, 3.6))
    axes.plot([0, 1], [0, 1], color="#aaa", linewidth=1)
    axes.bar([part["from"] + 0.05 for part in bins], [part["right"] for part in bins], width=0.09, color="#4a7fb5")
    for part in bins:
        axes.text(part["from"] + 0.05, part["right"] + 0.01, part["words"], ha="center", fontsize=7)
    axes.set(xlabel="a word's confidence", ylabel="share of such words that are right", ylim=(0, 1.08))
    figure.tight_layout()
    figure.savefig(target, dpi=90)


def curve(lines: list[dict], target: Path) -> None:
    figure, axes = plt.subplots(figsize=(5.4, 3.2))
    axes.plot([line["minutes"] for line in lines], [line["loss_per_piece"] for line in lines], color="#4a7fb5")
    axes.set(xlabel="minutes", ylabel="CTC loss per piece (augmented clips)", yscale="log")
    rate = axes.twinx()
    rate.plot([line["minutes"] for line in lines], [line["rate"] for line in lines], color="#c0392b", linewidth=0.8)
    rate.set_ylabel("learning rate")
    figure.tight_layout()
    figure.savefig(target, dpi=90)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    work = parser.parse_args().work
    folder = Path(__file__).parent.parent / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    measured = json.loads((work / "results.json").read_text(encoding="utf-8"))
    greedy = json.loads((work / "greedy.json").read_text(encoding="utf-8"))
    errors(measured, greedy, folder / "embedded-errors.png")
    confidence(measured, folder / "embedded-confidence.png")
    curve(
        [json.loads(line) for line in (work / "train.jsonl").read_text(encoding="utf-8").splitlines()],
        folder / "embedded-training.png",
    )
