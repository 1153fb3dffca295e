"""Which columns of a record the rest of this package needs."""

from __future__ import annotations

from newsgate.tasks.reading.records import Layout


def used_columns(layout: Layout) -> list[str]:
    """The columns that rows and their labels are made of."""
    if layout.tool is not None and layout.label_column is not None:
        # Only the tool's reader knows which of them a label is made of.
        return list(dict.fromkeys(layout.columns))
    named = [*layout.text_columns, *layout.text_fallbacks, layout.id_column, layout.label_column]
    return [name for name in dict.fromkeys(named) if name is not None]
