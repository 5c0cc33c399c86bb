"""The classes of one language in a head for several."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hindi_stt.catalogue.languages import find_language, read_language_classes
from hindi_stt.errors import CorruptModel, LanguageNotInModel


@pytest.mark.parametrize("tag", ["or", "OR", "or-IN", "or_IN", "or-Orya-IN"])
def test_tags_of_one_language(tag: str) -> None:
    assert find_language(tag, ["sat", "or"]) == "or"


@pytest.mark.parametrize("tag", ["en", "hi-IN", "ori", "", "o"])
def test_a_language_that_is_not_there(tag: str) -> None:
    with pytest.raises(LanguageNotInModel, match="it has sat, or"):
        find_language(tag, ["sat", "or"])


def write(folder: Path, masks: object, vocabulary: object) -> tuple[Path, Path]:
    (folder / "language_masks.json").write_text(json.dumps(masks))
    (folder / "vocab.json").write_text(json.dumps(vocabulary))
    return folder / "language_masks.json", folder / "vocab.json"


def test_classes_need_not_follow_the_order_of_the_files(tmp_path: Path) -> None:
    masks = {"bn": [False, False, True, True, True], "ta": [True, True, False, False, True]}
    files = write(tmp_path, masks, {"bn": ["a", "b", "|"], "ta": ["c", "d", "|"]})
    found = read_language_classes(*files, "bn-BD")
    assert (found.language, found.classes, found.n_classes, found.pieces) == ("bn", (2, 3, 4), 5, ("a", "b", "<blk>"))
    with pytest.raises(LanguageNotInModel, match="it has ta, bn"):
        read_language_classes(*files, "hi")


@pytest.mark.parametrize(
    ("masks", "vocabulary", "said"),
    [
        ([], {"hi": ["a", "|"]}, r"language_masks\.json is not a JSON object"),
        ({}, {"hi": ["a", "|"]}, r"language_masks\.json names no languages"),
        ({"hi": [True, True]}, {}, r"vocab\.json names no languages"),
        ({"hi": [True, True]}, {"hi": "a|"}, "no list of pieces"),
        ({"hi": [True, True]}, {"hi": ["", "|"]}, "empty piece"),
        ({"hi": None}, {"hi": ["a", "|"]}, "not a list of booleans"),
        ({"hi": [False, False]}, {"hi": []}, "0 classes"),
        ({"hi": [True, True, False]}, {"hi": ["a", "|"]}, "the blank"),
    ],
)
def test_files_that_do_not_fit(tmp_path: Path, masks: object, vocabulary: object, said: str) -> None:
    with pytest.raises(CorruptModel, match=said):
        read_language_classes(*write(tmp_path, masks, vocabulary), "hi")
