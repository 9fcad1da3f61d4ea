"""Drives rollouts: looks, decides, acts, waits. Only through ports."""
