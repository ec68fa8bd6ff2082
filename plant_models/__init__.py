"""Plant models: equations over CasADi symbols, written once; no FMI, no input or output."""
