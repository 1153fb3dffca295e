"""The option by which a process of newsgate that another one started ends with it."""

from __future__ import annotations

import click

parent_process_option = click.option(
    "--with-parent", "parent", type=int, hidden=True, help="End when this process, which started it, ends."
)
