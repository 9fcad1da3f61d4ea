"""The objects that the sandbox's cluster begins with, as YAML that kubectl would take."""
