"""The whole daemon, many replicas of it, in virtual time and bad weather, by seed."""
