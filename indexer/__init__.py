"""Offline: reports in, an index out. One file a stage, in the order data flows."""
