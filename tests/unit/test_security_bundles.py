"""What a bundle from a stranger may ask for, beyond what tests/unit/test_bundle.py refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from newsgate.model.bundle import BundleError, read_bundle
from newsgate.model.classifier import Classifier
from newsgate.model.metadata import MOST_TOKENS
from newsgate.model.runtime_names import RuntimeName
from newsgate.model.starter import starter_bundle
from tests.bundles import older_bundle, remade


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


# Of today's format only the ONNX runtime opens the graph.
@pytest.mark.parametrize(("runtime", "older"), [("numpy", True), ("onnx", True), ("onnx", False)])
@pytest.mark.parametrize("location", ["/etc/passwd", "../../../../../etc/passwd", "weights.bin"])
def test_a_graph_cannot_read_other_files(
    location: str, runtime: RuntimeName, older: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(4))

    def point_outside(graph: Any) -> None:
        tensor = next(each for each in graph.graph.initializer if each.name == "output_bias")
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        for key, value in (("location", location), ("offset", "0"), ("length", "4")):
            tensor.external_data.add(key=key, value=value)

    bundle = remade(starter_bundle(), onnx_model=_changed_graph(point_outside))
    with pytest.raises(BundleError, match="ONNX graph"):
        Classifier.from_bundle_bytes(older_bundle(bundle) if older else bundle, runtime=runtime)


def test_a_graph_cannot_name_operators_of_its_own() -> None:
    def rename(graph: Any) -> None:
        graph.graph.node[0].domain = "evil"
        graph.graph.node[0].op_type = "Run"
        graph.opset_import.add(domain="evil", version=1)

    bundle = remade(starter_bundle(), onnx_model=_changed_graph(rename))
    with pytest.raises(BundleError, match="cannot load the bundle's ONNX graph"):
        Classifier.from_bundle_bytes(bundle, runtime="onnx")


def test_a_graph_of_an_older_bundle_is_not_run_for_its_weights() -> None:
    def compute(graph: Any) -> None:
        kept = [each for each in graph.graph.initializer if each.name != "embedding"]
        del graph.graph.initializer[:]
        graph.graph.initializer.extend(kept)
        graph.graph.initializer.append(numpy_helper.from_array(np.array([2**40, 64]), "size"))
        graph.graph.node.insert(0, onnx.helper.make_node("ConstantOfShape", ["size"], ["embedding"]))

    bundle = older_bundle(remade(starter_bundle(), onnx_model=_changed_graph(compute)))
    with pytest.raises(BundleError, match="it has no embedding"):
        Classifier.from_bundle_bytes(bundle, runtime="numpy")
