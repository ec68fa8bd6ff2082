"""Parameters: which values a description gives to which variables."""
