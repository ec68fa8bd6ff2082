/* The equations of the model with the scratch memory that they need: every call is (x, z, u, p) -> result. */
#ifndef EQUATIONS_H
#define EQUATIONS_H

#include "model.h"

typedef struct {
    const double **argument;
    double **result;
    model_int *integers;
    double *reals;
} scratch;

typedef struct {
    const double *x, *z, *u, *p;
} point;

typedef int equation(const double **, double **, model_int *, double *, int);

int scratch_allocate(scratch *s);
void scratch_free(scratch *s);

/* result = function(at) */
void evaluate(equation *function, scratch *s, point at, double *result);

/* Directions of the derivatives and of the outputs along a seed of (x, z, u, p). */
void evaluate_sensitivities(scratch *s, point at, point seed, double *derivatives, double *outputs);

#endif
