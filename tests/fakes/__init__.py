"""Fakes that misbehave on purpose. Each lives in a named file and replaces what is not under test."""
