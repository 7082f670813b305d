"""Configuration: committed recipes load, and anything unknown is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

import settings

CONFIGS = sorted((Path(__file__).parent.parent / "config").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_committed_recipe_loads(path: Path) -> None:
    assert settings.load(path).recipe == path.stem


def test_override_replaces_one_value() -> None:
    config = settings.load(
        None, ["segment.schedule.steps=3", "device=cpu", "fit.prevalences=[0.1]", "classify.width=5"]
    )
    assert config.segment.schedule.steps == 3
    assert config.segment.schedule.batch == settings.Schedule().batch
    assert config.fit.prevalences == [0.1]
    assert config.classify.width == 5


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("speling=1", "unknown key speling"),
        ("segment.schedule.stepz=1", "unknown key segment.schedule.stepz"),
        ("segment=1", "segment must be a table"),
        ("seed=1.5", "seed must be int"),
        ("seed=true", "seed must be int"),
        ("amp=1", "amp must be bool"),
        ("fit.prevalences=0.1", "must be a list"),
        ("fit.prevalences=['a']", r"fit.prevalences\[0\] must be float"),
        ("segment.rows=100", "multiples of 32"),
        ("classify.slices=17", "1..16"),
        ("classify.loss_weights=[1.0]", "three numbers"),
        ("fold=99", "fold"),
        ("device=tpu", "device"),
        ("segment.schedule.steps=0", "positive"),
        ("segment.schedule.batch=100000", "Mi pixels"),
        ("noequals", "not key=value"),
    ],
)
def test_bad_setting_is_refused(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings.load(None, [override])


def test_unknown_key_in_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    path.write_text("[classify]\nslicez = 4\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"unknown key classify\.slicez"):
        settings.load(path)


def test_digest_follows_values() -> None:
    assert settings.digest(settings.load(None)) == settings.digest(settings.load(None))
    assert settings.digest(settings.load(None)) != settings.digest(settings.load(None, ["seed=2"]))
