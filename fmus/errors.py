"""The one error of the FMU build."""


class BuildError(Exception):
    """An FMU cannot be built; the message names the model, what is wrong and the remedy."""
