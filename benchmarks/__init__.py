"""Speed, accuracy and scale, measured by hand and never by a timed test: `python -m benchmarks` lists what there is."""
