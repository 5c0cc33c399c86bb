"""Folders of the models in the BentoML store, of damaged ones, too.

BentoML's own list reads the model.yaml of every model, and one that is damaged or missing ends it with an error.
"""

from __future__ import annotations

from pathlib import Path

from bentoml.container import BentoMLContainer

__all__ = ["find_model_folder", "model_folders"]


def model_folders() -> dict[str, Path]:
    """List the models in the store.

    Returns:
        The folder of each by its tag, NAME:VERSION.
    """
    root = _root()
    if not root.is_dir():
        return {}
    names = sorted(path for path in root.iterdir() if path.is_dir())
    return {f"{name.name}:{path.name}": path for name in names for path in sorted(name.iterdir()) if path.is_dir()}


def find_model_folder(tag: str) -> Path | None:
    """Find a model without reading its model.yaml.

    Args:
        tag: NAME:VERSION, or NAME or NAME:latest for the version that was saved last.

    Returns:
        Its folder; None where the store has none.
    """
    name, _, version = tag.partition(":")
    if version in {"", "latest"}:
        try:
            version = (_root() / name / "latest").read_text(encoding="utf-8").strip()
        except (OSError, ValueError):
            return None
    return model_folders().get(f"{name}:{version}")


def _root() -> Path:
    return Path(BentoMLContainer.model_store_dir.get())
