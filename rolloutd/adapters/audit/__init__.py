"""The audit trail: who did what, from where and why, in a file that shows every change."""
