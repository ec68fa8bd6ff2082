/* FMI 3.0 over the kit's core: Co-Simulation (with Event Mode, early return and intermediate update), Model Exchange,
 * Scheduled Execution. */
#include "fmi3Functions.h"
#include "kit.c"

#define REQUIRE(modes, name) if (!allowed(c, modes, name)) return fmi3Error
#define INSTANCE M *c = instance
#define I fmi3Instance instance
#define S fmi3Status
typedef const fmi3ValueReference *Refs;

static void say(M *m, int status, const char *text) {
  if (m->logger) ((fmi3LogMessageCallback)m->logger)(m->environment, status, "logAll", text);
}

const char *fmi3GetVersion(void) { return "3.0"; }
S fmi3SetDebugLogging(I, bool on, size_t n, const fmi3String *categories) {
  (void)n, (void)categories;
  ((M *)instance)->logging = on;
  return fmi3OK;
}

static M *made(fmi3String name, fmi3String token, fmi3String resources, void *environment,
               fmi3LogMessageCallback logger, Kind kind) {
  M *m = create(name, token, resources, kind);
  if (m == NULL) return logger(environment, fmi3Error, "logAll", "wrong token, or instantiated twice"), NULL;
  m->logger = logger;
  m->environment = environment;
  return load_resource(m) == OK ? m : (free(m), NULL);
}
fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token, fmi3String resources, bool visible,
                                          bool log, void *environment, fmi3LogMessageCallback logger) {
  (void)visible, (void)log;
  return made(name, token, resources, environment, logger, MODEL_EXCHANGE);
}
fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources, bool visible,
                                         bool log, bool events, bool early, Refs needed, size_t n, void *environment,
                                         fmi3LogMessageCallback logger, fmi3IntermediateUpdateCallback update) {
  M *m = events && !EVENT_MODE ? NULL : made(name, token, resources, environment, logger, CO_SIMULATION);
  (void)visible, (void)log, (void)needed, (void)n;
  if (m == NULL) return NULL;
  m->events_reported = events;
  m->early_return = early;
  m->update = update;
  return m;
}
fmi3Instance fmi3InstantiateScheduledExecution(fmi3String name, fmi3String token, fmi3String resources, bool visible,
                                               bool log, void *environment, fmi3LogMessageCallback logger,
                                               fmi3ClockUpdateCallback clocks, fmi3LockPreemptionCallback lock,
                                               fmi3UnlockPreemptionCallback unlock) {
  (void)visible, (void)log, (void)clocks, (void)lock, (void)unlock;
  return made(name, token, resources, environment, logger, SCHEDULED_EXECUTION);
}
void fmi3FreeInstance(I) { free(instance); }

S fmi3EnterInitializationMode(I, bool controlled, double tolerance, double t, bool ends, double stop) {
  (void)controlled, (void)tolerance;
  return start(instance, t, ends ? stop : INFINITY);
}
S fmi3ExitInitializationMode(I) {
  INSTANCE;
  REQUIRE(INITIALIZATION, "fmi3ExitInitializationMode");
  initialize(c);
  evaluate(&c->s.v);
  c->s.mode = c->kind == MODEL_EXCHANGE || c->events_reported ? EVENT : STEP;
  return fmi3OK;
}
S fmi3EnterEventMode(I) {
  INSTANCE;
  REQUIRE(c->kind == MODEL_EXCHANGE ? CONTINUOUS : c->events_reported ? STEP : 0, "fmi3EnterEventMode");
  c->s.mode = EVENT;
  return fmi3OK;
}
S fmi3Terminate(I) { INSTANCE; REQUIRE(RUNNING, "fmi3Terminate"); c->s.mode = TERMINATED; return fmi3OK; }
S fmi3Reset(I) { return (S)reset(instance); }
S fmi3EnterConfigurationMode(I) {
  INSTANCE; REQUIRE(INSTANTIATED, "fmi3EnterConfigurationMode"); c->s.mode = CONFIGURATION; return fmi3OK;
}
S fmi3ExitConfigurationMode(I) {
  INSTANCE; REQUIRE(CONFIGURATION, "fmi3ExitConfigurationMode"); c->s.mode = INSTANTIATED; return fmi3OK;
}

/* A structural parameter may be set in Configuration Mode only. */
static bool structural(M *m, Refs vr, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (unsigned j = 0; j < N_VARIABLES; j++)
      if (TABLE[j].dimensions[0] == (int)vr[i] || TABLE[j].dimensions[1] == (int)vr[i])
        return allowed(m, CONFIGURATION, "fmi3SetUInt64 of a structural parameter");
  return m->s.mode != CONFIGURATION || (say(m, ERROR, "no structural parameter, in Configuration Mode"), false);
}

