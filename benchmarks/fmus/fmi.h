/* What both versions of FMI share: an instance, its kept states, functions that a model of the benchmarks lacks.
 *
 * With BURN each step takes so many nanoseconds of its thread's CPU time. */
#ifndef FMI_H
#define FMI_H

#include "model.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { OK = 0, ERROR = 3 };

typedef struct {
  long steps;
  double v[];
} Instance;

static inline size_t instance_size(void) { return sizeof(Instance) + model_size * sizeof(double); }

static inline Instance *instance_new(void) {
  Instance *made = calloc(1, instance_size());
  if (made) model_start(made->v);
  return made;
}

static inline int instance_get(const Instance *c, const uint32_t vr[], size_t n, double values[]) {
  for (size_t i = 0; i < n; i++) {
    if (vr[i] >= model_size) return ERROR;
    values[i] = c->v[vr[i]];
  }
  return OK;
}

static inline int instance_set(Instance *c, const uint32_t vr[], size_t n, const double values[]) {
  for (size_t i = 0; i < n; i++) {
    if (vr[i] >= model_size) return ERROR;
    c->v[vr[i]] = values[i];
  }
  return OK;
}

#ifdef BURN
static inline long long thread_time(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}
#endif

static inline int instance_step(Instance *c, double t, double h) {
#ifdef BURN
  const long long until = thread_time() + BURN;
  while (thread_time() < until) {}
#endif
  model_step(c->v, t, h, c->steps++);
  return OK;
}

static inline int instance_keep(const Instance *c, void **state) {
  if (!*state && !(*state = malloc(instance_size()))) return ERROR;
  memcpy(*state, c, instance_size());
  return OK;
}

static inline int instance_return(Instance *c, const void *state) {
  memcpy(c, state, instance_size());
  return OK;
}

static inline int state_free(void **state) {
  free(*state);
  *state = NULL;
  return OK;
}

#define EXPORT __attribute__((visibility("default")))
#define LACKS(name) EXPORT int name(void) { return ERROR; }

#endif
