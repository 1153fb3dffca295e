"""The number of a chunk goes in; verdicts come out.

Here too: the worker process, its sweeper, and the second run of a batch.
"""
