"""Measurements. Each prints a table; none is a test. Commands and results: benchmarks/README.md."""
