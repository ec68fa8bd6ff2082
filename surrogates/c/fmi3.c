/* A surrogate as an FMU of FMI 3.0 for Co-Simulation. A value reference is the place of a variable's first element.

   zone_fmu.h, generated from a package, tells the variables. What is done is what surrogates/instance.py does. */
#include "fmi3Functions.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zone_step.h"

typedef enum { INPUT, PARAMETER, STATE, CALCULATED, TIME } Kind;

typedef struct {
  const char *name;
  Kind kind;
  int first, length;
} Variable;

#include "zone_fmu.h"

enum { INSTANTIATED = 1, INITIALIZATION = 2, STEPPING = 4, TERMINATED = 8, FAILED = 16 };
#define USABLE (INSTANTIATED | INITIALIZATION | STEPPING)
#define ANY (USABLE | TERMINATED | FAILED)

/* What is kept beside the state of the surrogate. */
typedef struct {
  double time; /* s */
  int32_t mode, outside;
} Condition;

typedef struct {
  Instance core;
  Fields z;
  double lumps[LUMPS], held[SCALARS], values[VALUES + 1]; /* the last one is the time */
  Condition now;
  fmi3InstanceEnvironment environment;
  fmi3LogMessageCallback log;
} Surrogate;

typedef struct {
  Condition now;
  State *state;
} Kept;

typedef struct {
  char token[64];
  Condition now;
} Header;

#define STATE_BYTES (sizeof(State) + VALUES * sizeof(double))

static void says(Surrogate *it, fmi3Status status, const char *text) {
  if (it->log) it->log(it->environment, status, status == fmi3Warning ? "logStatusWarning" : "logStatusError", text);
}

__attribute__((format(printf, 3, 4)))
static int instance_fail(Surrogate *it, const char *function, const char *format, ...) {
  char message[600];
  int used = snprintf(message, sizeof message, "%s: ", function);
  va_list values;
  va_start(values, format);
  vsnprintf(message + used, sizeof message - (size_t)used, format, values);
  va_end(values);
  says(it, fmi3Error, message);
  return 0;
}

static int allows(Surrogate *it, int modes, const char *function) {
  if (!it || it->now.mode & modes) return it != NULL;
  return instance_fail(it, function, "not allowed now%s", it->now.mode == FAILED ? ", after an error: reset it" : "");
}

#define STATUS(success) ((success) ? fmi3OK : fmi3Error)

const char *fmi3GetVersion(void) { return fmi3Version; }

static fmi3Instance refused(fmi3InstanceEnvironment environment, fmi3LogMessageCallback log, const char *message) {
  if (log) log(environment, fmi3Error, "logStatusError", message);
  return NULL;
}

static void start(Surrogate *it) {
  memcpy(it->values, STARTS, sizeof STARTS);
  it->values[VALUES] = 0.0;
  memset(it->z, 0, sizeof it->z);
  memset(it->lumps, 0, sizeof it->lumps);
  memset(it->held, 0, sizeof it->held);
  it->core = (Instance){it->values, INPUTS_AT, OUTPUTS_AT, &it->z, it->lumps, it->held, 0, 0, VALUES};
  it->now = (Condition){0.0, INSTANTIATED, 0};
}

fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                         fmi3Boolean logging, fmi3Boolean event_mode, fmi3Boolean early_return,
                                         const fmi3ValueReference required[], size_t n_required,
                                         fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                         fmi3IntermediateUpdateCallback intermediate_update) {
  (void)name, (void)resources, (void)visible, (void)logging, (void)early_return, (void)required;
  (void)intermediate_update;
  if (!token || strcmp(token, TOKEN))
    return refused(environment, log, "fmi3InstantiateCoSimulation: the token does not belong to this binary");
  if (event_mode || n_required)
    return refused(environment, log, "fmi3InstantiateCoSimulation: not supported: Event Mode, intermediate variables");
  Surrogate *it = calloc(1, sizeof *it);
  if (!it) return refused(environment, log, "fmi3InstantiateCoSimulation: out of memory");
  it->environment = environment;
  it->log = log;
  start(it);
  return it;
}

fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                          fmi3Boolean logging, fmi3InstanceEnvironment environment,
                                          fmi3LogMessageCallback log) {
  (void)name, (void)token, (void)resources, (void)visible, (void)logging;
  return refused(environment, log, "fmi3InstantiateModelExchange: not supported: use Co-Simulation");
}

fmi3Instance fmi3InstantiateScheduledExecution(fmi3String name, fmi3String token, fmi3String resources,
                                               fmi3Boolean visible, fmi3Boolean logging,
                                               fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                               fmi3ClockUpdateCallback clock_update, fmi3LockPreemptionCallback lock,
                                               fmi3UnlockPreemptionCallback unlock) {
  (void)name, (void)token, (void)resources, (void)visible, (void)logging, (void)clock_update, (void)lock, (void)unlock;
  return refused(environment, log, "fmi3InstantiateScheduledExecution: not supported: use Co-Simulation");
}

void fmi3FreeInstance(fmi3Instance c) { free(c); }

fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String categories[]) {
  (void)on, (void)n, (void)categories; /* errors and warnings are always logged */
  return STATUS(c);
}

static int succeeds(Surrogate *it, const char *function, int32_t status) {
  if (status == OK) return 1;
  it->now.mode = FAILED;
  if (status == NO_MEMORY) return instance_fail(it, function, "out of memory");
  return instance_fail(it, function, "a value is not finite at t = %.9g s: look at its inputs and start values",
                       it->now.time);
}

/* A message where it has just left its validity domain. */
static void looks_around(Surrogate *it) {
  double value, bound;
  char text[400];
  int32_t worst = surrogate_outside(&it->core, &value, &bound), before = it->now.outside;
  it->now.outside = worst >= 0;
  if (worst < 0 || before) return;
  snprintf(text, sizeof text, "outside the validity domain at t = %.9g s: %s = %.4g is %s %.4g, where the training "
           "data end", it->now.time, GUARDED[worst], value, value > bound ? "above" : "below", bound);
  says(it, fmi3Warning, text);
}

/* Whether it has the values of the training. */
static int is_trained_with(Surrogate *it, const char *function, const Variable *parameter) {
  for (int at = parameter->first; at < parameter->first + parameter->length; at++) {
    double now = it->values[at], trained = STARTS[at];
    if (fabs(now - trained) <= 1e-9 * fabs(trained)) continue;
    return instance_fail(it, function, "%s = %g, but it was trained with %g: leave the parameter, or train a surrogate "
                         "for it", parameter->name, now, trained);
  }
  return 1;
}

static int is_trained(Surrogate *it, const char *function) {
  for (size_t k = 0; k < sizeof VARIABLES / sizeof *VARIABLES; k++)
    if (VARIABLES[k].kind == PARAMETER && !is_trained_with(it, function, &VARIABLES[k])) return 0;
  return 1;
}

fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean tolerance_defined, fmi3Float64 tolerance,
                                       fmi3Float64 start_time, fmi3Boolean stop_defined, fmi3Float64 stop) {
  Surrogate *it = c;
  (void)tolerance_defined, (void)tolerance, (void)stop_defined, (void)stop;
  if (!allows(it, INSTANTIATED, __func__) || !is_trained(it, __func__)) return fmi3Error;
  it->now.time = it->values[VALUES] = start_time;
  if (!succeeds(it, __func__, surrogate_restart(&it->core))) return fmi3Error;
  it->now.mode = INITIALIZATION;
  return fmi3OK;
}

fmi3Status fmi3ExitInitializationMode(fmi3Instance c) {
  Surrogate *it = c;
  if (!allows(it, INITIALIZATION, __func__) || !succeeds(it, __func__, surrogate_restart(&it->core))) return fmi3Error;
  looks_around(it);
  it->now.mode = STEPPING;
  return fmi3OK;
}

