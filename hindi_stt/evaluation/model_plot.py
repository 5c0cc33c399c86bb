"""The plot of several models: word error rate against speed. It needs matplotlib (the extra "plot")."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

from hindi_stt.errors import InvalidRequest
from hindi_stt.evaluation.model_table import ModelTable

__all__ = ["check_plot", "plot_models"]

SUFFIXES: Final = (".png", ".svg", ".pdf")


def check_plot(file: Path) -> None:
    """Check before hours of work whether a plot can be drawn into a file.

    Args:
        file: The image.

    Raises:
        InvalidRequest: Its name ends in no kind of image, its folder does not exist, or matplotlib is not installed.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise InvalidRequest(f"--plot {file}: the name of an image ends in {', '.join(SUFFIXES)}.")
    if not file.parent.is_dir():
        raise InvalidRequest(f"--plot {file}: there is no folder {file.parent}.")
    if importlib.util.find_spec("matplotlib") is None:
        raise InvalidRequest("--plot needs a package: pip install matplotlib (the extra 'plot').")


def plot_models(table: ModelTable, file: Path) -> None:
    """Draw the word error rate of each model with its interval, its speed, and its memory as an area.

    Args:
        table: The models.
        file: The image, PNG, SVG or PDF.
    """
    from matplotlib.figure import Figure  # no pyplot: no window, no state

    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.subplots()
    for i, (run, rate) in enumerate(zip(table.runs, table.rates, strict=True)):
        low, high = rate.wer_interval
        colour = f"C{i % 10}"
        middle = 100 * rate.wer
        spread = [[middle - 100 * low], [100 * high - middle]]
        memory_mb = run.peak_memory_bytes / 1e6
        label = f"{run.model} {run.form}, {memory_mb:,.0f} MB"
        speed = run.times_real_time
        axes.errorbar(speed, middle, yerr=spread, fmt="o", color=colour, capsize=3, label=label, zorder=3)
        axes.scatter(speed, middle, s=memory_mb / 5, color=colour, alpha=0.3, zorder=2)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.margins(x=0.3)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("× real time on one core (further right is faster)")
    axes.set_ylabel("word error rate, %, with 95 % interval")
    axes.legend(loc="best", fontsize=7, title="area: memory", title_fontsize=7)
    axes.grid(visible=True, alpha=0.3)
    figure.savefig(file, dpi=120)
