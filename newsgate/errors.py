"""The errors that newsgate raises, under the name by which a program that imports newsgate catches them."""

from __future__ import annotations

from foundation.errors import NewsgateError as NewsgateError
from foundation.errors import WrongUsageError as WrongUsageError
