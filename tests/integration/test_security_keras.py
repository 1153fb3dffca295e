"""What a Keras model from a stranger may do: nothing that is not a network."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest


def test_a_keras_model_with_code_in_it_is_not_run() -> None:
    import keras

    from newsgate.model.network import network_from_bytes

    ids = keras.Input(shape=(None,), dtype="int32")
    evil = keras.Model(ids, keras.layers.Lambda(lambda tensor: tensor, name="evil")(ids))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        evil.save(path)
        data = path.read_bytes()
    with pytest.raises(ValueError, match="unsafe"):
        network_from_bytes(data)
