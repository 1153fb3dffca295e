"""The labels of the database go in; a challenger and a decision about who is champion come out."""
