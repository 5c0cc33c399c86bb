"""The neighbour's 95th percentile in each row, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["plot"]


def plot(rows: Sequence[dict[str, object]], path: Path) -> None:
    """Draw bars on a logarithmic scale.

    Args:
        rows: Those of attack.json.
        path: The image.
    """
    names = list(dict.fromkeys(str(row["row"]) for row in rows))
    commits = list(dict.fromkeys(str(row["commit"]) for row in rows))
    quiet = [float(str(row["quiet_p95_ms"])) for row in rows]
    figure, axes = plt.subplots(figsize=(9, 0.45 * len(names) + 1.5), layout="constrained")
    height = 0.8 / len(commits)
    for i, commit in enumerate(commits):
        found = {str(row["row"]): float(str(row["p95_ms"])) for row in rows if row["commit"] == commit}
        places = np.arange(len(names)) + i * height
        axes.barh(places, [found.get(name, np.nan) for name in names], height, label=commit)
    axes.axvline(float(np.median(quiet)), color="black", linestyle=":", label="alone (median)")
    axes.set_yticks(np.arange(len(names)) + 0.4 - height / 2, names)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("neighbour's 95th percentile, ms (30,000: no answer)")
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)
