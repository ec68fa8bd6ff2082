"""The YAML file of a description: reading, composing and writing it."""
