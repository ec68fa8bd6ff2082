/* WIDTH / 2 oscillators, the k-th with k + 1 rad/s, weakly drawn to the inputs: values that never come to rest.
 * Inputs 0 to WIDTH - 1, then outputs. One step of the semi-implicit Euler method. */
#include "model.h"

#ifndef WIDTH
#define WIDTH 10
#endif
#ifndef LEVEL
#define LEVEL 1.0
#endif

const size_t model_size = 2 * WIDTH;

void model_start(double *v) {
  for (int i = 0; i < WIDTH; i++) {
    v[i] = 0.0;
    v[WIDTH + i] = i % 2 ? 0.0 : LEVEL;
  }
}

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
  for (int i = 0; i < WIDTH; i += 2) {
    double *y = v + WIDTH + i;
    const double rate = i / 2 + 1.0;
    y[0] += h * (rate * y[1] + 1e-3 * (v[i] - y[0]));
    y[1] += h * (-rate * y[0] + 1e-3 * (v[i + 1] - y[1]));
  }
}
