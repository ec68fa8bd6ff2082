/* The whole life of the FMU of a surrogate, for sanitizers; its macro step is a second. */
#include "fmi3Functions.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int messages, failures;

static void hear(fmi3InstanceEnvironment e, fmi3Status status, fmi3String category, fmi3String text) {
  (void)e, (void)status, (void)category, (void)text;
  messages++;
}

static void demand(int fine, const char *what) {
  if (fine) return;
  fprintf(stderr, "not as demanded: %s\n", what);
  failures++;
}

#define DEMAND(condition) demand(condition, #condition)

static fmi3Status step(fmi3Instance c, double t, double h) {
  fmi3Boolean event, terminate, early;
  fmi3Float64 reached;
  return fmi3DoStep(c, t, h, 0, &event, &terminate, &early, &reached);
}

static void keeps(fmi3Instance c) {
  fmi3FMUState state = NULL, other = NULL;
  size_t size;
  DEMAND(fmi3GetFMUState(c, &state) == fmi3OK && fmi3GetFMUState(c, &state) == fmi3OK);
  DEMAND(fmi3SerializedFMUStateSize(c, state, &size) == fmi3OK);
  fmi3Byte *bytes = malloc(size);
  DEMAND(fmi3SerializeFMUState(c, state, bytes, size) == fmi3OK);
  DEMAND(fmi3SerializeFMUState(c, state, bytes, size - 1) == fmi3Error);
  for (size_t cut = 0; cut < size; cut += 7) DEMAND(fmi3DeserializeFMUState(c, bytes, cut, &other) == fmi3Error && !other);
  DEMAND(fmi3DeserializeFMUState(c, bytes, size, &other) == fmi3OK && fmi3SetFMUState(c, other) == fmi3OK);
  DEMAND(fmi3DeserializeFMUState(c, bytes, size, &other) == fmi3OK && fmi3SetFMUState(c, NULL) == fmi3Error);
  DEMAND(fmi3FreeFMUState(c, &state) == fmi3OK && fmi3FreeFMUState(c, &other) == fmi3OK);
  free(bytes);
}

int main(int n, char **arguments) {
  if (n < 2) return 2;
  DEMAND(!fmi3InstantiateCoSimulation("x", "wrong", NULL, 0, 0, 0, 0, NULL, 0, NULL, hear, NULL));
  fmi3Instance c = fmi3InstantiateCoSimulation("x", arguments[1], NULL, 0, 1, 0, 0, NULL, 0, NULL, hear, NULL);
  DEMAND(step(c, 0.0, 1.0) == fmi3Error && fmi3ExitInitializationMode(c) == fmi3Error);
  DEMAND(fmi3EnterInitializationMode(c, 0, 0.0, 0.0, 0, 0.0) == fmi3OK && fmi3ExitInitializationMode(c) == fmi3OK);
  fmi3Float64 value = NAN;
  for (fmi3ValueReference reference = 0; reference < 1000; reference++) {
    fmi3GetFloat64(c, &reference, 1, &value, 1);
    if (reference > 300) DEMAND(fmi3SetFloat64(c, &reference, 1, &value, 1) == fmi3Error);
  }
  DEMAND(step(c, 0.0, 1.0) == fmi3OK && step(c, 1.0, 0.5) == fmi3Error);
  keeps(c);
  value = NAN;
  fmi3ValueReference first = 0;
  DEMAND(fmi3SetFloat64(c, &first, 1, &value, 1) == fmi3OK && step(c, 1.0, 1.0) == fmi3Error);
  DEMAND(step(c, 1.0, 1.0) == fmi3Error && fmi3Reset(c) == fmi3OK);
  fmi3FreeInstance(c);
  printf("%d messages\n", messages);
  return failures != 0;
}
