/* Evaluations of a component for Model Exchange: right-hand side, event indicators, Jacobian. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exchange.h"

typedef int (*timing)(void *, double);
typedef int (*vector)(void *, double *, size_t);
typedef int (*deriving2)(void *, const unsigned *, size_t, const unsigned *, size_t, const double *, double *);
typedef int (*deriving3)(void *, const unsigned *, size_t, const unsigned *, size_t, const double *, size_t, double *,
                         size_t);

const char *exchange_name(const exchange *e, const char *of_fmi2, const char *of_fmi3)
{
    return e->owner->table->fmi == 2 ? of_fmi2 : of_fmi3;
}

/* What a status means to a solver. */
static int verdict(exchange *e, int status, const char *called, double t)
{
    if (status == STATUS_OK || status == STATUS_WARNING) return GO_ON;
    e->status = status;
    e->called = called;
    if (status == STATUS_DISCARD)
        snprintf(e->trouble, sizeof e->trouble, "%s was discarded at t = %.17g s", called, t);
    else
        snprintf(e->trouble, sizeof e->trouble, "%s returned status %d at t = %.17g s", called, status, t);
    return status == STATUS_DISCARD ? TRY_SMALLER : -1;
}

static int first_not_finite(const double *values, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(values[k])) return (int)k;
    return -1;
}

int exchange_place(exchange *e, double t, const double *x)
{
    void *handle = e->owner->handle;
    int answer = verdict(e, ((timing)e->set_time)(handle, t), exchange_name(e, "fmi2SetTime", "fmi3SetTime"), t);
    if (answer != GO_ON) return answer;
    int status = courses_place(e, t);
    answer = verdict(e, status, exchange_name(e, "fmi2SetReal", "fmi3SetFloat64"), t);
    if (answer != GO_ON || !e->table->states) return answer;
    status = ((vector)e->set_states)(handle, (double *)x, (size_t)e->table->states);
    return verdict(e, status, exchange_name(e, "fmi2SetContinuousStates", "fmi3SetContinuousStates"), t);
}

int exchange_derivatives(exchange *e, double t, const double *x, double *dx)
{
    size_t n = (size_t)e->table->states;
    int answer = exchange_place(e, t, x);
    if (answer != GO_ON || n == 0) return answer;
    int status = ((vector)e->derivatives)(e->owner->handle, dx, n);
    answer = verdict(e, status, exchange_name(e, "fmi2GetDerivatives", "fmi3GetContinuousStateDerivatives"), t);
    if (answer != GO_ON) return answer;
    int wrong = first_not_finite(dx, n);
    if (wrong < 0) return GO_ON;
    snprintf(e->trouble, sizeof e->trouble, "the derivative of state %d was %g at t = %.17g s", wrong + 1, dx[wrong], t);
    return TRY_SMALLER;
}

int exchange_indicators(exchange *e, double t, const double *x, double *z)
{
    int answer = exchange_place(e, t, x);
    if (answer != GO_ON) return answer;
    int status = ((vector)e->indicate)(e->owner->handle, z, (size_t)e->indicators);
    answer = verdict(e, status, exchange_name(e, "fmi2GetEventIndicators", "fmi3GetEventIndicators"), t);
    if (answer != GO_ON) return answer;
    for (int k = 0; k < e->indicators; k++)
        if (z[k] == 0.0) z[k] = -DBL_MIN; /* the domain of an indicator is z > 0 or not */
    return GO_ON;
}

static int direction(exchange *e, const colour_table *colour)
{
    const unsigned *unknowns = whole.references + e->table->first_unknown;
    const unsigned *knowns = whole.references + colour->first_reference;
    const double *seed = whole.seeds + colour->seeds.first;
    size_t n = (size_t)e->table->n_unknowns, m = (size_t)colour->n_knowns;
    size_t size = (size_t)(colour->seeds.end - colour->seeds.first);
    if (e->owner->table->fmi == 2)
        return ((deriving2)e->directional)(e->owner->handle, unknowns, n, knowns, m, seed, e->result);
    return ((deriving3)e->directional)(e->owner->handle, unknowns, n, knowns, m, seed, size, e->result,
                                       (size_t)e->table->states);
}

int exchange_jacobian(exchange *e, double t, const double *x, double *matrix)
{
    size_t size = (size_t)e->table->states * (size_t)e->table->states;
    int answer = exchange_place(e, t, x);
    if (answer != GO_ON) return answer;
    for (int k = e->table->colours.first; k < e->table->colours.end; k++) {
        const colour_table *colour = &whole.colours[k];
        answer = verdict(e, direction(e, colour),
                         exchange_name(e, "fmi2GetDirectionalDerivative", "fmi3GetDirectionalDerivative"), t);
        if (answer != GO_ON) return answer;
        for (int n = colour->entries.first; n < colour->entries.end; n++)
            e->matrix[whole.matrix_entries[n].to] = e->result[whole.matrix_entries[n].from];
    }
    if (first_not_finite(e->matrix, size) >= 0) {
        snprintf(e->trouble, sizeof e->trouble, "a directional derivative was not finite at t = %.17g s", t);
        return TRY_SMALLER;
    }
    memcpy(matrix, e->matrix, size * sizeof *matrix);
    return GO_ON;
}
