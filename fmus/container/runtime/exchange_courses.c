/* Inputs of a component for Model Exchange that change in continuous time, u(t0 + s) = u(t0) + d1 s + d2 s^2 / 2: they are
 * set wherever the solver evaluates. As the engine has them (orchestrator/fmi/exchange_courses.py), with the same bits.
 */
#include <float.h>
#include <math.h>

#include "exchange.h"

/* Relative difference that is none. */
#define ROUNDING (16.0 * DBL_EPSILON)

typedef int (*values2)(void *, const unsigned *, size_t, double *);
typedef int (*values3)(void *, const unsigned *, size_t, double *, size_t);

/* Values now and at the start, their derivatives, and what holds for the next step; the start (s). */
typedef struct {
    double *now, *base, *slopes, *curvatures, *wanted, *given_slopes, *given_curvatures, *start;
    int n;
} courses;

static courses of(const exchange *e)
{
    double *first = (double *)(e->owner->whole->image + e->table->courses_memory);
    int n = e->table->n_courses;
    return (courses){first, first + n, first + 2 * n, first + 3 * n, first + 4 * n, first + 5 * n, first + 6 * n,
                     first + 7 * n, n};
}

static int transfers(const exchange *e, double *values, int setting)
{
    const part *p = e->owner;
    void *which = e->functions[setting ? SET_REALS : GET_REALS];
    const unsigned *references = whole.references + e->table->first_course;
    size_t n = (size_t)e->table->n_course_references;
    if (p->table->fmi < 3) return ((values2)which)(p->handle, references, n, values);
    return ((values3)which)(p->handle, references, n, values, (size_t)e->table->n_courses);
}

int courses_read(exchange *e, const char *function)
{
    const courses c = of(e);
    if (c.n == 0) return 1;
    const char *name = exchange_name(e, GET_REALS);
    if (!part_checks(e->owner, function, transfers(e, c.now, 0), name)) return 0;
    for (int k = 0; k < c.n; k++) {
        c.wanted[k] = c.base[k] = c.now[k];
        c.slopes[k] = c.curvatures[k] = c.given_slopes[k] = c.given_curvatures[k] = 0.0;
    }
    return 1;
}

void courses_take(exchange *e, int first, const double *values, int n)
{
    double *wanted = of(e).wanted + first;
    for (int k = 0; k < n; k++) wanted[k] = values[k];
}

void courses_given(exchange *e, const giving_table *giving, const double *derivatives)
{
    const courses c = of(e);
    for (int k = 0; k < giving->width; k++) {
        unsigned place = whole.references[giving->first_reference + k];
        c.given_slopes[place] = derivatives[k];
        c.given_curvatures[place] = giving->degree > 1 ? derivatives[giving->width + k] : 0.0;
    }
}

static int differ(double one, double other, double scale)
{
    return fabs(one - other) > ROUNDING * fmax(fmax(fabs(one), fabs(other)), fabs(scale));
}

int courses_jump(exchange *e, const char *function)
{
    const courses c = of(e);
    int others = 0;
    for (int k = 0; k < c.n; k++) others += differ(c.wanted[k], c.now[k], c.base[k]);
    if (!others) return 1;
    if (!exchange_opens(e, function)) return 0;
    const char *name = exchange_name(e, SET_REALS);
    if (!part_checks(e->owner, function, transfers(e, c.wanted, 1), name)) return 0;
    for (int k = 0; k < c.n; k++) c.now[k] = c.wanted[k];
    return 1;
}

void courses_begin(exchange *e)
{
    const courses c = of(e);
    double after = c.n ? *e->at.time - *c.start : 0.0;
    int turned = 0;
    for (int k = 0; k < c.n; k++) {
        turned += differ(c.given_slopes[k], c.slopes[k] + c.curvatures[k] * after, 0.0);
        turned += differ(c.given_curvatures[k], c.curvatures[k], 0.0);
        c.base[k] = c.wanted[k];
        c.slopes[k] = c.given_slopes[k];
        c.curvatures[k] = c.given_curvatures[k];
        c.given_slopes[k] = c.given_curvatures[k] = 0.0;
    }
    if (c.n) *c.start = *e->at.time;
    if (turned) *e->at.fresh = 0.0;
}

static void evaluate(const courses *c, double t)
{
    double after = t - *c->start;
    for (int k = 0; k < c->n; k++)
        c->now[k] = (c->curvatures[k] * (0.5 * after) + c->slopes[k]) * after + c->base[k];
}

int courses_place(exchange *e, double t)
{
    const courses c = of(e);
    if (c.n == 0) return STATUS_OK;
    evaluate(&c, t);
    return transfers(e, c.now, 1);
}

void courses_end(exchange *e)
{
    const courses c = of(e);
    if (c.n == 0) return;
    evaluate(&c, *e->at.time);
    for (int k = 0; k < c.n; k++) c.wanted[k] = c.now[k];
}
