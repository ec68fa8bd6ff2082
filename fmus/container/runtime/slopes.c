/* Slopes: derivatives of outputs that a component knows, and of inputs that it takes, for the next step or during it. */
#include <stdlib.h>

#include "exchange.h"
#include "part.h"

typedef int (*sloping)(void *, const unsigned *, size_t, const int *, double *);
typedef int (*sized_sloping)(void *, const unsigned *, size_t, const int *, double *, size_t);
typedef int (*setting)(void *, const unsigned *, size_t, const double *, size_t);

static const giving_table *giving_of(const part *p)
{
    int giving = p->table->extrapolation < 0 ? -1 : whole.extrapolations[p->table->extrapolation].giving;
    return giving < 0 ? NULL : &whole.givings[giving];
}

int part_binds_slopes(part *p, const char *function)
{
    const giving_table *giving = giving_of(p);
    const char *take = p->version->take_slopes, *tell = p->version->tell_slopes;
    p->tell_slopes = part_symbol(p, tell);
    if (!giving) return 1;
    if (take && !(p->take_slopes = part_symbol(p, take)))
        return instance_fail(p->whole, function, "component '%s': its library lacks %s", p->table->name, take);
    /* Behind the values and derivatives there is room for the values at a time during the step. */
    p->given = calloc((size_t)(giving->width * (giving->degree + 2)), sizeof *p->given);
    return p->given || instance_fail(p->whole, function, "out of memory");
}

int part_tells_slopes(part *p, const char *function, const reading_table *reading, double *values)
{
    const unsigned *references = whole.references + reading->first_reference;
    const char *name = p->version->tell_slopes;
    size_t n = (size_t)reading->n_references;
    int status, *orders = malloc(n * sizeof *orders);
    if (!p->tell_slopes || !orders) {
        free(orders);
        return instance_fail(p->whole, function, "component '%s': its library lacks %s", p->table->name, name);
    }
    for (size_t k = 0; k < n; k++) orders[k] = 1;
    if (p->table->fmi == 3)
        status = ((sized_sloping)p->tell_slopes)(p->handle, references, n, orders, values, (size_t)reading->n_values);
    else
        status = ((sloping)p->tell_slopes)(p->handle, references, n, orders, values);
    free(orders);
    return part_checks(p, function, status, name);
}

int part_takes_slopes(part *p, const char *function, const giving_table *giving, double time)
{
    size_t n = (size_t)giving->n_references;
    const unsigned *references = whole.references + giving->first_reference;
    p->given_at = time;
    p->given_status = STATUS_OK;
    if (p->exchange) courses_given(p->exchange, giving, p->given + giving->width);
    if (p->exchange || p->table->fmi == 3) return 1; /* it asks during its step */
    int status = STATUS_OK, *orders = malloc(n * sizeof *orders); /* the references are there once for each order */
    if (!orders) return instance_fail(p->whole, function, "out of memory");
    for (size_t k = 0; k < n; k++) orders[k] = 1 + (int)k / giving->width;
    status = ((sloping)p->take_slopes)(p->handle, references, n, orders, p->given + giving->width);
    free(orders);
    return part_checks(p, function, status, p->version->take_slopes);
}

void part_asks_inputs(part *p, double time)
{
    const giving_table *giving = giving_of(p);
    if (!giving || p->given_status > STATUS_WARNING) return; /* nothing more is set after a failure */
    double after = time - p->given_at, *now = p->given + giving->width * (giving->degree + 1);
    for (int k = 0; k < giving->width; k++) {
        const double *given = p->given + k;
        now[k] = given[0] + given[giving->width] * after;
        if (giving->degree > 1) now[k] += given[2 * giving->width] * (0.5 * after * after);
    }
    size_t n = (size_t)giving->n_references;
    int status = ((setting)p->set[FLOAT64])(p->handle, whole.references + giving->first_reference, n, now,
                                            (size_t)giving->width);
    if (status != STATUS_OK) p->given_status = status;
}

int part_took_inputs(part *p, const char *function)
{
    int status = p->given_status;
    p->given_status = STATUS_OK;
    return part_checks(p, function, status, "fmi3SetFloat64 in an intermediate update");
}
