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

const char *exchange_name(const exchange *e, exchange_function which)
{
    static const char *const names[EXCHANGE_FUNCTIONS][3] = {
        [SET_TIME] = {"fmiSetTime", "fmi2SetTime", "fmi3SetTime"},
        [SET_STATES] = {"fmiSetContinuousStates", "fmi2SetContinuousStates", "fmi3SetContinuousStates"},
        [GET_STATES] = {"fmiGetContinuousStates", "fmi2GetContinuousStates", "fmi3GetContinuousStates"},
        [DERIVATIVES] = {"fmiGetDerivatives", "fmi2GetDerivatives", "fmi3GetContinuousStateDerivatives"},
        [NOMINALS] = {"fmiGetNominalContinuousStates", "fmi2GetNominalsOfContinuousStates",
                      "fmi3GetNominalsOfContinuousStates"},
        [INDICATORS] = {"fmiGetEventIndicators", "fmi2GetEventIndicators", "fmi3GetEventIndicators"},
        [ENTER_EVENT_MODE] = {NULL, "fmi2EnterEventMode", "fmi3EnterEventMode"},
        [ENTER_CONTINUOUS_TIME] = {NULL, "fmi2EnterContinuousTimeMode", "fmi3EnterContinuousTimeMode"},
        [UPDATE] = {"fmiEventUpdate", "fmi2NewDiscreteStates", "fmi3UpdateDiscreteStates"},
        [COMPLETED] = {"fmiCompletedIntegratorStep", "fmi2CompletedIntegratorStep", "fmi3CompletedIntegratorStep"},
        [DIRECTIONAL] = {NULL, "fmi2GetDirectionalDerivative", "fmi3GetDirectionalDerivative"},
        [SET_REALS] = {"fmiSetReal", "fmi2SetReal", "fmi3SetFloat64"},
        [GET_REALS] = {"fmiGetReal", "fmi2GetReal", "fmi3GetFloat64"},
    };
    return names[which][e->owner->table->fmi - 1];
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
    int answer = verdict(e, ((timing)e->functions[SET_TIME])(handle, t), exchange_name(e, SET_TIME), t);
    if (answer != GO_ON) return answer;
    int status = courses_place(e, t);
    answer = verdict(e, status, exchange_name(e, SET_REALS), t);
    if (answer != GO_ON || !e->table->states) return answer;
    status = ((vector)e->functions[SET_STATES])(handle, (double *)x, (size_t)e->table->states);
    return verdict(e, status, exchange_name(e, SET_STATES), t);
}

int exchange_derivatives(exchange *e, double t, const double *x, double *dx)
{
    size_t n = (size_t)e->table->states;
    int answer = exchange_place(e, t, x);
    if (answer != GO_ON || n == 0) return answer;
    int status = ((vector)e->functions[DERIVATIVES])(e->owner->handle, dx, n);
    answer = verdict(e, status, exchange_name(e, DERIVATIVES), t);
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
    int status = ((vector)e->functions[INDICATORS])(e->owner->handle, z, (size_t)e->indicators);
    answer = verdict(e, status, exchange_name(e, INDICATORS), t);
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
        return ((deriving2)e->functions[DIRECTIONAL])(e->owner->handle, unknowns, n, knowns, m, seed, e->result);
    return ((deriving3)e->functions[DIRECTIONAL])(e->owner->handle, unknowns, n, knowns, m, seed, size, e->result,
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
                         exchange_name(e, DIRECTIONAL), t);
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
