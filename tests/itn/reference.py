"""NeMo-text-processing's inverse normalisation of the lines of standard input: class, spoken words → also its answer.

Runs in the environment of requirements/itn.lock (make itn-reference); imports nothing of this project.
"""

from __future__ import annotations

import sys

from nemo_text_processing.inverse_text_normalization.inverse_normalize import InverseNormalizer


def main() -> None:
    normalizer = InverseNormalizer(lang="hi")
    for line in sys.stdin:
        kind, spoken = line.rstrip("\n").split("\t")
        print(kind, spoken, normalizer.inverse_normalize(spoken, verbose=False), sep="\t")


if __name__ == "__main__":
    main()
