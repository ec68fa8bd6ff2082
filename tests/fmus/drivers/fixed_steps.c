/* Integrate the model from its start values over STOP seconds in N equal Rosenbrock steps, without step control:
 * prints the states at the end, then the error estimates of the first step. Usage: fixed_steps STOP N */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver.h"

int main(int count, char **arguments)
{
    if (count != 3) return 2;
    double stop = atof(arguments[1]), first_errors[16];
    int steps = atoi(arguments[2]), n = model.n_states;
    scratch equations;
    solver s;
    double *values = malloc((size_t)model.n_values * sizeof *values);
    if (!values || !scratch_allocate(&equations) || !solver_allocate(&s, &equations)) return 1;
    memcpy(values, model.starts, (size_t)model.n_values * sizeof *values);
    double *z = values + n, *u = z + model.n_discrete;
    point at = {values, z, u, u + model.n_inputs};
    for (int k = 0; k < steps; k++) {
        evaluate(model_rates, &equations, at, s.start_rates);
        solver_linearize(&s, at);
        if (!rosenbrock_step(&s, at, stop / steps)) return 1;
        if (k == 0) memcpy(first_errors, s.k[5], (size_t)n * sizeof(double));
        memcpy(values, s.trial, (size_t)n * sizeof *values);
    }
    for (int i = 0; i < n; i++) printf("%.17g ", values[i]);
    for (int i = 0; i < n; i++) printf("%.17g ", first_errors[i]);
    solver_free(&s);
    scratch_free(&equations);
    free(values);
    return 0;
}
