"""Which columns of a record the rest of this package needs."""

from __future__ import annotations

from newsgate.tasks.reading.kept_columns import unique_names
from newsgate.tasks.reading.records import Layout


def used_columns(layout: Layout) -> list[str]:
    """The columns that rows and their labels are made of, and those that are kept beside them.

    In the order of the file, and under names that are unique, where all are.
    """
    is_of_tool = layout.tool is not None and layout.label_column is not None
    if is_of_tool or layout.keep == "all":
        # Only a tool's reader knows which of them a label is made of.
        return list(unique_names(layout.columns))
    kept = () if layout.keep == "none" else layout.keep
    named = [*kept, *layout.text_columns, *layout.text_fallbacks, layout.id_column, layout.label_column]
    return [name for name in dict.fromkeys(named) if name is not None]
