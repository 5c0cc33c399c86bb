"""Step 6, the model card's plots: `python -m training.plots WORK` writes docs/images/embedded-*.png."""

import argparse
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

# Condition: its name on the plot, its target in percent.
ROWS = {
    "seen_clean": ("trained voices, clean", 3),
    "held_clean": ("new voices, clean", 6),
    "held_white_10db": ("new voices, white noise 10 dB", 12),
    "held_babble_10db": ("new voices, babble 10 dB", 12),
    "held_telephone": ("new voices, telephone", 12),
    "long_seen": ("trained voices, 30–60 s", 5),
    "long_held": ("new voices, 30–60 s", 5),
    "words_seen": ("unseen words, trained voices (CER)", 5),
    "words_held": ("unseen words, new voices (CER)", 5),
}


def errors(results: dict, greedy: dict, target: Path) -> None:
    names = [name for name in ROWS if name in results]
    figure, axes = plt.subplots(figsize=(7.5, 4.6))
    for measured, label, colour, offset in (
        (results, "as the server decodes", "#4a7fb5", -0.2),
        (greedy, "greedy", "#b9cfe4", 0.2),
    ):
        rates = [measured[name]["cer" if name.startswith("words") else "wer"] for name in names]
        middle = [rate["percent"] for rate in rates]
        spread = [[rate["percent"] - rate["low"] for rate in rates], [rate["high"] - rate["percent"] for rate in rates]]
        places = [place + offset for place in range(len(names))]
        axes.barh(places, middle, xerr=spread, color=colour, ecolor="#333", capsize=2, height=0.38, label=label)
    axes.scatter(
        [ROWS[name][1] for name in names],
        range(len(names)),
        marker="|",
        s=420,
        color="#c0392b",
        label="target",
        zorder=3,
    )
    axes.set_yticks(range(len(names)), [ROWS[name][0] for name in names])
    axes.invert_yaxis()
    axes.set_xlabel("error rate, %, with 95 % interval")
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
