"""Speed and memory, measured against public yardsticks in one run: `make bench`, `make bench ONLY=sync`.

A benchmark, not a test: it prints medians and ratios and judges nothing. Every figure is a ratio to something measured
in the same run, because absolute times on a shared machine mean little.
"""
