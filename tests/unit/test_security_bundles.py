"""What a bundle from a stranger may ask for, beyond what tests/unit/test_bundle.py refuses."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import onnx
import pytest

from newsgate.model.bundle import BundleError, make_bundle, read_bundle
from newsgate.model.classifier import Classifier
from newsgate.model.metadata import MOST_TOKENS
from newsgate.model.runtime import RuntimeName
from newsgate.model.starter import starter_bundle


def _with_graph(graph: bytes) -> bytes:
    starter = read_bundle(starter_bundle())
    return make_bundle(
        keras_model=starter.keras_model, onnx_model=graph, tokenizer=starter.tokenizer, metadata=starter.metadata
    )


def _changed_graph(change: Callable[[Any], None]) -> bytes:
    graph = onnx.load_model_from_string(read_bundle(starter_bundle()).onnx_model)
    change(graph)
    serialised: bytes = graph.SerializeToString()
    return serialised


@pytest.mark.parametrize("max_tokens", [0, -1, MOST_TOKENS + 1, 10**9])
def test_a_text_cannot_be_made_to_take_unbounded_memory(max_tokens: int) -> None:
    metadata = read_bundle(starter_bundle()).metadata
    with pytest.raises(ValueError, match=f"not a number from 1 to {MOST_TOKENS}"):
        replace(metadata, max_tokens=max_tokens)


@pytest.mark.parametrize("runtime", ["numpy", "onnx"])
@pytest.mark.parametrize("location", ["/etc/passwd", "../../../../../etc/passwd", "weights.bin"])
def test_a_graph_cannot_read_other_files(
    location: str, runtime: RuntimeName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(4))

    def point_outside(graph: Any) -> None:
        tensor = next(each for each in graph.graph.initializer if each.name == "output_bias")
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "4")):
            tensor.external_data.add(key=key, value=value)

    with pytest.raises(BundleError, match="ONNX graph"):
        Classifier.from_bundle_bytes(_with_graph(_changed_graph(point_outside)), runtime=runtime)


def test_a_graph_cannot_name_operators_of_its_own() -> None:
    def rename(graph: Any) -> None:
        graph.graph.node[0].domain = "evil"
        graph.graph.node[0].op_type = "Run"
        graph.opset_import.add(domain="evil", version=1)

    with pytest.raises(BundleError, match="cannot load the bundle's ONNX graph"):
        Classifier.from_bundle_bytes(_with_graph(_changed_graph(rename)), runtime="onnx")


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
