"""The model card's table of targets."""

from __future__ import annotations

from training.card import confidence, table


def rate(percent: float) -> dict[str, float]:
    return {"percent": percent, "low": percent - 2, "high": percent + 2}


RESULTS = {
    "real": {
        "clips": 130,
        "wer": rate(55),
        "cer": rate(30),
        "wer_by_group": {"news": rate(40), "cv": rate(60.1)},
        "cer_by_group": {"news": rate(17.1), "cv": rate(28)},
    },
    "held_clean": {"clips": 610, "wer": rate(4), "cer": rate(1)},
    "calibration_real": {"wrong": {"below_0.5": {"words": 10, "share": 0.6}, "above_0.9": {"words": 5, "share": 0.2}}},
}


def test_what_is_met_and_missed() -> None:
    rows = table(RESULTS, {}, {}).splitlines()[2:]
    cells = {row.split(" | ")[0].removeprefix("| "): row.removesuffix(" |").split(" | ") for row in rows}
    assert list(cells) == [
        "real: radio news",
        "real: Common Voice",
        "real: all 130",
        "espeak-ng, new sentences and voices, clean",
    ]  # what was not measured has no row
    news, common_voice, _, clean = cells.values()
    assert news[2] == "40.0 % (38.0–42.0), ≤ 40: met"
    assert news[3].endswith("≤ 17: missed")
    assert common_voice[2].endswith("missed")
    assert common_voice[3].endswith("met")
    assert clean[1:3] == ["610", "4.0 % (2.0–6.0), ≤ 4: met"]


def test_other_runs() -> None:
    greedy = {"held_clean": {"clips": 610, "wer": rate(7.5), "cer": rate(2)}}
    int8 = {"held_clean": {"clips": 610, "wer": rate(4.25), "cer": rate(1)}}
    assert table(RESULTS, greedy, int8).splitlines()[-1].endswith("| 7.5 % | +0.25 |")


def test_how_much_confidence_tells() -> None:
    assert confidence(RESULTS) == (
        "recordings of people: below 0.5 60.0 % wrong (10 words), from 0.9 20.0 % (5 words): 3.0 times"
    )
