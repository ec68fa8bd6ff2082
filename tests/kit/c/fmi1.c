/* FMI 1.0 over the kit's core: Co-Simulation and Model Exchange; every name begins with the modelIdentifier. */
#include <stddef.h>

#include "fmi1Functions.h"
#include "kit.c"

#define PASTE(a, b) a##b
#define NAMED(identifier, name) PASTE(identifier, _fmi##name)
#define F(name) NAMED(IDENTIFIER, name)
#define API __attribute__((visibility("default")))
#define REQUIRE(modes, name) if (!allowed(c, modes, name)) return fmi1Error
typedef const fmi1ValueReference *Refs;

static void say(M *m, int status, const char *text) {
  if (m->logger) ((fmi1CallbackLogger)m->logger)(m, m->name, status, "kit", "%s", text);
}

API const char *F(GetVersion)(void) { return "1.0"; }
API const char *F(GetTypesPlatform)(void) { return "standard32"; }
API const char *F(GetModelTypesPlatform)(void) { return "standard32"; }
API int F(SetDebugLogging)(M *c, fmi1Boolean on) { c->logging = on; return OK; }

static M *made(const char *name, const char *guid, const char *location, fmi1CallbackFunctions f, Kind kind) {
  char resources[1024];
  snprintf(resources, sizeof resources, "%s/resources", location ? location : "");
  M *m = create(name, guid, resources, kind);
  if (m == NULL) {
    f.logger(NULL, name, fmi1Error, "kit", "wrong GUID, or instantiated twice");
    return NULL;
  }
  m->logger = f.logger;
  return load_resource(m) == OK ? m : (free(m), NULL);
}

API M *F(InstantiateSlave)(const char *name, const char *guid, const char *location, const char *mime, double timeout,
                           fmi1Boolean visible, fmi1Boolean interactive, fmi1CallbackFunctions f, fmi1Boolean log) {
  (void)mime, (void)timeout, (void)visible, (void)interactive, (void)log;
  return made(name, guid, location, f, CO_SIMULATION);
}
API M *F(InstantiateModel)(const char *name, const char *guid, fmi1CallbackFunctions f, fmi1Boolean log) {
  (void)log;
  return made(name, guid, NULL, f, MODEL_EXCHANGE);
}
API void F(FreeSlaveInstance)(M *c) { free(c); }
API void F(FreeModelInstance)(M *c) { free(c); }

API int F(SetReal)(M *c, Refs vr, size_t n, const double *v) { return set(c, F64, vr, n, v, n); }
API int F(GetReal)(M *c, Refs vr, size_t n, double *v) { return get(c, F64, vr, n, v, n); }
API int F(SetBoolean)(M *c, Refs vr, size_t n, const fmi1Boolean *v) { return set(c, BOOLEAN, vr, n, v, n); }
API int F(GetBoolean)(M *c, Refs vr, size_t n, fmi1Boolean *v) { return get(c, BOOLEAN, vr, n, v, n); }
API int F(SetInteger)(M *c, Refs vr, size_t n, const int *v) { return set_integer(c, vr, n, v); }
API int F(GetInteger)(M *c, Refs vr, size_t n, int *v) { return get_integer(c, vr, n, v); }
API int F(SetString)(M *c, Refs vr, size_t n, const char *const *v) { return set_text(c, vr, n, v); }
API int F(GetString)(M *c, Refs vr, size_t n, const char **v) { return get_text(c, vr, n, v); }

