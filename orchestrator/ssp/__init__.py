"""SSP: System Structure and Parameterization 1.0 and 2.0, read into descriptions."""