fmi3Status fmi3Terminate(fmi3Instance c) {
  Surrogate *it = c;
  if (!allows(it, STEPPING, __func__)) return fmi3Error;
  it->now.mode = TERMINATED;
  return fmi3OK;
}

fmi3Status fmi3Reset(fmi3Instance c) {
  if (!allows(c, ANY, __func__)) return fmi3Error;
  start(c);
  return fmi3OK;
}

fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 time, fmi3Float64 step, fmi3Boolean no_set_state,
                      fmi3Boolean *event_needed, fmi3Boolean *terminate, fmi3Boolean *early_return,
                      fmi3Float64 *last_successful_time) {
  Surrogate *it = c;
  (void)no_set_state;
  if (!allows(it, STEPPING, __func__)) return fmi3Error;
  *event_needed = *terminate = *early_return = fmi3False;
  *last_successful_time = it->now.time;
  int32_t status = surrogate_step(&it->core, time, step);
  if (status == OTHER_STEP)
    return STATUS(instance_fail(it, __func__, "step %.9g s, but it knows only %.9g s: take that, or train it for the "
                                "other", step, MACRO_STEP));
  if (!succeeds(it, __func__, status)) return fmi3Error;
  *last_successful_time = it->now.time = it->values[VALUES] = time + step;
  looks_around(it);
  return fmi3OK;
}

/* The variable with a reference; NULL after a message. */
static const Variable *known(Surrogate *it, const char *function, fmi3ValueReference reference, int setting) {
  const Variable *found = reference <= VALUES ? &VARIABLES[VARIABLE_AT[reference]] : NULL;
  if (!found || (fmi3ValueReference)found->first != reference) {
    instance_fail(it, function, "no variable has the value reference %u", (unsigned)reference);
    return NULL;
  }
  int given = found->kind == PARAMETER || found->kind == STATE;
  if (!setting || found->kind == INPUT || (given && it->now.mode != STEPPING)) return found;
  instance_fail(it, function, "'%s' cannot be set now", found->name);
  return NULL;
}

/* Whether all references are known and have so many elements. */
static int fits(Surrogate *it, const char *function, const fmi3ValueReference references[], size_t n, size_t size,
                int setting) {
  size_t used = 0;
  if (!allows(it, setting ? USABLE : ANY, function)) return 0;
  for (size_t k = 0; k < n; k++) {
    const Variable *variable = known(it, function, references[k], setting);
    if (!variable) return 0;
    used += (size_t)variable->length;
  }
  return used == size || instance_fail(it, function, "%zu values for %zu elements", size, used);
}

#define LENGTH(reference) ((size_t)VARIABLES[VARIABLE_AT[reference]].length)

fmi3Status fmi3GetFloat64(fmi3Instance c, const fmi3ValueReference references[], size_t n, fmi3Float64 values[],
                          size_t size) {
  Surrogate *it = c;
  if (!fits(it, __func__, references, n, size, 0)) return fmi3Error;
  for (size_t k = 0; k < n; values += LENGTH(references[k++]))
    memcpy(values, it->values + references[k], LENGTH(references[k]) * sizeof *values);
  return fmi3OK;
}

fmi3Status fmi3SetFloat64(fmi3Instance c, const fmi3ValueReference references[], size_t n, const fmi3Float64 values[],
                          size_t size) {
  Surrogate *it = c;
  if (!fits(it, __func__, references, n, size, 1)) return fmi3Error;
  for (size_t k = 0; k < n; values += LENGTH(references[k++]))
    memcpy(it->values + references[k], values, LENGTH(references[k]) * sizeof *values);
  return fmi3OK;
}