#define ACCESS(Name, type, kind)                                                                   \
  S fmi3Get##Name(I, Refs vr, size_t n, type *v, size_t k) { return (S)get(instance, kind, vr, n, v, k); } \
  S fmi3Set##Name(I, Refs vr, size_t n, const type *v, size_t k) {                                 \
    return structural(instance, vr, n) ? (S)set(instance, kind, vr, n, v, k) : fmi3Error;          \
  }
ACCESS(Float64, double, F64)
ACCESS(Float32, float, F32)
ACCESS(Int8, int8_t, I8)
ACCESS(UInt8, uint8_t, U8)
ACCESS(Int16, int16_t, I16)
ACCESS(UInt16, uint16_t, U16)
ACCESS(Int32, int32_t, I32)
ACCESS(UInt32, uint32_t, U32)
ACCESS(Int64, int64_t, I64)
ACCESS(UInt64, uint64_t, U64)
ACCESS(Boolean, bool, BOOLEAN)

S fmi3GetString(I, Refs vr, size_t n, fmi3String *v, size_t k) {
  return n == k ? (S)get_text(instance, vr, n, v) : fmi3Error;
}
S fmi3SetString(I, Refs vr, size_t n, const fmi3String *v, size_t k) {
  return n == k ? (S)set_text(instance, vr, n, v) : fmi3Error;
}
S fmi3GetBinary(I, Refs vr, size_t n, size_t *sizes, fmi3Binary *v, size_t k) {
  INSTANCE;
  refresh(c);
  for (size_t i = 0; i < n; i++) {
    if (n != k || !known(c, vr[i], BINARY, "fmi3GetBinary")) return fmi3Error;
    Bytes *bytes = at(&c->s.v, vr[i]);
    sizes[i] = bytes->size;
    v[i] = bytes->bytes;
  }
  return fmi3OK;
}
S fmi3SetBinary(I, Refs vr, size_t n, const size_t *sizes, const fmi3Binary *v, size_t k) {
  INSTANCE;
  for (size_t i = 0; i < n; i++) {
    if (n != k || !known(c, vr[i], BINARY, "fmi3SetBinary") || !settable(c, vr[i]) || sizes[i] > 256) return fmi3Error;
    Bytes *bytes = at(&c->s.v, vr[i]);
    bytes->size = sizes[i];
    if (sizes[i] > 0) memcpy(bytes->bytes, v[i], sizes[i]);
  }
  return fmi3OK;
}

/* ---- clocks */
S fmi3GetClock(I, Refs vr, size_t n, fmi3Clock *v) {
  INSTANCE; REQUIRE(EVENT, "fmi3GetClock"); return (S)get(c, CLOCK, vr, n, v, n);
}
S fmi3SetClock(I, Refs vr, size_t n, const fmi3Clock *v) {
  INSTANCE; REQUIRE(EVENT, "fmi3SetClock"); return (S)set(c, CLOCK, vr, n, v, n);
}
S fmi3GetIntervalDecimal(I, Refs vr, size_t n, double *v, fmi3IntervalQualifier *q) {
  INSTANCE;
  for (size_t i = 0; i < n; i++) {
    if (!known(c, vr[i], CLOCK, "fmi3GetIntervalDecimal")) return fmi3Error;
    v[i] = INTERVALS_S[vr[i]];
    q[i] = v[i] > 0 ? fmi3IntervalUnchanged : fmi3IntervalNotYetKnown;
  }
  return fmi3OK;
}
S fmi3GetShiftDecimal(I, Refs vr, size_t n, double *v) {
  (void)instance, (void)vr;
  for (size_t i = 0; i < n; i++) v[i] = 0.0;
  return fmi3OK;
}
typedef const fmi3UInt64 *Whole;
S fmi3GetIntervalFraction(I, Refs vr, size_t n, fmi3UInt64 *a, fmi3UInt64 *b, fmi3IntervalQualifier *q) {
  (void)instance, (void)vr, (void)n, (void)a, (void)b, (void)q;
  return fmi3Error;
}
S fmi3GetShiftFraction(I, Refs vr, size_t n, fmi3UInt64 *a, fmi3UInt64 *b) {
  (void)instance, (void)vr, (void)n, (void)a, (void)b;
  return fmi3Error;
}
S fmi3SetIntervalDecimal(I, Refs vr, size_t n, const double *v) {
  (void)instance, (void)vr, (void)n, (void)v;
  return fmi3Error;
}
S fmi3SetIntervalFraction(I, Refs vr, size_t n, Whole a, Whole b) {
  (void)instance, (void)vr, (void)n, (void)a, (void)b;
  return fmi3Error;
}
S fmi3SetShiftDecimal(I, Refs vr, size_t n, const double *v) {
  (void)instance, (void)vr, (void)n, (void)v;
  return fmi3Error;
}
S fmi3SetShiftFraction(I, Refs vr, size_t n, Whole a, Whole b) {
  (void)instance, (void)vr, (void)n, (void)a, (void)b;
  return fmi3Error;
}
S fmi3EvaluateDiscreteStates(I) { INSTANCE; REQUIRE(EVENT, "fmi3EvaluateDiscreteStates"); return fmi3OK; }
S fmi3UpdateDiscreteStates(I, bool *again, bool *terminate, bool *nominals, bool *values, bool *defined, double *next) {
  INSTANCE;
  REQUIRE(EVENT, "fmi3UpdateDiscreteStates");
  *again = iterate_events(c, values);
  *terminate = c->s.v.terminate;
  *nominals = false;
  *defined = isfinite(c->s.v.next_event);
  *next = *defined ? c->s.v.next_event : 0.0;
  return fmi3OK;
}

