"""newsgate beside what people would use instead, on the same machine, texts and weights."""
