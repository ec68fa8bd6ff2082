/* y' = GAIN u, by one explicit Euler step: u (0) in, y (1) out, which starts at START. */
#include "model.h"

const size_t model_size = 2;

void model_start(double *v) { v[0] = 0.0, v[1] = START; }

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
  v[1] += h * GAIN * v[0];
}
