"""The gates' equations against Keras itself, on the trained starter model."""

from __future__ import annotations

import numpy as np
import pytest

from newsgate.model.bundle import read_bundle
from newsgate.model.bundle_weights import weights_of
from newsgate.model.gates import trace_network
from newsgate.model.starter import starter_bundle
from newsgate.model.weights import Float32, LstmWeights

TEXT = "URGENT: nurse reveals on video that the patients in the new ward are paid actors https://t.co/x"


def test_both_directions_are_what_keras_computes() -> None:
    from newsgate.model.network import EMBEDDING, RECURRENT, extract_weights, network_from_bytes

    bundle = read_bundle(starter_bundle())
    network = network_from_bytes(bundle.keras_model)
    ids = bundle.tokenizer.encode(TEXT, max_tokens=bundle.metadata.max_tokens).ids
    batch = np.array([ids], dtype=np.int32)
    embedded = network.get_layer(EMBEDDING)(batch)
    hidden = np.asarray(network.get_layer(RECURRENT)(embedded))[0]

    # The weights from the ONNX graph, so that reading it is held against Keras as well.
    done = trace_network(weights_of(bundle), ids)

    units = hidden.shape[1] // 2
    np.testing.assert_allclose(done.forward.hidden, hidden[:, :units], atol=1e-5)
    np.testing.assert_allclose(done.backward.hidden, hidden[:, units:], atol=1e-5)
    weights = extract_weights(network)
    np.testing.assert_allclose(done.forward.cell[-1], last_cell(weights.forward, embedded[0]), atol=1e-5)
    np.testing.assert_allclose(done.backward.cell[0], last_cell(weights.backward, embedded[0][::-1]), atol=1e-5)
    assert done.logit == pytest.approx(float(network(batch)[0, 0]), abs=1e-5)


def last_cell(lstm: LstmWeights, embedded: Float32) -> Float32:
    """Return the memory cell with which Keras' own layer ends."""
    from keras import layers

    layer = layers.LSTM(lstm.units, return_state=True)
    sequence = np.asarray(embedded)[np.newaxis]
    layer.build(sequence.shape)
    layer.set_weights([lstm.kernel, lstm.recurrent_kernel, lstm.bias])
    _output, _hidden, cell = layer(sequence)
    return np.asarray(cell, dtype=np.float32).reshape(-1)
