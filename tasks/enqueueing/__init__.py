"""A file of texts goes in; a batch with items, rejects and queued chunks comes out, and the workers are rung."""
