/* A sampled PID that holds a position of 0.05 m: x (0) and v (1) in, force F (2) out; the integral is 3.
 * It acts in every tenth step. */
#include "model.h"

const size_t model_size = 4;

void model_start(double *v) { v[0] = v[1] = v[2] = v[3] = 0.0; }

void model_step(double *v, double t, double h, long before) {
  (void)t;
  if (before % 10) return;
  const double error = 0.05 - v[0];
  v[3] += 10.0 * h * error;
  v[2] = 40.0 * error + 60.0 * v[3] - 8.0 * v[1];
}
