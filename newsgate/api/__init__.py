"""newsgate for Python programs: `Classifier` in this process, `Client` for a database and its workers.

Everything a program should use can be imported from `newsgate` itself; docs/python.md shows it at work.
"""
