/* FMI 2.0 over the kit's core: Co-Simulation and Model Exchange. */
#include "fmi2Functions.h"
#include "kit.c"

#define REQUIRE(modes, name) if (!allowed(c, modes, name)) return fmi2Error
#define INSTANCE M *c = component
#define I fmi2Component component
typedef const fmi2ValueReference *Refs;

static void say(M *m, int status, const char *text) {
  if (m->logger) ((fmi2CallbackLogger)m->logger)(m->environment, m->name, status, "logAll", "%s", text);
}

const char *fmi2GetTypesPlatform(void) { return fmi2TypesPlatform; }
const char *fmi2GetVersion(void) { return fmi2Version; }
fmi2Status fmi2SetDebugLogging(I, fmi2Boolean on, size_t n, const fmi2String *categories) {
  (void)n, (void)categories;
  ((M *)component)->logging = on;
  return fmi2OK;
}

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String resources,
                              const fmi2CallbackFunctions *f, fmi2Boolean visible, fmi2Boolean log) {
  M *m = create(name, guid, resources, type == fmi2ModelExchange ? MODEL_EXCHANGE : CO_SIMULATION);
  (void)visible, (void)log;
  if (m == NULL) {
    f->logger(f->componentEnvironment, name, fmi2Error, "logAll", "wrong GUID, or instantiated twice");
    return NULL;
  }
  m->logger = f->logger;
  m->environment = f->componentEnvironment;
  return load_resource(m) == OK ? m : (free(m), NULL);
}
void fmi2FreeInstance(I) { free(component); }

fmi2Status fmi2SetupExperiment(I, fmi2Boolean controlled, fmi2Real tolerance, fmi2Real t, fmi2Boolean ends,
                               fmi2Real stop) {
  INSTANCE;
  (void)controlled, (void)tolerance;
  REQUIRE(INSTANTIATED, "fmi2SetupExperiment");
  c->s.start = t;
  c->s.stop = ends ? stop : INFINITY;
  return fmi2OK;
}
fmi2Status fmi2EnterInitializationMode(I) { INSTANCE; return start(c, c->s.start, c->s.stop); }
fmi2Status fmi2ExitInitializationMode(I) {
  INSTANCE;
  REQUIRE(INITIALIZATION, "fmi2ExitInitializationMode");
  initialize(c);
  evaluate(&c->s.v);
  c->s.mode = c->kind == MODEL_EXCHANGE ? EVENT : STEP;
  return fmi2OK;
}
fmi2Status fmi2Terminate(I) { INSTANCE; REQUIRE(RUNNING, "fmi2Terminate"); c->s.mode = TERMINATED; return fmi2OK; }
fmi2Status fmi2Reset(I) { return reset(component); }

fmi2Status fmi2GetReal(I, Refs vr, size_t n, fmi2Real *v) { return get(component, F64, vr, n, v, n); }
fmi2Status fmi2SetReal(I, Refs vr, size_t n, const fmi2Real *v) { return set(component, F64, vr, n, v, n); }
fmi2Status fmi2GetInteger(I, Refs vr, size_t n, fmi2Integer *v) { return get_integer(component, vr, n, v); }
fmi2Status fmi2SetInteger(I, Refs vr, size_t n, const fmi2Integer *v) { return set_integer(component, vr, n, v); }
fmi2Status fmi2GetString(I, Refs vr, size_t n, fmi2String *v) { return get_text(component, vr, n, v); }
fmi2Status fmi2SetString(I, Refs vr, size_t n, const fmi2String *v) { return set_text(component, vr, n, v); }
fmi2Status fmi2GetBoolean(I, Refs vr, size_t n, fmi2Boolean *v) {
  bool one;
  for (size_t i = 0; i < n; i++) {
    if (get(component, BOOLEAN, vr + i, 1, &one, 1) != OK) return fmi2Error;
    v[i] = one;
  }
  return fmi2OK;
}
fmi2Status fmi2SetBoolean(I, Refs vr, size_t n, const fmi2Boolean *v) {
  for (size_t i = 0; i < n; i++) {
    bool one = v[i] != 0;
    if (set(component, BOOLEAN, vr + i, 1, &one, 1) != OK) return fmi2Error;
  }
  return fmi2OK;
}

#ifndef LACKS_STATES
fmi2Status fmi2GetFMUstate(I, fmi2FMUstate *state) {
  INSTANCE;
  if (*state == NULL) *state = malloc(sizeof(State));
  memcpy(*state, &c->s, sizeof(State));
  return GET_SET_STATE ? fmi2OK : fmi2Error;
}
fmi2Status fmi2SetFMUstate(I, fmi2FMUstate state) { memcpy(&((M *)component)->s, state, sizeof(State)); return fmi2OK; }
fmi2Status fmi2FreeFMUstate(I, fmi2FMUstate *state) { (void)component; free(*state); *state = NULL; return fmi2OK; }
#endif
#ifndef LACKS_SERIALIZATION
fmi2Status fmi2SerializedFMUstateSize(I, fmi2FMUstate state, size_t *size) {
  (void)component, (void)state;
  *size = sizeof(State);
  return SERIALIZES ? fmi2OK : fmi2Error;
}
fmi2Status fmi2SerializeFMUstate(I, fmi2FMUstate state, fmi2Byte *bytes, size_t size) {
  (void)component;
  if (!SERIALIZES || size < sizeof(State)) return fmi2Error;
  memcpy(bytes, state, sizeof(State));
  return fmi2OK;
}
fmi2Status fmi2DeSerializeFMUstate(I, const fmi2Byte *bytes, size_t size, fmi2FMUstate *state) {
  (void)component;
  if (!SERIALIZES || size != sizeof(State)) return fmi2Error;
  if (*state == NULL) *state = malloc(sizeof(State));
  memcpy(*state, bytes, sizeof(State));
  return fmi2OK;
}
#endif
fmi2Status fmi2GetDirectionalDerivative(I, Refs unknown, size_t n, Refs known_, size_t k, const fmi2Real *seed,
                                        fmi2Real *out) {
  INSTANCE;
  REQUIRE(INITIALIZATION | RUNNING, "fmi2GetDirectionalDerivative");
  return DIRECTIONAL ? directional(c, unknown, n, known_, k, seed, out) : ERROR;
}