S fmi3GetNumberOfVariableDependencies(I, fmi3ValueReference vr, size_t *n) {
  (void)instance, (void)vr, (void)n;
  return fmi3Error;
}
S fmi3GetVariableDependencies(I, fmi3ValueReference vr, size_t *a, fmi3ValueReference *b, size_t *c_,
                              fmi3DependencyKind *d, size_t n) {
  (void)instance, (void)vr, (void)a, (void)b, (void)c_, (void)d, (void)n;
  return fmi3Error;
}

#ifndef LACKS_STATES
S fmi3GetFMUState(I, fmi3FMUState *state) {
  INSTANCE;
  if (*state == NULL) *state = malloc(sizeof(State));
  memcpy(*state, &c->s, sizeof(State));
  return GET_SET_STATE ? fmi3OK : fmi3Error;
}
S fmi3SetFMUState(I, fmi3FMUState state) { memcpy(&((M *)instance)->s, state, sizeof(State)); return fmi3OK; }
S fmi3FreeFMUState(I, fmi3FMUState *state) { (void)instance; free(*state); *state = NULL; return fmi3OK; }
#endif
#ifndef LACKS_SERIALIZATION
S fmi3SerializedFMUStateSize(I, fmi3FMUState state, size_t *size) {
  (void)instance, (void)state;
  *size = sizeof(State);
  return SERIALIZES ? fmi3OK : fmi3Error;
}
S fmi3SerializeFMUState(I, fmi3FMUState state, fmi3Byte *bytes, size_t size) {
  (void)instance;
  if (!SERIALIZES || size < sizeof(State)) return fmi3Error;
  memcpy(bytes, state, sizeof(State));
  return fmi3OK;
}
S fmi3DeserializeFMUState(I, const fmi3Byte *bytes, size_t size, fmi3FMUState *state) {
  (void)instance;
  if (!SERIALIZES || size != sizeof(State)) return fmi3Error;
  if (*state == NULL) *state = malloc(sizeof(State));
  memcpy(*state, bytes, sizeof(State));
  return fmi3OK;
}
#endif
S fmi3GetDirectionalDerivative(I, Refs unknown, size_t n, Refs known_, size_t k, const double *seed, size_t n_seed,
                               double *out, size_t n_out) {
  INSTANCE;
  REQUIRE(INITIALIZATION | RUNNING, "fmi3GetDirectionalDerivative");
  if (!DIRECTIONAL || n_seed != total(&c->s.v, known_, k) || n_out != total(&c->s.v, unknown, n)) return fmi3Error;
  return (S)directional(c, unknown, n, known_, k, seed, out);
}
S fmi3GetAdjointDerivative(I, Refs unknown, size_t n, Refs known_, size_t k, const double *seed, size_t n_seed,
                           double *out, size_t n_out) {
  (void)instance, (void)unknown, (void)n, (void)known_, (void)k, (void)seed, (void)n_seed, (void)out, (void)n_out;
  return fmi3Error;
}

