"""The sheets of .xlsx and .ods workbooks as rows of cells, read piece by piece."""
