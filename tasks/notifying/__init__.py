"""Tell whoever asked that a run is over: what is said, how it gets there, and who sees to it."""
