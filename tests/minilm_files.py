"""A MiniLM of a few kilobytes with random weights, in the files that the real one has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from newsgate.training.minilm import Arrays, MiniLmFiles

MARKS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def safetensors(header: Any, data: bytes = b"") -> bytes:
    """The bytes of a safetensors file with this header, whatever it is."""
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(written).to_bytes(8, "little") + written + data


def safetensors_of(arrays: Mapping[str, Any]) -> bytes:
    """The bytes of a safetensors file with these float32 arrays."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, array in arrays.items():
        content = np.asarray(array, "<f4").tobytes()
        offsets = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(np.shape(array)), "data_offsets": offsets}
        data += content
    return safetensors(header, data)


def random_arrays(*, pieces: int, width: int, inner_width: int, blocks: int, positions: int, seed: int = 0) -> Arrays:
    """Random weights under the names of Hugging Face's BertModel."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}

    def add(name: str, *shape: int, mean: float = 0.0) -> None:
        arrays[name] = random.normal(mean, 0.2, shape).astype(np.float32)

    def add_dense(name: str, *, inputs: int, outputs: int) -> None:
        add(f"{name}.weight", outputs, inputs)
        add(f"{name}.bias", outputs)

    def add_norm(name: str) -> None:
        add(f"{name}.weight", width, mean=1.0)
        add(f"{name}.bias", width)

    add("embeddings.word_embeddings.weight", pieces, width)
    add("embeddings.position_embeddings.weight", positions, width)
    add("embeddings.token_type_embeddings.weight", 2, width)
    add_norm("embeddings.LayerNorm")
    for block in range(blocks):
        at = f"encoder.layer.{block}"
        for part in ("query", "key", "value"):
            add_dense(f"{at}.attention.self.{part}", inputs=width, outputs=width)
        add_dense(f"{at}.attention.output.dense", inputs=width, outputs=width)
        add_norm(f"{at}.attention.output.LayerNorm")
        add_dense(f"{at}.intermediate.dense", inputs=width, outputs=inner_width)
        add_dense(f"{at}.output.dense", inputs=inner_width, outputs=width)
        add_norm(f"{at}.output.LayerNorm")
    return arrays


def write_minilm(folder: Path, *, words: Iterable[str], arrays: Arrays) -> MiniLmFiles:
    """Write the three files; `words` become pieces after the four marks, in order."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: place for place, piece in enumerate((*MARKS, *words))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(safetensors_of(arrays))
    return MiniLmFiles(folder)
