"""The database goes in; reports, drift, explanations and the state of the set-up come out. Nothing is changed."""
