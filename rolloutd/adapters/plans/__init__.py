"""Plans from a directory of YAML files."""
