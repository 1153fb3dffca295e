"""The two labels and the one rule that turns a probability into one of them."""

from __future__ import annotations

from typing import Final, Literal

Label = Literal["fake", "real"]

FAKE: Final = "fake"
REAL: Final = "real"
LABELS: Final[tuple[Label, Label]] = (FAKE, REAL)

FAKE_THRESHOLD: Final = 0.5
# In place of a label: the network gave NaN or an infinity.
NOT_FINITE: Final = "the model gave no finite probability for this text"


def label_of(p_fake: float) -> Label:
    """Return `fake` where `p_fake`, a probability, reaches `FAKE_THRESHOLD`; refuse NaN with a ValueError."""
    if p_fake != p_fake:
        raise ValueError("a probability that is not a number has no label")
    return FAKE if p_fake >= FAKE_THRESHOLD else REAL
