"""Epoch records and histories: columns, JSON, sequences."""

import json
import math

import numpy as np
import pytest

import chainrule as cr


@pytest.fixture
def history(net, clouds):
    return cr.fit(net, *clouds, epochs=4, validation=0.2).history


def test_a_history_is_a_sequence_of_epochs(history):
    assert len(history) == 4
    assert [epoch.number for epoch in history] == [1, 2, 3, 4]
    assert history[-1] is history.epochs[3]
    assert isinstance(history[1:3], cr.History)
    assert history[1:3].number.tolist() == [2, 3]
    assert isinstance(history.epochs, tuple)


def test_columns_by_name(history):
    for name in ("loss", "validation", "learning_rate", "seconds", "gradient_norm"):
        column = getattr(history, name)
        assert column.shape == (4,)
        assert np.isfinite(column).all()
    assert history.gradient_norms.shape == (4, 2)
    assert np.isnan(history.score).all()
    assert (np.diff(history.seconds) > 0).all()
    with pytest.raises(AttributeError, match=r"no column 'accuracy'; its columns are number, loss, validation"):
        history.accuracy  # noqa: B018


def test_json_there_and_back(history):
    text = history.to_json()
    rows = json.loads(text)
    assert rows[0]["loss"] == history[0].loss
    assert rows[0]["score"] is None
    assert "theta" not in rows[0]
    again = cr.History.from_json(text)
    assert again.to_json() == text
    assert again[2].gradient_norms == history[2].gradient_norms
    assert history.to_json(indent=1).count("\n") > 40


def test_json_knows_no_nan():
    epoch = cr.Epoch(1, 0.5, math.nan, None, math.inf, (1.0, math.nan), 0.1, 3, 0.1)
    row = json.loads(cr.History((epoch,)).to_json())[0]
    assert (row["validation"], row["gradient_norm"], row["gradient_norms"]) == (None, None, [1.0, None])
    again = cr.History.from_json(cr.History((epoch,)).to_json())
    assert np.isnan(again.validation[0])


def test_records_cannot_be_changed(history):
    with pytest.raises(AttributeError):
        history[0].loss = 0.0
    with pytest.raises(AttributeError):
        history.epochs = ()
