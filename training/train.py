"""Step 3, training: `python -m training.train WORK --minutes 110`.

Two processes of one thread each (or `--processes 1`), on clips that each speaks for itself; gradients are averaged
after every step. Two threads in one process would be as fast on an idle machine, but slow to a crawl beside other
work. The learning rate follows max(steps / --steps, time / --minutes), so a run ends annealed whatever the machine
had to spare, and a run that was stopped goes on from its last checkpoint when the command is given again. With
--start a new run begins with the weights of an exported bundle or a checkpoint instead of random ones. Matrix
products are in bfloat16 where the processor has them.
"""

import argparse
import itertools
import json
import logging
import math
import os
import random
import socket
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from .batches import POOL, Ease, batches, disagreement
from .clips import ClipMaker, parse_shares
from .optimiser import HAS_BFLOAT16, Optimiser
from .quick_layers import quicken

WARM_UP, FLOOR = 300, 0.004  # steps, and where the rate ends as a share of its peak
CHECKPOINT_S = 180
STATISTICS = 8  # batches from which a bundle's batch statistics are restored
LONGEST_STEP_S = 10.0  # what a step may take off the time left: a process that was suspended did not train


def learning_rate(peak: float, step: int, progress: float) -> float:
    anneal = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * min(1.0, (step + 1) / WARM_UP) * anneal


class Average:
    """Gradients of all processes, averaged through one flat buffer; three figures of the step ride along."""

    def __init__(self, parameters: list[torch.nn.Parameter]):
        self.parameters = parameters
        self.flat = torch.zeros(sum(p.numel() for p in parameters) + 3)

    def __call__(self, *figures: float) -> list[float]:
        """Replaces each gradient by its mean; returns the figures' means."""
        torch.cat([*(p.grad.reshape(-1) for p in self.parameters), torch.tensor(figures)], out=self.flat)
        dist.all_reduce(self.flat)
        self.flat /= dist.get_world_size()
        at = 0
        for p in self.parameters:
            p.grad.copy_(self.flat[at : at + p.numel()].view_as(p))
            at += p.numel()
        return self.flat[at:].tolist()


class Checkpoint:
    """One file, replaced every few minutes: the model, the optimiser, the step and the seconds spent."""

    def __init__(self, path: Path, model: torch.nn.Module, optimiser: Optimiser):
        self.path, self.model, self.optimiser = path, model, optimiser
        self.last_save = time.monotonic()

    def restore(self) -> tuple[int, float]:
        """The step and the seconds already spent, or zeros for a fresh run."""
        if not self.path.exists():
            return 0, 0.0
        state = torch.load(self.path, map_location="cpu")
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        return state["step"], state["elapsed"]

    def save(self, step: int, elapsed_s: float, *, last: bool) -> None:
        """Saves if it is time. The first process's clock decides for all."""
        due = torch.tensor([float(last or time.monotonic() - self.last_save > CHECKPOINT_S)])
        dist.broadcast(due, 0)
        if not due.item():
            return
        self.last_save = time.monotonic()
        for buffer in filter(
            torch.is_floating_point, self.model.buffers()
        ):  # batch statistics: each process saw others
            dist.all_reduce(buffer)
            buffer.div_(dist.get_world_size())
        if dist.get_rank() == 0:
            state = {"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict()}
            torch.save({**state, "step": step, "elapsed": elapsed_s}, self.path.with_suffix(".new"))
            self.path.with_suffix(".new").replace(self.path)


def losses(model, batch: tuple[torch.Tensor, ...], consistency: float) -> tuple[torch.Tensor, float]:
    """What is made smaller, and how well the text is recognised.

    Args:
        model: The model.
        batch: See `batches`.
        consistency: Weight of `disagreement`; where it is not zero, the batch has two versions of each clip.

    Returns:
        The mean loss of a clip, a scalar with its gradient; the CTC loss of a piece alone.
    """
    features, lengths, targets, sizes = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=HAS_BFLOAT16):
        encoded, encoded_lengths = model.encoder(audio_signal=features, length=lengths)
    log_probs = model.decoder(encoder_output=encoded.float())
    loss = model.loss(log_probs=log_probs, targets=targets, input_lengths=encoded_lengths, target_lengths=sizes)
    per_piece = loss.item() / float(sizes.float().mean())
    if consistency:
        loss = loss + consistency * disagreement(log_probs, encoded_lengths)
    return loss, per_piece