/* ---- Model Exchange */
S fmi3EnterContinuousTimeMode(I) {
  INSTANCE; REQUIRE(EVENT, "fmi3EnterContinuousTimeMode"); c->s.mode = CONTINUOUS; return fmi3OK;
}
S fmi3CompletedIntegratorStep(I, bool no, bool *enter, bool *terminate) {
  INSTANCE;
  (void)no;
  REQUIRE(CONTINUOUS, "fmi3CompletedIntegratorStep");
  *enter = *terminate = false;
  return fmi3OK;
}
S fmi3SetTime(I, double t) { INSTANCE; REQUIRE(EVENT | CONTINUOUS, "fmi3SetTime"); c->s.v.time = t; return fmi3OK; }
S fmi3SetContinuousStates(I, const double *x, size_t n) {
  INSTANCE;
  REQUIRE(CONTINUOUS | EVENT, "fmi3SetContinuousStates");
  if (n != total(&c->s.v, STATES, N_STATES)) return fmi3Error;
  scatter(&c->s.v, STATES, N_STATES, x);
  return fmi3OK;
}
S fmi3GetContinuousStateDerivatives(I, double *dx, size_t n) {
  INSTANCE; return n == total(&c->s.v, STATES, N_STATES) && rates(&c->s.v, dx) == n ? fmi3OK : fmi3Error;
}
S fmi3GetEventIndicators(I, double *z, size_t n) {
  INSTANCE; return n == total(&c->s.v, INDICATORS, N_INDICATORS) && indicators(&c->s.v, z) == n ? fmi3OK : fmi3Error;
}
S fmi3GetContinuousStates(I, double *x, size_t n) {
  INSTANCE; return n == total(&c->s.v, STATES, N_STATES) && states(&c->s.v, x) == n ? fmi3OK : fmi3Error;
}
S fmi3GetNominalsOfContinuousStates(I, double *x, size_t n) {
  INSTANCE;
  for (size_t i = 0, at_ = 0; i < N_STATES; i++)
    for (size_t j = 0; j < count(&c->s.v, STATES[i]) && at_ < n; j++) x[at_++] = TABLE[STATES[i]].nominal;
  return fmi3OK;
}
S fmi3GetNumberOfEventIndicators(I, size_t *n) {
  INSTANCE; *n = total(&c->s.v, INDICATORS, N_INDICATORS); return fmi3OK;
}
S fmi3GetNumberOfContinuousStates(I, size_t *n) {
  INSTANCE; *n = total(&c->s.v, STATES, N_STATES); return fmi3OK;
}

/* ---- Co-Simulation */
S fmi3EnterStepMode(I) {
  INSTANCE; REQUIRE(c->events_reported ? EVENT : 0, "fmi3EnterStepMode"); c->s.mode = STEP; return fmi3OK;
}
S fmi3GetOutputDerivatives(I, Refs vr, size_t n, const fmi3Int32 *order, double *v, size_t k) {
  (void)k;
  return (S)output_derivatives(instance, vr, n, order, v);
}

/* A step in INTERMEDIATE_STEPS parts; at the start of each the importer may set inputs, at its end it may return. */
static int step_in_parts(M *c, double t, double h, double *reached, bool *at_event, bool *early) {
  fmi3IntermediateUpdateCallback update = (fmi3IntermediateUpdateCallback)c->update;
  int parts = INTERMEDIATE_STEPS > 0 && update ? INTERMEDIATE_STEPS : 1, status = OK;
  for (int i = 0; i < parts && status == OK && !*at_event; i++) {
    double from = c->s.v.time, to = i + 1 == parts ? t + h : t + h * (i + 1) / parts, wanted = INFINITY;
    bool asked = false;
    if (parts > 1) update(c->environment, from, true, true, true, EARLY_RETURN && c->early_return, &asked, &wanted);
    if (asked && EARLY_RETURN && c->early_return && wanted <= from) return *early = true, *reached = from, OK;
    status = step(c, from, to - from, reached, at_event);
  }
  return status;
}
S fmi3DoStep(I, double t, double h, bool no, bool *event_needed, bool *terminate, bool *early, double *last) {
  INSTANCE;
  (void)no;
  REQUIRE(STEP, "fmi3DoStep");
  *event_needed = *early = *terminate = false;
  State before = c->s;
  int status = step_in_parts(c, t, h, last, event_needed, early);
  if (status == DISCARD) { /* in the same state as before; what else is answered is undefined */
    c->s = before;
    c->s.discarded = *terminate = *early = true;
    return *last = NAN, fmi3Discard;
  }
  *early |= *event_needed && *last < t + h;
  *terminate = c->s.v.terminate;
  return (S)status;
}

/* ---- Scheduled Execution */
S fmi3ActivateModelPartition(I, fmi3ValueReference clock, double t) {
  INSTANCE;
  REQUIRE(STEP, "fmi3ActivateModelPartition");
  if (c->kind != SCHEDULED_EXECUTION || !known(c, clock, CLOCK, "fmi3ActivateModelPartition")) return fmi3Error;
  c->s.v.time = t;
  *(bool *)at(&c->s.v, clock) = true;
  event(&c->s.v);
  evaluate(&c->s.v);
  return fmi3OK;
}
