"""Ways to spoil files and JSON, and the loop that tries them."""

from __future__ import annotations

import copy
import os
import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import pytest
from tqdm import tqdm

from hindi_stt.errors import HindiSTTError

# Cases a target; `make prove-fuzz` asks for more.
CASES: Final = int(os.environ.get("HINDI_STT_FUZZ_CASES", "100"))
SEED: Final = int(os.environ.get("HINDI_STT_FUZZ_SEED", "0"))

JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, -(2**63), 2**64, 10**400, 1e308, -0.0, 0.5, float("nan"), float("inf"), "", "0",
    "x" * 10_000, "x" * 200_000, "\x00", "\ud800", "../../etc/passwd", "/dev/zero", "क", [], {},
    [[]], [None], {"a": 1}, {"": None},
)  # fmt: skip


def press(what: str, case: Callable[[random.Random], object], allowed: type[HindiSTTError], cases: int = CASES) -> None:
    """Try a case with many seeds: it may work, or raise an error of the tree that is allowed. Prints the outcomes."""
    outcomes: Counter[str] = Counter()
    for i in tqdm(range(cases), desc=what, leave=False):
        seed = SEED + i
        try:
            case(random.Random(seed))
            outcomes["accepted"] += 1
        except allowed as error:
            outcomes[error.code] += 1
        except Exception as error:  # noqa: BLE001  whatever it is, it is what this looks for
            pytest.fail(f"{what}, seed {seed}: {type(error).__name__}: {str(error)[:200]}")
    print(f"\n{what}: {cases} cases from seed {SEED}: {dict(outcomes.most_common())}")
    # A generator that spoils nothing, or from which nothing survives to be looked at closely, proves little.
    assert set(outcomes) - {"accepted"}, "no case was refused"


def bytes_of(content: bytes, rng: random.Random) -> bytes:
    """Bytes changed, cut off, dropped, repeated or inserted."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 8))):
        if not found:
            break
        at = rng.randrange(len(found))
        match rng.randrange(6):
            case 0:
                found[at] = rng.randrange(256)
            case 1:
                found[at] ^= 1 << rng.randrange(8)
            case 2:
                del found[at:]
            case 3:
                del found[at : at + rng.randrange(1, 64)]
            case 4:
                found[at:at] = found[at : at + rng.randrange(1, 512)]
            case _:
                found[at : at + 4] = rng.choice(
                    (b"\xff\xff\xff\xff", bytes(4), b"\x7f\xff\xff\xff", b"\xed\xa0\x80\x00")
                )
    return bytes(found)


def text_of(content: str, rng: random.Random) -> bytes:
    """Words and numbers of a text file exchanged for others, or its bytes spoilt."""
    if rng.random() < 0.3:
        return bytes_of(content.encode(), rng)
    lines = content.split("\n")
    for _ in range(rng.choice((1, 1, 2, 8))):
        at = rng.randrange(len(lines))
        words = lines[at].split("\t") if "\t" in lines[at] else lines[at].split(" ")
        match rng.randrange(4):
            case 0:
                junk = rng.choice(JUNK)
                words[rng.randrange(len(words))] = (
                    str(junk) if not isinstance(junk, int) else f"{float(junk % 10**9):g}"
                )
                lines[at] = "\t".join(words)
            case 1:
                lines[at] = rng.choice(lines)
            case 2:
                lines.insert(at, rng.choice(lines))
            case _ if len(lines) > 1:
                del lines[at]
            case _:
                lines[at] = ""
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def json_of(value: Any, rng: random.Random) -> Any:
    """A copy with some of its values replaced by junk, dropped, doubled or nested."""
    found = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        parents = [node for node in _nodes(found) if node]
        if not parents:
            break
        node = rng.choice(parents)
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        match rng.randrange(5):
            case 0 if isinstance(node, dict):
                node.pop(key)
            case 1 if isinstance(node, dict):
                node[str(rng.choice(JUNK))] = copy.deepcopy(rng.choice(JUNK))
            case 2:
                node[key] = [copy.deepcopy(node[key])]
            case 3:
                node[key] = copy.deepcopy(rng.choice(list(_nodes(found))))
            case _:
                node[key] = copy.deepcopy(rng.choice(JUNK))
    return found


def _nodes(value: Any) -> list[Any]:
    """The value and all lists and objects in it."""
    if isinstance(value, dict):
        return [value, *(node for child in value.values() for node in _nodes(child))]
    if isinstance(value, list):
        return [value, *(node for child in value for node in _nodes(child))]
    return []