def train(arguments: argparse.Namespace, rank: int) -> None:
    from .model import feature_extractor, load_start, make_model, make_tokenizer

    work: Path = arguments.work
    if rank == 0:
        make_tokenizer(work, arguments.start)
    dist.barrier()
    torch.manual_seed(1)
    model = make_model(work / "tokenizer", arguments.layers, arguments.dropout)
    model.encoder.sync_max_audio_length = False
    quicken(model.encoder)
    extract = feature_extractor(model)
    checkpoint = Checkpoint(work / "checkpoint.pt", model, Optimiser(model))
    step, elapsed_s = checkpoint.restore()
    progress = max(step / arguments.steps, elapsed_s / 60 / arguments.minutes)
    ease = Ease(1.0 if arguments.start else progress)  # a trained model begins with all kinds of clips
    maker = ClipMaker(work, 1000 * step + rank + 7, arguments.shares)
    views = 2 if arguments.consistency else 1
    source = batches(maker, model.tokenizer.text_to_ids, extract, ease, random.Random(step), views, arguments.stock)
    if arguments.start and not step:
        load_start(model, arguments.start, itertools.islice(source, STATISTICS))
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    average = Average(parameters)
    began, recent = time.monotonic(), []
    while progress < 1.0:
        batch = next(source)
        model.zero_grad(set_to_none=True)
        loss, per_piece = losses(model, batch, arguments.consistency)
        loss.backward()
        took_s, began = min(time.monotonic() - began, LONGEST_STEP_S), time.monotonic()
        elapsed_s, per_piece, seconds = average(elapsed_s + took_s, per_piece, float(batch[1].sum()) / 100)
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, 5.0 if step < WARM_UP else 2.0))
        if math.isfinite(per_piece) and math.isfinite(norm):
            checkpoint.optimiser.step(learning_rate(arguments.rate, step, progress))
        step += 1
        progress = max(step / arguments.steps, elapsed_s / 60 / arguments.minutes)
        ease.progress = max(ease.progress, progress)
        recent.append((per_piece, seconds * dist.get_world_size()))
        if step % 50 == 0 and rank == 0:
            rate = learning_rate(arguments.rate, step, progress)
            report(work / "train.jsonl", step, elapsed_s, progress, rate, recent)
        recent = recent[-50:]
        checkpoint.save(step, elapsed_s, last=progress >= 1.0)
    if rank == 0:
        model.eval()
        model.preprocessor.featurizer.dither = 1e-5
        model.save_to(str(work / "final.nemo"))
    dist.barrier()


def report(
    path: Path, step: int, elapsed_s: float, progress: float, rate: float, recent: list[tuple[float, float]]
) -> None:
    """One line of the training's history, in the file and on the screen."""
    loss, seconds = (float(np.mean(column)) for column in zip(*recent, strict=True))
    line = {"step": step, "minutes": round(elapsed_s / 60, 2), "loss_per_piece": round(loss, 4)}
    line |= {"rate": round(rate, 6), "progress": round(progress, 4)}
    line |= {"audio_s_per_step": round(seconds, 1)}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    print(json.dumps(line), flush=True)


def start(rank: int, arguments: argparse.Namespace) -> None:
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)
    os.environ.update(
        MASTER_ADDR="127.0.0.1", MASTER_PORT=str(arguments.port), RANK=str(rank), WORLD_SIZE=str(arguments.processes)
    )
    dist.init_process_group("gloo")
    train(arguments, rank)
    dist.destroy_process_group()


def free_port() -> int:
    """A port of the loopback address that no program has."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--minutes", type=float, default=110, help="time after which the learning rate is annealed")
    parser.add_argument("--steps", type=int, default=20_000, help="steps after which it is annealed, if that is sooner")
    parser.add_argument("--rate", type=float, default=1.5e-3, help="the highest learning rate; a third for --start")
    parser.add_argument("--start", type=Path, help="a bundle, or a checkpoint, whose weights a new run begins with")
    parser.add_argument(
        "--shares", type=parse_shares, help="of the sources: espeak=0.3,spoken=0.5,real=0.2; espeak alone if unset"
    )
    parser.add_argument("--layers", type=int, default=12, help="of the encoder; more than --start has are added")
    parser.add_argument("--dropout", type=float, default=0.0, help="where stored clips come again and again: 0.1")
    parser.add_argument(
        "--consistency", type=float, default=0.0, help="weight of the agreement of two versions of each clip: 0.2"
    )
    parser.add_argument("--stock", type=int, default=POOL, help="clips from which batches of like length are taken")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--port", type=int, default=0, help="where the processes meet; 0 for a free one")
    options = parser.parse_args()
    options.port = options.port or free_port()
    os.environ["OMP_NUM_THREADS"] = "1"
    if options.processes == 1:  # in this process, so that who stops it stops training
        start(0, options)
    else:
        torch.multiprocessing.spawn(start, args=(options,), nprocs=options.processes)
