"""The bins of a reliability diagram against counts made by hand, and the picture of them."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsgate.pages.reliability_diagram import draw_reliability
from newsgate.training.reliability import reliability_bins, wilson_interval

SVG = "{http://www.w3.org/2000/svg}"


def test_bins_worked_out_by_hand() -> None:
    bins = reliability_bins(np.array([0.0, 0.19, 0.2, 0.99, 1.0]), ("real", "fake", "real", "fake", "real"), bins=5)
    assert [(each.low, each.high) for each in bins] == [(0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1)]
    assert [each.rows for each in bins] == [2, 1, 0, 0, 2]
    assert [each.fake for each in bins] == [1, 0, 0, 0, 1]
    assert [each.share_fake for each in bins] == [0.5, 0.0, None, None, 0.5]
    assert [each.mean_p_fake for each in bins] == [pytest.approx(0.095), 0.2, None, None, pytest.approx(0.995)]
    assert bins[2].interval == (0.0, 1.0)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(["fake", "real"])), min_size=1, max_size=50))
def test_every_text_is_in_one_bin_whose_mean_lies_in_it(rows: list[tuple[float, str]]) -> None:
    p_fake, labels = zip(*rows, strict=True)
    bins = reliability_bins(np.array(p_fake), labels)
    assert sum(each.rows for each in bins) == len(rows)
    assert sum(each.fake for each in bins) == labels.count("fake")
    for each in bins:
        if each.mean_p_fake is not None and each.share_fake is not None:
            assert each.low - 1e-9 <= each.mean_p_fake <= each.high + 1e-9
            assert each.interval[0] - 1e-9 <= each.share_fake <= each.interval[1] + 1e-9


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_one_of_the_books(hits: int, rows: int, low: float, high: float) -> None:
    # Newcombe 1998 (Statistics in Medicine 17, 857-872), table I: the score method without continuity correction.
    np.testing.assert_allclose(wilson_interval(hits, rows), (low, high), atol=5e-5)


def drawn(title: str = "model 2 on posts.csv") -> ET.Element:
    bins = reliability_bins(np.array([0.05, 0.05, 0.45, 0.95]), ("real", "fake", "real", "fake"))
    return ET.fromstring(draw_reliability(bins, title=title, ece=0.0312))


def test_the_picture_has_a_mark_a_bin_with_texts_and_a_count_for_every_bin() -> None:
    root = drawn()
    assert len(root.findall(f".//{SVG}circle")) == 3
    assert len(root.findall(f".//{SVG}rect[@class='bar']")) == 10
    assert [text.text for text in root.findall(f".//{SVG}text[@class='small']")] == list("2000100001")
    (heading,) = root.findall(f".//{SVG}text[@class='title']")
    assert heading.text == "model 2 on posts.csv: ECE 0.031"


def test_half_fake_is_drawn_at_half_height() -> None:
    mark = drawn().findall(f".//{SVG}circle")[0]
    grid = [path.get("d", "") for path in drawn().findall(f".//{SVG}path[@class='grid']")]
    heights = [float(each.split(" ")[1].split("H")[0]) for each in grid]
    assert float(mark.get("cy", "")) == pytest.approx((min(heights) + max(heights)) / 2, abs=0.1)


def test_any_file_name_makes_a_well_formed_picture() -> None:
    (heading,) = drawn("<b>&\x00\udce4 x" + "long" * 50).findall(f".//{SVG}text[@class='title']")
    assert heading.text is not None
    assert heading.text.startswith("<b>&   xlong")
    assert heading.text.endswith("…: ECE 0.031")
    assert len(heading.text) < 50


def test_the_picture_needs_nothing_beside_it_and_can_be_read_in_both_schemes() -> None:
    bins = reliability_bins(np.array([0.5]), ("fake",))
    drawing = draw_reliability(bins, title="x", ece=0.0)
    assert "prefers-color-scheme: dark" in drawing
    assert 'class="ground"' in drawing
    assert not any(outside in drawing for outside in ("href", "url(", "@import", "<script"))
