/* Polynomials through values at communication points. */
#include "polynomials.h"

#include <math.h>
#include <string.h>

/* Points that lie closer together than this part of a step make no slope for it. */
#define NEAREST 0.05

typedef struct {
    double time; /* s */
    const double *values;
} node;

typedef struct {
    node at[3];
    int count, most;
    double distance; /* s */
} nodes;

double polynomial_value(const polynomials *p, int rank, double t)
{
    double s = t - p->base;
    return p->c[rank] + s * (p->c[p->n + rank] + s * p->c[2 * p->n + rank]);
}

double polynomial_mean(const polynomials *p, int rank, double start, double end)
{
    double a = start - p->base, b = end - p->base;
    return p->c[rank] + p->c[p->n + rank] * (a + b) / 2.0 + p->c[2 * p->n + rank] * (a * a + a * b + b * b) / 3.0;
}

static void add(nodes *chosen, double time, const double *values)
{
    for (int k = 0; k < chosen->count; k++)
        if (!(fabs(time - chosen->at[k].time) >= chosen->distance)) return;
    if (chosen->count < chosen->most) chosen->at[chosen->count++] = (node){time, values};
}

/* The points that the polynomials go through. */
static nodes choose(const past *known, int order, double h, double time, const double *newest)
{
    nodes chosen = {.most = order + 1, .distance = NEAREST * h};
    int last = (int)*known->points - 1, is_newer = !isnan(time);
    if (order == 0 && is_newer) add(&chosen, time, newest); /* the newest of two comes first, and one is taken */
    if (chosen.count == 0) add(&chosen, known->times[last], known->values + last * known->size);
    if (order == 0) return chosen;
    if (is_newer) add(&chosen, time, newest);
    for (int k = last - 1; k >= 0; k--) add(&chosen, known->times[k], known->values + k * known->size);
    return chosen;
}

/* By divided differences; the value of the first point is met exactly where it lies at the base. */
static void through(polynomials *p, const past *known, const nodes *chosen)
{
    const node *at = chosen->at;
    int count = chosen->count;
    double s0 = at[0].time - p->base, s1 = count > 1 ? at[1].time - p->base : 0.0;
    double s2 = count > 2 ? at[2].time - p->base : 0.0;
    for (int k = 0; k < known->size; k++) {
        double c0 = at[0].values[k], c1 = 0.0, c2 = 0.0;
        if (count > 1) {
            double f01 = (at[1].values[k] - at[0].values[k]) / (s1 - s0);
            c0 -= f01 * s0;
            c1 = f01;
            if (count > 2) {
                double f12 = (at[2].values[k] - at[1].values[k]) / (s2 - s1), f012 = (f12 - f01) / (s2 - s0);
                c0 += f012 * s0 * s1;
                c1 -= f012 * (s0 + s1);
                c2 = f012;
            }
        }
        int rank = known->ranks[k];
        p->c[rank] = c0, p->c[p->n + rank] = c1, p->c[2 * p->n + rank] = c2;
    }
}

/* The same for elements whose derivative is known at the last point. */
static void touching(polynomials *p, const past *known, int order, const nodes *chosen)
{
    int last = (int)*known->points - 1, has_other = chosen->count > 1;
    if (known->has_slopes[last] == 0.0 || order == 0) return;
    double at = known->times[last], other = has_other ? chosen->at[1].time : at;
    if (order == 1 && has_other && other > at) return;
    const double *values = known->values + last * known->size, *others = has_other ? chosen->at[1].values : values;
    double s = at - p->base, distance = other - at;
    for (int k = 0; k < known->size; k++) {
        double d = known->slopes[last * known->size + k], q = 0.0;
        int rank = known->ranks[k];
        if (isnan(d)) continue;
        if (order == 2 && has_other) q = (others[k] - values[k] - d * distance) / (distance * distance);
        p->c[rank] = values[k] - d * s + q * s * s;
        p->c[p->n + rank] = d - 2.0 * q * s;
        p->c[2 * p->n + rank] = q;
    }
}

void polynomials_onwards(polynomials *p, const past *known, int order, double h, double time, const double *newest)
{
    nodes chosen = choose(known, order, h, time, newest);
    through(p, known, &chosen);
    touching(p, known, order, &chosen);
}

int past_is_new(const past *known, double time)
{
    int points = (int)*known->points;
    return points == 0 || !(time <= known->times[points - 1]);
}

int past_room(past *known)
{
    int points = (int)*known->points;
    size_t left = (size_t)(known->room - 1), row = left * (size_t)known->size * sizeof(double);
    if (points < known->room) {
        *known->points = points + 1;
        return points;
    }
    memmove(known->times, known->times + 1, left * sizeof(double));
    memmove(known->has_slopes, known->has_slopes + 1, left * sizeof(double));
    memmove(known->values, known->values + known->size, row);
    memmove(known->slopes, known->slopes + known->size, row);
    return points - 1;
}
