"""Files of labelled texts go in; models and figures about them come out."""
