/* WIDTH first-order lags side by side, y' = u - y, by one explicit Euler step: inputs 0 to WIDTH - 1, then outputs.
 *
 * Outputs start at LEVEL (1 + i / WIDTH). With BURN each step takes so many nanoseconds of its thread's CPU time. */
#define _POSIX_C_SOURCE 199309L
#include "model.h"

#include <time.h>

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

#ifdef BURN
static long long thread_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}
#endif

void model_step(double *v, double t, double h, long before) {
  (void)t, (void)before;
#ifdef BURN
  const long long until = thread_time() + BURN;
  while (thread_time() < until) {}
#endif
  for (int i = 0; i < WIDTH; i++) v[WIDTH + i] += h * (v[i] - v[WIDTH + i]);
}
