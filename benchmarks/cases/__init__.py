"""The benchmarks; each module lists its own in `BENCHMARKS`."""
