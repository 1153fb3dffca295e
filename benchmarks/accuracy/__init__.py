"""How well newsgate's recipes tell fake from real on published sets, beside what people would use instead."""