#define NO_SUCH_TYPE "all variables are of Float64"
#define NONE(name, ctype)                                                                                           \
  fmi3Status fmi3Get##name(fmi3Instance c, const fmi3ValueReference references[], size_t n, ctype values[],         \
                           size_t size) {                                                                           \
    (void)references, (void)values, (void)size;                                                                     \
    return STATUS(allows(c, ANY, __func__) && (n == 0 || instance_fail(c, __func__, NO_SUCH_TYPE)));                \
  }                                                                                                                 \
  fmi3Status fmi3Set##name(fmi3Instance c, const fmi3ValueReference references[], size_t n, const ctype values[],   \
                           size_t size) {                                                                           \
    (void)references, (void)values, (void)size;                                                                     \
    return STATUS(allows(c, USABLE, __func__) && (n == 0 || instance_fail(c, __func__, NO_SUCH_TYPE)));             \
  }

NONE(Float32, fmi3Float32)
NONE(Int8, fmi3Int8)
NONE(UInt8, fmi3UInt8)
NONE(Int16, fmi3Int16)
NONE(UInt16, fmi3UInt16)
NONE(Int32, fmi3Int32)
NONE(UInt32, fmi3UInt32)
NONE(Int64, fmi3Int64)
NONE(UInt64, fmi3UInt64)
NONE(Boolean, fmi3Boolean)

fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *place) {
  Surrogate *it = c;
  if (!allows(it, USABLE | TERMINATED, __func__)) return fmi3Error;
  Kept *kept = *place ? *place : calloc(1, sizeof *kept);
  if (!kept || surrogate_keep(&it->core, &kept->state) != OK) {
    if (!*place) free(kept);
    instance_fail(it, __func__, "out of memory");
    return fmi3Error;
  }
  kept->now = it->now;
  *place = kept;
  return fmi3OK;
}

fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState place) {
  Surrogate *it = c;
  Kept *kept = place;
  if (!allows(it, ANY, __func__)) return fmi3Error;
  if (!kept) return STATUS(instance_fail(it, __func__, "no state was given"));
  surrogate_go_back(&it->core, kept->state);
  it->now = kept->now;
  it->values[VALUES] = it->now.time;
  return fmi3OK;
}

fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *place) {
  if (!allows(c, ANY, __func__)) return fmi3Error;
  if (!place || !*place) return fmi3OK;
  Kept *kept = *place;
  surrogate_free(c, &kept->state);
  free(kept);
  *place = NULL;
  return fmi3OK;
}

fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size) {
  if (!allows(c, ANY, __func__)) return fmi3Error;
  if (!state) return STATUS(instance_fail(c, __func__, "no state was given"));
  *size = sizeof(Header) + STATE_BYTES;
  return fmi3OK;
}

fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte bytes[], size_t size) {
  Header first = {.token = ""};
  size_t needed;
  Kept *kept = state;
  if (fmi3SerializedFMUStateSize(c, state, &needed) != fmi3OK) return fmi3Error;
  if (size < needed)
    return STATUS(instance_fail(c, __func__, "%zu bytes are too few: the state has %zu", size, needed));
  strncpy(first.token, TOKEN, sizeof first.token - 1);
  first.now = kept->now;
  memcpy(bytes, &first, sizeof first);
  memcpy(bytes + sizeof first, kept->state, STATE_BYTES);
  return fmi3OK;
}

fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte bytes[], size_t size, fmi3FMUState *place) {
  Header first;
  if (!allows(c, ANY, __func__)) return fmi3Error;
  if (size < sizeof first + STATE_BYTES)
    return STATUS(instance_fail(c, __func__, "%zu bytes are no serialized state", size));
  memcpy(&first, bytes, sizeof first);
  if (strncmp(first.token, TOKEN, sizeof first.token))
    return STATUS(instance_fail(c, __func__, "the bytes are no state of it"));
  Kept *kept = *place ? *place : calloc(1, sizeof *kept);
  State *state = kept && kept->state ? kept->state : malloc(STATE_BYTES);
  if (!kept || !state) {
    if (!*place) free(kept);
    free(state);
    return STATUS(instance_fail(c, __func__, "out of memory"));
  }
  memcpy(state, bytes + sizeof first, STATE_BYTES);
  *kept = (Kept){first.now, state};
  *place = kept;
  return fmi3OK;
}

#define SUBJECT "a surrogate"
#include "fmi3_steps_only.h"
