/* y' = the mean of INPUTS inputs - y, by one explicit Euler step; y starts at LEVEL, inputs at 1. Inputs first, then y. */
#include "model.h"

#ifndef INPUTS
#define INPUTS 3
#endif
#ifndef LEVEL
#define LEVEL 1.0
#endif

const size_t model_size = INPUTS + 1;

void model_start(double *v) {
  for (int i = 0; i < INPUTS; i++) v[i] = 1.0;
  v[INPUTS] = LEVEL;
}

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
  double sum = 0.0;
  for (int i = 0; i < INPUTS; i++) sum += v[i];
  v[INPUTS] += h * (sum / INPUTS - v[INPUTS]);
}
