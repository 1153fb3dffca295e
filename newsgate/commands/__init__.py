"""A file for each command; `labels` and `models` are groups of them."""