API int F(InitializeSlave)(M *c, double t, fmi1Boolean defined, double stop) {
  if (start(c, t, defined ? stop : INFINITY) != OK) return fmi1Error;
  initialize(c);
  evaluate(&c->s.v);
  c->s.mode = STEP;
  return OK;
}
API int F(TerminateSlave)(M *c) { REQUIRE(STEP, "fmiTerminateSlave"); c->s.mode = TERMINATED; return OK; }
API int F(ResetSlave)(M *c) { return reset(c); }
API int F(DoStep)(M *c, double t, double h, fmi1Boolean new_step) {
  double reached;
  bool at_event;
  (void)new_step;
  REQUIRE(STEP, "fmiDoStep");
  return step(c, t, h, &reached, &at_event);
}
API int F(SetRealInputDerivatives)(M *c, Refs vr, size_t n, const int *order, const double *v) {
  return input_derivatives(c, vr, n, order, v);
}
API int F(GetRealOutputDerivatives)(M *c, Refs vr, size_t n, const int *order, double *v) {
  return output_derivatives(c, vr, n, order, v);
}
API int F(CancelStep)(M *c) { (void)c; return fmi1Error; }
API int F(GetStatus)(M *c, int kind, int *v) { (void)c, (void)kind, (void)v; return fmi1Discard; }
API int F(GetRealStatus)(M *c, int kind, double *v) {
  *v = c->s.v.time;
  return kind == fmi1LastSuccessfulTime ? OK : fmi1Discard;
}
API int F(GetIntegerStatus)(M *c, int kind, int *v) { (void)c, (void)kind, (void)v; return fmi1Discard; }
API int F(GetBooleanStatus)(M *c, int kind, fmi1Boolean *v) { (void)c, (void)kind, (void)v; return fmi1Discard; }
API int F(GetStringStatus)(M *c, int kind, const char **v) { (void)c, (void)kind, (void)v; return fmi1Discard; }

static int told(M *m, bool again, bool changed, fmi1EventInfo *info) {
  info->iterationConverged = !again;
  info->stateValueReferencesChanged = fmi1False;
  info->stateValuesChanged = changed;
  info->terminateSimulation = m->s.v.terminate;
  info->upcomingTimeEvent = isfinite(m->s.v.next_event);
  info->nextEventTime = info->upcomingTimeEvent ? m->s.v.next_event : 0.0;
  return OK;
}

API int F(Initialize)(M *c, fmi1Boolean controlled, double tolerance, fmi1EventInfo *info) {
  (void)controlled, (void)tolerance;
  if (start(c, c->s.v.time, INFINITY) != OK) return fmi1Error;
  initialize(c);
  c->s.mode = CONTINUOUS;
  return told(c, false, false, info);
}
API int F(EventUpdate)(M *c, fmi1Boolean intermediate, fmi1EventInfo *info) {
  bool changed, any = false, again;
  REQUIRE(CONTINUOUS, "fmiEventUpdate");
  do {
    again = iterate_events(c, &changed);
    any |= changed;
  } while (again && !intermediate);
  return told(c, again, any, info);
}
API int F(Terminate)(M *c) { REQUIRE(CONTINUOUS, "fmiTerminate"); c->s.mode = TERMINATED; return OK; }
API int F(SetTime)(M *c, double t) { REQUIRE(INSTANTIATED | CONTINUOUS, "fmiSetTime"); c->s.v.time = t; return OK; }
API int F(SetContinuousStates)(M *c, const double *x, size_t n) {
  REQUIRE(CONTINUOUS, "fmiSetContinuousStates");
  if (n != total(&c->s.v, STATES, N_STATES)) return fmi1Error;
  scatter(&c->s.v, STATES, N_STATES, x);
  return OK;
}
API int F(CompletedIntegratorStep)(M *c, fmi1Boolean *call_event_update) {
  REQUIRE(CONTINUOUS, "fmiCompletedIntegratorStep");
  *call_event_update = fmi1False;
  return OK;
}
API int F(GetContinuousStates)(M *c, double *x, size_t n) { return states(&c->s.v, x) == n ? OK : fmi1Error; }
API int F(GetDerivatives)(M *c, double *dx, size_t n) { return rates(&c->s.v, dx) == n ? OK : fmi1Error; }
API int F(GetEventIndicators)(M *c, double *z, size_t n) {
  return n == total(&c->s.v, INDICATORS, N_INDICATORS) && indicators(&c->s.v, z) == n ? OK : fmi1Error;
}
API int F(GetNominalContinuousStates)(M *c, double *x, size_t n) {
  (void)c;
  for (size_t i = 0; i < n; i++) x[i] = TABLE[STATES[i]].nominal;
  return OK;
}
API int F(GetStateValueReferences)(M *c, fmi1ValueReference *vr, size_t n) {
  (void)c;
  for (size_t i = 0; i < n; i++) vr[i] = STATES[i];
  return OK;
}
