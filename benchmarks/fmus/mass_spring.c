/* A mass of 1 kg at a spring of 100 N/m with a damper of 1 N s/m: force F in (0), position x (1) and speed v (2) out.
 * One step of the semi-implicit Euler method. */
#include "model.h"

const size_t model_size = 3;

void model_start(double *v) { v[0] = 0.0, v[1] = 0.1, v[2] = 0.0; }

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
  v[2] += h * (v[0] - 100.0 * v[1] - v[2]);
  v[1] += h * v[2];
}
