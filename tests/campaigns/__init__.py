"""Checks that take longer than a test run may: `make campaigns`. Each leaves its figures in benchmarks/results/."""
