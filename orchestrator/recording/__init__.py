"""Recorded results: the only writer of results and the only door to pyarrow."""
