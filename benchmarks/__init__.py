"""Speed measured side by side; run by hand or by `make bench`, never a timed test."""