fmi2Status fmi2EnterEventMode(I) {
  INSTANCE; REQUIRE(CONTINUOUS, "fmi2EnterEventMode"); c->s.mode = EVENT; return fmi2OK;
}
fmi2Status fmi2NewDiscreteStates(I, fmi2EventInfo *info) {
  INSTANCE;
  bool changed;
  REQUIRE(EVENT, "fmi2NewDiscreteStates");
  info->newDiscreteStatesNeeded = iterate_events(c, &changed);
  info->terminateSimulation = c->s.v.terminate;
  info->nominalsOfContinuousStatesChanged = fmi2False;
  info->valuesOfContinuousStatesChanged = changed;
  info->nextEventTimeDefined = isfinite(c->s.v.next_event);
  info->nextEventTime = info->nextEventTimeDefined ? c->s.v.next_event : 0.0;
  return fmi2OK;
}
fmi2Status fmi2EnterContinuousTimeMode(I) {
  INSTANCE; REQUIRE(EVENT, "fmi2EnterContinuousTimeMode"); c->s.mode = CONTINUOUS; return fmi2OK;
}
fmi2Status fmi2CompletedIntegratorStep(I, fmi2Boolean no, fmi2Boolean *enter, fmi2Boolean *terminate) {
  INSTANCE;
  (void)no;
  REQUIRE(CONTINUOUS, "fmi2CompletedIntegratorStep");
  *enter = *terminate = fmi2False;
  return fmi2OK;
}
fmi2Status fmi2SetTime(I, fmi2Real t) {
  INSTANCE; REQUIRE(EVENT | CONTINUOUS, "fmi2SetTime"); c->s.v.time = t; return fmi2OK;
}
fmi2Status fmi2SetContinuousStates(I, const fmi2Real *x, size_t n) {
  INSTANCE;
  REQUIRE(CONTINUOUS | EVENT, "fmi2SetContinuousStates");
  if (n != total(&c->s.v, STATES, N_STATES)) return fmi2Error;
  scatter(&c->s.v, STATES, N_STATES, x);
  return fmi2OK;
}
fmi2Status fmi2GetDerivatives(I, fmi2Real *dx, size_t n) {
  INSTANCE; return n == total(&c->s.v, STATES, N_STATES) && rates(&c->s.v, dx) == n ? fmi2OK : fmi2Error;
}
fmi2Status fmi2GetEventIndicators(I, fmi2Real *z, size_t n) {
  INSTANCE; return n == total(&c->s.v, INDICATORS, N_INDICATORS) && indicators(&c->s.v, z) == n ? fmi2OK : fmi2Error;
}
fmi2Status fmi2GetContinuousStates(I, fmi2Real *x, size_t n) {
  INSTANCE; return n == total(&c->s.v, STATES, N_STATES) && states(&c->s.v, x) == n ? fmi2OK : fmi2Error;
}
fmi2Status fmi2GetNominalsOfContinuousStates(I, fmi2Real *x, size_t n) {
  (void)component;
  for (size_t i = 0; i < n; i++) x[i] = TABLE[STATES[i]].nominal;
  return fmi2OK;
}

fmi2Status fmi2SetRealInputDerivatives(I, Refs vr, size_t n, const fmi2Integer *order, const fmi2Real *v) {
  return input_derivatives(component, vr, n, order, v);
}
fmi2Status fmi2GetRealOutputDerivatives(I, Refs vr, size_t n, const fmi2Integer *order, fmi2Real *v) {
  return output_derivatives(component, vr, n, order, v);
}
fmi2Status fmi2DoStep(I, fmi2Real t, fmi2Real h, fmi2Boolean no) {
  INSTANCE;
  double reached;
  bool at_event;
  (void)no;
  REQUIRE(STEP, "fmi2DoStep");
  int status = step(c, t, h, &reached, &at_event);
  return status == OK && c->s.v.terminate ? fmi2Discard : (fmi2Status)status;
}
fmi2Status fmi2CancelStep(I) { (void)component; return fmi2Error; }
fmi2Status fmi2GetStatus(I, const fmi2StatusKind s, fmi2Status *v) { (void)component, (void)s, (void)v; return fmi2Discard; }
fmi2Status fmi2GetRealStatus(I, const fmi2StatusKind s, fmi2Real *v) {
  *v = ((M *)component)->s.v.time;
  return s == fmi2LastSuccessfulTime ? fmi2OK : fmi2Discard;
}
fmi2Status fmi2GetIntegerStatus(I, const fmi2StatusKind s, fmi2Integer *v) {
  (void)component, (void)s, (void)v; return fmi2Discard;
}
fmi2Status fmi2GetBooleanStatus(I, const fmi2StatusKind s, fmi2Boolean *v) {
  *v = ((M *)component)->s.v.terminate;
  return s == fmi2Terminated ? fmi2OK : fmi2Discard;
}
fmi2Status fmi2GetStringStatus(I, const fmi2StatusKind s, fmi2String *v) {
  (void)component, (void)s, (void)v; return fmi2Discard;
}
