"""The errors that newsgate raises, under the name by which a program that imports newsgate catches them."""

from __future__ import annotations

from newsgate.foundation.errors import NewsgateError as NewsgateError
from newsgate.foundation.errors import WrongUsageError as WrongUsageError
