"""Every integer 0 … 99,999 and 100,000 more up to 99,99,99,999, from words to digits: make prove-text.

The words are those of indic-numtowords, all its variants; each is read by the parser alone and as an amount of rupees.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator

from indic_numtowords import num2words
from tqdm import tqdm

from hindi_stt.text.hi.cardinals import parse
from hindi_stt.text.hi.numerals import rewrite_numerals
from hindi_stt.text.hi.spelling import key
from hindi_stt.types import Word

LARGEST = 99_99_99_999


def strata(count: int) -> list[int]:
    """The largest, and numbers of six to nine digits, as many of each length; half of them with zeros within."""
    rng = random.Random(10)
    numbers = {LARGEST}
    lengths = range(6, 10)
    for i, digits in enumerate(lengths):
        while len(numbers) < count * (i + 1) // len(lengths):
            number = rng.randrange(10 ** (digits - 1), 10**digits)
            if len(numbers) % 2:
                step = 10 ** rng.randrange(1, digits)
                number = number // step * step + rng.choice([0, rng.randrange(min(step, 100))])
            numbers.add(number)
    return sorted(numbers)


def round_trips(numbers: Iterable[int]) -> Iterator[tuple[int, str, str]]:
    """Number, words and what was made of them, for each number that does not come back."""
    for number in numbers:
        for said in num2words(number, lang="hi", variations=True):
            words = [*said.split(), "रुपये"]
            read = parse([key(word) for word in words], 0)
            if not read or read.value != number or read.end != len(words) - 1:
                yield number, said, repr(read)
            written = rewrite_numerals([Word(word, i, i + 0.9, 1.0) for i, word in enumerate(words)], "latin")
            if [word.text.replace(",", "") for word in written] != [f"₹{number}"]:
                yield number, said, " ".join(word.text for word in written)


def main() -> int:
    numbers = [*range(100_000), *strata(100_000)]
    failed = list(round_trips(tqdm(numbers, unit="number", disable=None)))
    for number, said, got in failed[:20]:
        sys.stdout.write(f"{number}\t{said}\t{got}\n")
    sys.stdout.write(f"{len(numbers)} integers up to {max(numbers)}: {len(failed)} did not come back\n")
    return bool(failed)


if __name__ == "__main__":
    raise SystemExit(main())
