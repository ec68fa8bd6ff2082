/* Polynomials through values at communication points, at the base of a step; arrays are over extrapolated elements.
 *
 * u(t) = c[0] + c[1] (t - base) + c[2] (t - base)^2, the coefficients of one element n places apart. As the engine has
 * them (orchestrator/master/polynomials.py), with the same bits.
 */
#ifndef POLYNOMIALS_H
#define POLYNOMIALS_H

typedef struct {
    double *c, base; /* s */
    int n;
} polynomials;

/* What is remembered of some elements (`ranks`, so many of them): points in the order of time, the derivatives at those
 * that have such. */
typedef struct {
    double *points, *times, *has_slopes, *values, *slopes;
    const int *ranks;
    int size, room;
} past;

double polynomial_value(const polynomials *p, int rank, double t);
double polynomial_mean(const polynomials *p, int rank, double start, double end);

/* Over a step of h (s) that begins at the base: through the last points, or to `newest` values, whose time is NaN where
 * there are none. */
void polynomials_onwards(polynomials *p, const past *known, int order, double h, double time, const double *newest);

int past_is_new(const past *known, double time);
int past_room(past *known); /* makes room for a point; its number */

#endif
