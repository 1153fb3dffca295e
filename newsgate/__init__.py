"""newsgate: a file of texts in, fake or real verdicts in your database."""

from importlib.metadata import version

__version__ = version("newsgate")
