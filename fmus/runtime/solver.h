/* RODAS: a stiffly accurate, L-stable Rosenbrock method of order 4 with an embedded error estimate of order 3.
 * E. Hairer, G. Wanner, Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, section IV.7.
 */
#ifndef SOLVER_H
#define SOLVER_H

#include "equations.h"

#define RODAS_STAGES 6

typedef struct {
    scratch *equations;
    double *jacobian, *factors, *work; /* nonzeros of dF/dx, factors of I/(gamma h) - dF/dx */
    double *k[RODAS_STAGES], *argument, *rates, *trial, *start_rates;
} solver;

typedef enum { SOLVED, STATE_NOT_FINITE, DERIVATIVE_NOT_FINITE, STEP_TOO_SMALL, TOO_MANY_STEPS } solver_outcome;

typedef struct {
    solver_outcome outcome;
    double time;  /* s, where the solver stopped */
    double value; /* of the state (or derivative) that it stopped for */
    int state;
} solver_report;

int solver_allocate(solver *s, scratch *equations);
void solver_free(solver *s);

/* Evaluate dF/dx at x (kept for rosenbrock_step). */
void solver_linearize(solver *s, point at);

/* One step of size h (s) from at.x: the result is in s->trial, its error estimate in s->k[5].
 * Needs the derivatives at at.x in s->start_rates, and solver_linearize before. Returns 0 where h is too long for an
 * accurate elimination. */
int rosenbrock_step(solver *s, point at, double h);

/* Integrate x from time `from` to time `to` (s) with z, u and p held.
 * The weighted RMS norm of the local error stays below 1; state i has the weight tolerance*(nominal_i + |x_i|).
 * `proposal` carries the step size (s) from call to call, 0 where none is known yet. */
solver_report solver_integrate(solver *s, point at, double *x, double from, double to, double tolerance,
                               double *proposal);

#endif
