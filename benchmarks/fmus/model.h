/* A model of the benchmarks: real variables, counted by their value references, and a step over all of them.
 *
 * It costs next to nothing, so that what a master adds shows. `before` says how often doStep was called. */
#ifndef MODEL_H
#define MODEL_H

#include <stddef.h>

extern const size_t model_size;
/* Writes the start values of all variables. */
void model_start(double *v);
/* Takes them from t to t + h (s). `before` counts the steps made so far. */
void model_step(double *v, double t, double h, long before);

#endif
