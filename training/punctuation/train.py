"""Training: `python -m training.punctuation.train WORK --text TEXT --minutes 35`, one thread.

The learning rate follows the clock, so that a run ends annealed whatever the machine had to spare; a run that was
stopped goes on from its last checkpoint when the command is given again. The weights that are kept are a moving mean
of those that were trained.
"""

import argparse
import json
import math
import pickle
import random
import time
from pathlib import Path

import torch

from . import batches, text
from .network import Network, loss
from .scores import choose_offsets, collect, f1

PEAK_RATE, WARM_UP, WEIGHT_DECAY, MEAN_DECAY = 3e-3, 0.08, 0.05, 0.998
CHECKPOINT_S = 60
# By label: commas and questions are rare; text without marks teaches less than text with them.
WEIGHTS = (1.0, 1.2, 1.0, 1.8, 0.5, 0.5)
# Share of the text without marks that an epoch reads, at the start of training and from a third of it on.
PROSE_SHARES = (0.5, 0.1)


def rate(progress: float) -> float:
    """The learning rate at a share of the time: rising, then falling as a cosine."""
    if progress < WARM_UP:
        return PEAK_RATE * max(progress, 1e-3) / WARM_UP
    return PEAK_RATE * (0.003 + 0.997 * 0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))))


def _epoch_texts(texts: text.Texts, progress: float, seed: int) -> dict[str, list[text.Sentence]]:
    share = PROSE_SHARES[progress > 1 / 3]
    chosen = dict(texts.train)
    for name in text.PROSE:
        if name in chosen:
            n = round(len(chosen[name]) * share)
            first = random.Random(seed).randrange(len(chosen[name]) - n + 1)
            chosen[name] = chosen[name][first : first + n]
    return chosen


def read_texts(work: Path, folder: Path) -> text.Texts:
    """The divided text, kept in the work folder since reading it takes a minute."""
    kept = work / "texts.pickle"
    if not kept.exists():
        kept.write_bytes(pickle.dumps(text.load(folder)))
    texts = pickle.loads(kept.read_bytes())
    assert isinstance(texts, text.Texts)
    return texts


class Run:
    """One training run, with what it needs to go on after it was stopped."""

    def __init__(self, work: Path, seed: int, minutes: float):
        torch.manual_seed(seed)
        self.network, self.mean = Network(), Network()
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(self.network.parameters(), PEAK_RATE, weight_decay=WEIGHT_DECAY)
        self.file, self.seed, self.minutes = work / "checkpoint.pt", seed, minutes
        self.step, self.epoch, self.spent_s = 0, 0, 0.0
        if self.file.exists():
            state = torch.load(self.file, weights_only=True)
            self.network.load_state_dict(state["network"])
            self.mean.load_state_dict(state["mean"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.step, self.epoch, self.spent_s = state["step"], state["epoch"], state["spent_s"]

    @property
    def progress(self) -> float:
        """Share of the time that is spent."""
        return self.spent_s / (60 * self.minutes)

    def save(self) -> None:
        """Writes the checkpoint, whole or not at all."""
        state = {
            "network": self.network.state_dict(), "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(), "step": self.step, "epoch": self.epoch, "spent_s": self.spent_s,
        }  # fmt: skip
        partial = self.file.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(self.file)

    def learn(self, batch: batches.Batch) -> float:
        """One step; its loss."""
        started = time.monotonic()
        for group in self.optimiser.param_groups:
            group["lr"] = rate(min(1.0, self.progress))
        self.network.train()
        scores = self.network(batch.rows, batch.pauses, batch.lengths)
        value = loss(scores.flatten(0, 1), batch.labels.flatten(), torch.tensor(WEIGHTS))
        self.optimiser.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(MEAN_DECAY, 1 - 1 / self.step)
        with torch.no_grad():
            for kept, current in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(current, 1 - decay)
        self.spent_s += min(10.0, time.monotonic() - started)  # a process that was suspended did not train
        return float(value)


def train(work: Path, texts: text.Texts, minutes: float, seed: int) -> Network:
    """Trains until the time is spent; the network with the mean weights."""
    run = Run(work, seed, minutes)
    saved = time.monotonic()
    while run.progress < 1:
        total, steps, began = 0.0, 0, time.monotonic()
        epoch_seed = 1000 * seed + run.epoch
        for batch in batches.epoch(_epoch_texts(texts, run.progress, epoch_seed), epoch_seed):
            total += run.learn(batch)
            steps += 1
            if time.monotonic() - saved > CHECKPOINT_S:
                run.save()
                saved = time.monotonic()
            if run.progress >= 1:
                break
        run.epoch += 1
        row = {
            "epoch": run.epoch, "step": run.step, "progress": round(run.progress, 3), "loss": round(total / steps, 4),
            "epoch_s": round(time.monotonic() - began), "dev": f1(*collect(run.mean, texts.dev)),
        }  # fmt: skip
        with (work / "train.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(json.dumps(row), flush=True)
    run.save()
    return run.mean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="where everything goes")
    parser.add_argument("--text", type=Path, required=True, help="the folder of openly licensed text")
    parser.add_argument("--minutes", type=float, default=35)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.work.mkdir(parents=True, exist_ok=True)
    texts = read_texts(arguments.work, arguments.text)
    network = train(arguments.work, texts, arguments.minutes, arguments.seed)
    offsets = choose_offsets(*collect(network, texts.dev))
    with torch.no_grad():
        network.head.bias += torch.tensor(offsets)
    torch.save(network.state_dict(), arguments.work / "network.pt")
    report = {
        "offsets": [round(offset, 2) for offset in offsets],
        "dev": f1(*collect(network, texts.dev)),
        "test": {name: f1(*collect(network, {name: texts.test[name]})) for name in texts.test if texts.test[name]},
        "unseen": f1(*collect(network, {name: texts.test[name] for name in text.UNSEEN})),
        "unseen_without_pauses": f1(
            *collect(network, {name: texts.test[name] for name in text.UNSEEN}, pauses_known=False)
        ),
    }
    (arguments.work / "training.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
