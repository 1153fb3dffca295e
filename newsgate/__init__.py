"""newsgate: a file of texts in, fake or real verdicts in your database."""

__version__ = "0.2.0"
