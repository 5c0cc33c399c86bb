"""Put the licence texts of this environment's packages into a folder, with a table of them: licences.py FOLDER."""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

_NAMES = ("licen", "copying", "notice", "authors")


def declared(distribution: Distribution) -> str:
    """The licence that a package's metadata names, in one line."""
    metadata = distribution.metadata
    classifiers = [c for c in metadata.get_all("Classifier", []) if c.startswith("License :: ")]
    text = metadata.get("License-File")
    found = (
        metadata.get("License-Expression")
        or "; ".join(c.rpartition(" :: ")[2] for c in classifiers)
        or metadata.get("License")
        or (f"see {text}" if text else "not named")
    )
    return found.strip().splitlines()[0]


def main(folder: Path) -> None:
    """Write FOLDER/<package>/… and FOLDER/packages.tsv (package, version, licence)."""
    rows = []
    for distribution in distributions():
        name = distribution.metadata["Name"]
        rows.append(f"{name}\t{distribution.version}\t{declared(distribution)}")
        for file in distribution.files or ():
            if file.name.lower().startswith(_NAMES) and file.suffix != ".py":
                target = folder / name / "--".join(file.parts[1:])
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(Path(str(file.locate())).read_bytes())
    (folder / "packages.tsv").write_text("\n".join(sorted(rows, key=str.lower)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
