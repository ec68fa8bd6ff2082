/* Step size control of the Rosenbrock method, and nothing silent: every way to stop is an outcome with its state. */
#include "solver.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAFETY 0.9
#define LARGEST_GROWTH 6.0
#define LARGEST_SHRINK 0.2
#define SHRINK_WHEN_NOT_FINITE 0.25
#define MOST_STEPS 1000000

int solver_allocate(solver *s, scratch *equations)
{
    size_t n = (size_t)model.n_states + 1; /* a model without states still gets memory to point at */
    double **vectors[] = {&s->k[0], &s->k[1], &s->k[2],     &s->k[3],  &s->k[4],
                          &s->k[5], &s->rates, &s->argument, &s->trial, &s->start_rates, &s->work};
    s->equations = equations;
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++)
        if (!(*vectors[v] = calloc(n, sizeof(double)))) return 0;
    s->jacobian = calloc((size_t)model.elimination.jacobian_size + 1, sizeof(double));
    s->factors = calloc((size_t)model.elimination.factors_size + 1, sizeof(double));
    return s->jacobian && s->factors;
}

void solver_free(solver *s)
{
    double *all[] = {s->k[0],  s->k[1],     s->k[2],  s->k[3],        s->k[4],     s->k[5],   s->rates,
                     s->argument, s->trial, s->start_rates, s->jacobian, s->factors, s->work};
    for (size_t v = 0; v < sizeof all / sizeof *all; v++) free(all[v]);
}

static int first_not_finite(const double *values)
{
    for (int i = 0; i < model.n_states; i++)
        if (!isfinite(values[i])) return i;
    return -1;
}

/* Weighted RMS norm; `worst` is the element that contributes most. */
static double norm(const double *vector, const double *x, const double *x_new, double tolerance, int *worst)
{
    double sum = 0.0, largest = -1.0;
    for (int i = 0; i < model.n_states; i++) {
        double weighted = vector[i] / (tolerance * (model.nominals[i] + fmax(fabs(x[i]), fabs(x_new[i]))));
        sum += weighted * weighted;
        if (fabs(weighted) > largest) {
            largest = fabs(weighted);
            *worst = i;
        }
    }
    return sqrt(sum / model.n_states);
}

/* A first step that changes the solution by about 1 percent (Hairer, Noersett, Wanner, Solving ODEs I, II.4). */
static double first_proposal(const solver *s, const double *x, double tolerance)
{
    int ignored;
    double size = norm(x, x, x, tolerance, &ignored), slope = norm(s->start_rates, x, x, tolerance, &ignored);
    return size > 1e-5 && slope > 1e-5 ? 0.01 * size / slope : 1e-6;
}

/* The next step: to the end if it is near, in two equal steps if it is nearly so. */
static double fitted(double proposal, double remaining)
{
    if (remaining <= 1.01 * proposal) return remaining;
    return remaining < 2.0 * proposal ? 0.5 * remaining : proposal;
}

static solver_report stopped(solver_outcome outcome, double time, int state, double value)
{
    return (solver_report){outcome, time, value, state};
}

/* Factor for the next step size; a result that is not finite counts as a large error. */
static double growth(double error)
{
    if (!isfinite(error)) return SHRINK_WHEN_NOT_FINITE;
    double factor = error > 0.0 ? SAFETY * pow(error, -0.25) : LARGEST_GROWTH;
    return fmin(LARGEST_GROWTH, fmax(LARGEST_SHRINK, factor));
}

/* Derivatives and Jacobian at the start of a step; the state whose derivative is not finite, or -1. */
static int prepare(solver *s, point at)
{
    evaluate(model_rates, s->equations, at, s->start_rates);
    int bad = first_not_finite(s->start_rates);
    if (bad < 0) solver_linearize(s, at);
    return bad;
}

/* Weighted error of one trial step, infinite where there is no finite result. */
static double try_step(solver *s, point at, double h, double tolerance, int *worst)
{
    if (!rosenbrock_step(s, at, h)) return INFINITY;
    int bad = first_not_finite(s->trial);
    if (bad < 0) return norm(s->k[RODAS_STAGES - 1], at.x, s->trial, tolerance, worst);
    *worst = bad;
    return INFINITY;
}

/* The proposal after an accepted step. One cut short by the end of the interval, whose growth is at its limit, tells
 * nothing against the longer step proposed before. */
static double next_proposal(double proposal, double h, double factor, int after_rejection)
{
    double next = h * (after_rejection ? fmin(factor, 1.0) : factor);
    int tells_nothing = h < proposal && factor >= LARGEST_GROWTH;
    return tells_nothing ? fmax(proposal, next) : next;
}

static int too_small(double h, double t, double remaining)
{
    return h < remaining && h < fmax(4.0 * DBL_EPSILON * fabs(t), DBL_MIN);
}

solver_report solver_integrate(solver *s, point at, double *x, double from, double to, double tolerance,
                               double *proposal)
{
    double t = from;
    int known = 0, rejected = 0, worst = 0, bad = first_not_finite(x);
    if (bad >= 0) return stopped(STATE_NOT_FINITE, t, bad, x[bad]);
    at.x = x;
    for (long step = 0; t < to; step++) {
        if (!known && (bad = prepare(s, at)) >= 0) return stopped(DERIVATIVE_NOT_FINITE, t, bad, s->start_rates[bad]);
        known = 1;
        if (!(*proposal > 0.0)) *proposal = first_proposal(s, x, tolerance);
        double remaining = to - t, h = fitted(*proposal, remaining);
        if (too_small(h, t, remaining)) return stopped(STEP_TOO_SMALL, t, worst, x[worst]);
        if (step >= MOST_STEPS) return stopped(TOO_MANY_STEPS, t, worst, x[worst]);
        double error = try_step(s, at, h, tolerance, &worst), factor = growth(error);
        if (!(error <= 1.0)) {
            *proposal = h * fmin(factor, 1.0);
            rejected = 1;
            continue;
        }
        *proposal = next_proposal(*proposal, h, factor, rejected);
        memcpy(x, s->trial, (size_t)model.n_states * sizeof *x);
        t = h == remaining ? to : t + h;
        known = rejected = 0;
    }
    return stopped(SOLVED, t, 0, 0.0);
}
