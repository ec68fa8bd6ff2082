/* WIDTH first-order lags side by side, y' = u - y, by one explicit Euler step: inputs 0 to WIDTH - 1, then outputs.
 *
 * Outputs start at LEVEL (1 + i / WIDTH). */
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
    v[WIDTH + i] = LEVEL * (1.0 + (double)i / WIDTH);
  }
}

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
  for (int i = 0; i < WIDTH; i++) v[WIDTH + i] += h * (v[i] - v[WIDTH + i]);
}
