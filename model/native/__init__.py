"""The same network and tokenizer in C, for processors' vectors: where it was built, workers run it by default.

`lstm.c` and `tokenizer.c` are compiled when newsgate is installed (`hatch_build.py`), and `model.native.library` loads
them. Without a compiler there is no library, and NumPy and Python do the same work more slowly.
"""
