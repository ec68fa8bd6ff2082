"""The benchmark plant BSM1 as coupled FMUs: against its published figures, an independent program and one ODE."""
