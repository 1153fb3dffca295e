"""What several benchmarks need: programs, texts, tables, pictures and pages."""
