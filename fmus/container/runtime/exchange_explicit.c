/* Explicit Runge-Kutta methods of a fixed step, whose state events are located by bisection. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"

typedef struct {
    int stages;
    double nodes[4], weights[4];
} method;

/* Each stage uses the one before (Hairer, Norsett, Wanner: Solving Ordinary Differential Equations I, section II.1). */
static const method methods[] = {
    [EULER] = {1, {0.0}, {1.0}},
    [HEUN] = {2, {0.0, 1.0}, {1.0 / 2.0, 1.0 / 2.0}},
    [RK4] = {4, {0.0, 1.0 / 2.0, 1.0 / 2.0, 1.0}, {1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0}},
};

int explicit_makes(exchange *e)
{
    explicit_solver *s = &e->explicitly;
    size_t n = (size_t)e->table->states + 1, m = (size_t)e->indicators + 1;
    s->before = calloc(n, sizeof *s->before);
    s->stage = calloc(n, sizeof *s->stage);
    s->rates = calloc(n * (size_t)methods[e->table->method].stages, sizeof *s->rates);
    s->z = calloc(m, sizeof *s->z);
    s->positive = calloc(m, sizeof *s->positive);
    return s->before && s->stage && s->rates && s->z && s->positive;
}

void explicit_ends(exchange *e)
{
    explicit_solver *s = &e->explicitly, none = {0};
    free(s->before);
    free(s->stage);
    free(s->rates);
    free(s->z);
    free(s->positive);
    *s = none;
}

void explicit_restarts(exchange *e)
{
    e->explicitly.time = *e->at.time;
    e->explicitly.known = 0;
}

/* Puts the end of a step into the states. */
static int tries(exchange *e, double start, double end)
{
    const method *how = &methods[e->table->method];
    const explicit_solver *s = &e->explicitly;
    int n = e->table->states;
    double h = end - start, *x = e->at.x;
    for (int stage = 0; stage < how->stages; stage++) {
        double way = how->nodes[stage] * h;
        const double *rates = s->rates + (stage ? (stage - 1) * n : 0);
        for (int k = 0; k < n; k++) s->stage[k] = stage ? s->before[k] + way * rates[k] : s->before[k];
        int answer = exchange_derivatives(e, start + way, s->stage, s->rates + stage * n);
        if (answer != GO_ON) return answer;
    }
    for (int k = 0; k < n; k++) {
        double total = how->weights[0] * s->rates[k];
        for (int stage = 1; stage < how->stages; stage++) total += how->weights[stage] * s->rates[stage * n + k];
        x[k] = s->before[k] + h * total;
    }
    return GO_ON;
}

static int evaluates(exchange *e, double t)
{
    return e->indicators ? exchange_indicators(e, t, e->at.x, e->explicitly.z) : GO_ON;
}

static int changed(const exchange *e)
{
    for (int k = 0; k < e->indicators; k++)
        if ((e->explicitly.z[k] > 0.0) != e->explicitly.positive[k]) return 1;
    return 0;
}

static int looks(exchange *e, double t)
{
    int answer = evaluates(e, t);
    for (int k = 0; k < e->indicators; k++) e->explicitly.positive[k] = e->explicitly.z[k] > 0.0;
    e->explicitly.known = answer == GO_ON;
    return answer;
}

static int arrives(exchange *e, double t, int crossed)
{
    e->explicitly.time = *e->at.time = t;
    e->crossed = crossed;
    return 1;
}

/* By bisection: where an indicator changes its domain. */
static int locates(exchange *e, double start, double end)
{
    double low = start, high = end, rounding = 4.0 * DBL_EPSILON * fmax(fabs(start), fabs(end));
    while (high - low > rounding) {
        double middle = low + (high - low) / 2.0;
        if (tries(e, start, middle) != GO_ON || evaluates(e, middle) != GO_ON) return 0;
        if (changed(e))
            high = middle;
        else
            low = middle;
    }
    return tries(e, start, high) == GO_ON && arrives(e, high, 1);
}

int explicit_steps(exchange *e, double stop)
{
    explicit_solver *s = &e->explicitly;
    double start = s->time;
    memcpy(s->before, e->at.x, (size_t)e->table->states * sizeof *s->before);
    if (!s->known && looks(e, start) != GO_ON) return 0;
    double count = ceil((stop - start) / e->table->step * (1.0 - 1e-9));
    double end = count <= 1.0 ? stop : start + (stop - start) / count;
    if (tries(e, start, end) != GO_ON || evaluates(e, end) != GO_ON) return 0;
    return changed(e) ? locates(e, start, end) : arrives(e, end, 0);
}
