"""What people say about texts goes in, by file or one by one; labels come out, and what should be asked about next."""
