"""The word vectors that come with newsgate: what they hold, and what a vocabulary gets of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from newsgate.model.tokenizer import CASE_PIECES, RESERVED_PIECES
from newsgate.training.minilm import MiniLmFiles
from newsgate.training.word_vectors import WIDTH, WordVectors, build_table, load_word_vectors
from tests.minilm_files import safetensors_of

Float32 = npt.NDArray[np.float32]
MARKED = (*RESERVED_PIECES, *CASE_PIECES)


def small_table() -> WordVectors:
    places = {"un": 0, "##able": 1, "news": 2, "##s": 3, "http": 4}
    return WordVectors(places=places, vectors=np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))


def test_the_table_has_a_vector_for_each_of_its_pieces() -> None:
    table = load_word_vectors()
    assert len(table.places) == 28_594
    assert table.vectors.shape == (28_594, WIDTH)
    assert table.vectors.dtype == np.float32
    assert np.isfinite(table.vectors).all()
    assert not {"[PAD]", "[CLS]", "[unused0]"} & table.places.keys()


def test_words_that_mean_much_the_same_are_nearer_than_others() -> None:
    table = load_word_vectors()
    names = ("doctor", "physician", "nurse", "guitar")
    doctor, physician, nurse, guitar = (table.vectors[table.places[name]] for name in names)

    def cosine(one: Float32, other: Float32) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert cosine(doctor, physician) > cosine(doctor, nurse) > cosine(doctor, guitar)


def test_capitals_change_no_vector_and_marks_and_padding_have_none() -> None:
    vectors = load_word_vectors().of_pieces([*MARKED, "police", "Police", "POLICE", "##s", "!"])
    assert vectors.shape == (10, WIDTH)
    assert vectors.dtype == np.float32
    known = [bool(vector.any()) for vector in vectors]
    assert [piece for piece, has_one in zip(MARKED, known[:5], strict=True) if has_one] == ["<url>"]
    assert all(known[5:])
    np.testing.assert_array_equal(vectors[5], vectors[6])
    np.testing.assert_array_equal(vectors[5], vectors[7])


def test_an_unknown_word_is_the_mean_of_its_pieces_and_what_cannot_be_spelled_has_none() -> None:
    vectors = small_table().of_pieces(["un", "##able", "unable", "news", "newss", "unx", "\u2603", "##xs"])
    np.testing.assert_allclose(vectors[2], (vectors[0] + vectors[1]) / 2, atol=1e-6)
    assert vectors[4].any()
    assert not vectors[5:].any()


def test_a_piece_that_continues_a_word_is_spelled_of_such_pieces() -> None:
    table = small_table()
    vectors = table.of_pieces(["##able", "##s", "##ables", "un", "news"])
    np.testing.assert_allclose(vectors[2], (vectors[0] + vectors[1]) / 2, atol=1e-6)


def test_the_vectors_of_a_vocabulary_are_centred_and_of_about_unit_scale() -> None:
    table = load_word_vectors()
    words = [piece for piece in table.places if piece.isalpha()][::40]
    vectors = table.of_pieces([*MARKED, *words])
    known = vectors[vectors.any(axis=1)]
    np.testing.assert_allclose(known.mean(axis=0), 0.0, atol=1e-5)
    assert abs(known.std() - 1.0) < 1e-4


def test_a_vocabulary_of_which_nothing_is_known_gets_zeros() -> None:
    assert not small_table().of_pieces([*RESERVED_PIECES[:2], "\u2603"]).any()


def test_the_table_is_made_of_the_input_embedding_and_keeps_its_distances(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    pieces = [*(f"[unused{place}]" for place in range(1_000)), *(f"word{place}" for place in range(120)), "\u4e00"]
    # As many directions as the table has room for: nothing but the rounding is lost.
    embedding = (random.normal(size=(len(pieces), 20)) @ random.normal(size=(20, WIDTH + 10))).astype(np.float32)
    (tmp_path / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    weights = {"bert.embeddings.word_embeddings.weight": embedding, "other": np.zeros(3)}
    (tmp_path / "model.safetensors").write_bytes(safetensors_of(weights))

    (tmp_path / "table.npz").write_bytes(build_table(MiniLmFiles(tmp_path)))
    table = load_word_vectors(tmp_path / "table.npz")
    assert list(table.places) == pieces[1_000:1_120]
    kept = embedding[1_000:1_120]
    was = np.linalg.norm(kept[:, np.newaxis] - kept, axis=2)
    now = np.linalg.norm(table.vectors[:, np.newaxis] - table.vectors, axis=2)
    np.testing.assert_allclose(now, was, rtol=0.02, atol=0.01)
