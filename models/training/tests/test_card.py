"""The card says what the run recorded, and where the figures end."""

from __future__ import annotations

from typing import Any

import card


def fit() -> dict[str, Any]:
    point = {
        "name": "balanced",
        "threshold": 0.5,
        "sensitivity": 0.9,
        "sensitivity_ci": [0.8, 0.95],
        "specificity": 0.8,
        "specificity_ci": [0.7, 0.9],
        "f2": 0.77,
        "f2_flag_all": 0.4,
    }
    part = {"n": 100, "auc": 0.91, "ece": 0.03, "brier": 0.1, "points": [point]}
    level = {**part, "weights": {"classify": 0.8, "model1": 0.2}}
    return {"source": {"studies": 150}, "level": level, "patient": part, "left_out": {"occult_levels": 3}}


def run() -> dict[str, Any]:
    stage = {
        "parameters": 10,
        "steps": 20,
        "elapsed_s": 60.0,
        "data_digest": "f" * 64,
        "history": [{"epoch": 1, "dice": 0.9}],
    }
    return {"recipe": "demo", "seed": 7, "commit": "0123456789abcdef", "stages": {"segment": stage}}


def test_card_states_domain_and_figures() -> None:
    text = card.card(run(), fit(), "")
    assert "not validated on patients" in text
    assert "| segment | 10 | 20 | 1.0 | dice 0.900 |" in text
    assert "AUC 0.910" in text
    assert "model1 0.200" in text
    assert "End to end" not in text


def test_card_takes_the_evaluation_as_it_is() -> None:
    assert "vertebra AUC 0.9\n```" in card.card(run(), fit(), "vertebra AUC 0.9\n")
