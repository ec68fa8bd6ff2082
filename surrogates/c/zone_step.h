/* An instance of a surrogate, and what is done with it. */
#ifndef ZONE_STEP_H
#define ZONE_STEP_H

#include <stddef.h>
#include <stdint.h>

#include "zone_sizes.h"

#define EXPORT __attribute__((visibility("default")))

enum { V, DOT_PROBE, Y_O2, Y_CO2, LUMPS = 17, SCALARS = 4, RATES = 4, SPECIES = 4 };
enum { STIRRER_SPEED, AIR_FLOW, FEED, CER };
enum { X, S, A, DOT };
enum { MEAN, ENTRY, PROBE, TRANSFER, READINGS };
enum { OK, OTHER_STEP, NOT_FINITE, NO_MEMORY };

#define OUTPUTS (SPECIES * N + LUMPS + SPECIES + 3 + 2)
#define BOUNDED (SCALARS + 2 + SPECIES * GROUPS)

typedef double Fields[SPECIES][K];

/* What the run knows of an instance; surrogates/machine.py has the same. `held` are the scalars of the last step. */
typedef struct {
  double *values;
  const int64_t *inputs, *outputs;
  Fields *z;
  double *lumps, *held;
  int64_t outside, steps, size;
} Instance;

/* A kept state; behind it lie the values of the instance. */
typedef struct {
  Fields z;
  double lumps[LUMPS], held[SCALARS];
  int64_t outside;
  double values[];
} State;

/* How what may fail has ended; where it is not OK nothing has changed. */
EXPORT int32_t surrogate_restart(Instance *it);
EXPORT int32_t surrogate_step(Instance *it, double t, double h);
EXPORT int32_t surrogate_keep(Instance *it, State **state);
EXPORT int32_t surrogate_go_back(Instance *it, const State *state);
EXPORT int32_t surrogate_free(Instance *it, State **state);
EXPORT int32_t surrogate_set(Instance *it, const int64_t *places, size_t count, const double *values, size_t size);
EXPORT int32_t surrogate_get(Instance *it, const int64_t *places, size_t count, double *values, size_t size);
EXPORT int32_t surrogate_outside(const Instance *it, double *value, double *bound);

#endif
