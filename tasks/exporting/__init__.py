"""Verdicts out: a batch as a table, and tables as files of each format."""
