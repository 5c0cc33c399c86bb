"""Step 3, training: `python -m training.train WORK --minutes 80`.

Two processes of one thread each, on clips that each speaks for itself; gradients are averaged after every step. Two
threads in one process would be as fast on an idle machine, but slow to a crawl beside other work. The learning rate
follows max(steps / --steps, time / --minutes), so a run ends annealed whatever the machine had to spare, and a run that
was stopped goes on from its last checkpoint when the command is given again.
"""

import argparse
import json
import logging
import math
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from .clips import ClipMaker

PEAK_RATE, WARM_UP, FLOOR = 1.5e-3, 400, 0.004
BATCH_S = 22.0  # padded seconds of one process's batch
POOL = 96  # clips drawn at a time and sorted by length into batches
CHECKPOINT_S = 180


def batches(maker: ClipMaker, encode, preprocessor, progress: list[float]) -> Iterator[tuple[torch.Tensor, ...]]:
    """Endless batches of features and targets, clips of like length together, batches in random order."""
    while True:
        pool = sorted((maker.clip(progress[0]) for _ in range(POOL)), key=lambda clip: len(clip[0]))
        groups: list[list] = [[]]
        for clip in pool:
            if groups[-1] and (len(groups[-1]) + 1) * len(clip[0]) > BATCH_S * 16000:
                groups.append([])
            groups[-1].append(clip)
        maker.random.shuffle(groups)
        for group in groups:
            lengths = torch.tensor([len(samples) for samples, _ in group])
            signal = torch.from_numpy(np.stack([np.pad(s, (0, int(lengths.max()) - len(s))) for s, _ in group])).float()
            preprocessor.featurizer.dither = maker.random.choice([0.0, 1e-5])  # servers add none
            with torch.no_grad():
                features, feature_lengths = preprocessor(input_signal=signal, length=lengths)
            targets = [encode(text) for _, text in group]
            sizes = torch.tensor([len(target) for target in targets])
            padded = torch.zeros(len(targets), int(sizes.max()), dtype=torch.long)
            for row, target in enumerate(targets):
                padded[row, : len(target)] = torch.tensor(target)
            yield mask(features, feature_lengths, progress[0], maker.numpy), feature_lengths, padded, sizes


def mask(features: torch.Tensor, lengths: torch.Tensor, progress: float, random: np.random.Generator) -> torch.Tensor:
    """SpecAugment, gentle at first: bands of mel channels and stretches of time set to the mean."""
    if progress < 0.08:
        return features
    for row, length in enumerate(lengths.tolist()):
        for _ in range(2):
            width = int(random.integers(0, 16))
            start = int(random.integers(0, features.shape[1] - width))
            features[row, start : start + width] = 0
        for _ in range(max(1, min(5, length // 120))):
            width = int(random.integers(0, max(1, min(14, length // 20))))
            start = int(random.integers(0, max(1, length - width)))
            features[row, :, start : start + width] = 0
    return features


def learning_rate(step: int, progress: float) -> float:
    anneal = FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return PEAK_RATE * min(1.0, (step + 1) / WARM_UP) * anneal


def train(arguments: argparse.Namespace, rank: int) -> None:
    from .model import make_model, make_tokenizer

    work: Path = arguments.work
    tokenizer = work / "tokenizer"
    if rank == 0:
        make_tokenizer(work)
    dist.barrier()
    torch.manual_seed(1)
    model = make_model(tokenizer)
    model.encoder.sync_max_audio_length = False
    model.train()
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=PEAK_RATE, betas=(0.9, 0.98), weight_decay=1e-3, fused=True)
    step, elapsed, losses = 0, 0.0, []
    saved = work / "checkpoint.pt"
    if saved.exists():
        state = torch.load(saved, map_location="cpu")
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step, elapsed = state["step"], state["elapsed"]
    progress = [max(step / arguments.steps, elapsed / 60 / arguments.minutes)]
    source = batches(
        ClipMaker(work, seed=1000 * step + rank + 7), model.tokenizer.text_to_ids, model.preprocessor, progress
    )
    began, last_save, audio_s = time.monotonic() - elapsed, time.monotonic(), 0.0
    log = (work / "train.jsonl").open("a", encoding="utf-8") if rank == 0 else None
    flat = torch.zeros(sum(p.numel() for p in parameters) + 3)
    while progress[0] < 1.0:
        features, lengths, targets, sizes = next(source)
        encoded, encoded_lengths = model.encoder(audio_signal=features, length=lengths)
        log_probs = model.decoder(encoder_output=encoded)
        loss = model.loss(log_probs=log_probs, targets=targets, input_lengths=encoded_lengths, target_lengths=sizes)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.cat(
            [
                *(p.grad.reshape(-1) for p in parameters),
                torch.tensor(
                    [time.monotonic() - began, loss.item() / sizes.float().mean(), float(lengths.sum()) / 100]
                ),
            ],
            out=flat,
        )
        dist.all_reduce(flat)
        flat /= dist.get_world_size()
        at = 0
        for p in parameters:
            p.grad.copy_(flat[at : at + p.numel()].view_as(p))
            at += p.numel()
        elapsed, mean_loss, seconds = flat[at:].tolist()
        norm = torch.nn.utils.clip_grad_norm_(parameters, 5.0 if step < WARM_UP else 2.0)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(step, progress[0])
        if math.isfinite(mean_loss) and math.isfinite(float(norm)):
            optimiser.step()
        step += 1
        audio_s += seconds * dist.get_world_size()
        progress[0] = max(step / arguments.steps, elapsed / 60 / arguments.minutes)
        losses.append(mean_loss)
        if step % 50 == 0 and log:
            line = {"step": step, "minutes": round(elapsed / 60, 2), "loss_per_token": round(float(np.mean(losses[-50:])), 4), "norm": round(float(norm), 2),
                    "rate": round(optimiser.param_groups[0]["lr"], 6), "progress": round(progress[0], 4), "audio_hours": round(audio_s / 3600, 2)}  # fmt: skip
            log.write(json.dumps(line) + "\n")
            log.flush()
            print(line, flush=True)
        due = torch.tensor([float(time.monotonic() - last_save > CHECKPOINT_S)])
        dist.broadcast(due, 0)
        if due.item() or progress[0] >= 1.0:
            last_save = time.monotonic()
            for buffer in model.buffers():  # the batch norms' statistics: each process saw other clips
                if buffer.is_floating_point():
                    dist.all_reduce(buffer)
                    buffer /= dist.get_world_size()
            if rank == 0:
                state = {
                    "model": model.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "step": step,
                    "elapsed": elapsed,
                }
                torch.save(state, saved.with_suffix(".new"))
                saved.with_suffix(".new").replace(saved)
    if rank == 0:
        model.eval()
        model.preprocessor.featurizer.dither = 1e-5
        model.save_to(str(work / "final.nemo"))
    dist.barrier()


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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, nargs="?", default=Path("build/training"))
    parser.add_argument("--minutes", type=float, default=80, help="time after which the learning rate is annealed")
    parser.add_argument("--steps", type=int, default=12_000, help="steps after which it is annealed, if that is sooner")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--port", type=int, default=29511)
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.multiprocessing.spawn(start, args=(options,), nprocs=options.processes)
