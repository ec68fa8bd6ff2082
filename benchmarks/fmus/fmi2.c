/* FMI 2.0 Co-Simulation around a model of the benchmarks. */
#define _POSIX_C_SOURCE 199309L
#include "fmi.h"

typedef const char *Text;
typedef uint32_t Reference;

EXPORT Text fmi2GetTypesPlatform(void) { return "default"; }
EXPORT Text fmi2GetVersion(void) { return "2.0"; }
EXPORT int fmi2SetDebugLogging(void *c, int on, size_t n, const Text names[]) { (void)c, (void)on, (void)n, (void)names; return OK; }

EXPORT void *fmi2Instantiate(Text name, int type, Text guid, Text folder, const void *functions, int visible, int logging) {
  (void)name, (void)guid, (void)folder, (void)functions, (void)visible, (void)logging;
  return type == 1 ? instance_new() : NULL;
}
EXPORT void fmi2FreeInstance(void *c) { free(c); }
EXPORT int fmi2SetupExperiment(void *c, int has_tolerance, double tolerance, double start, int has_stop, double stop) {
  (void)c, (void)has_tolerance, (void)tolerance, (void)start, (void)has_stop, (void)stop;
  return OK;
}
EXPORT int fmi2EnterInitializationMode(void *c) { (void)c; return OK; }
EXPORT int fmi2ExitInitializationMode(void *c) { (void)c; return OK; }
EXPORT int fmi2Terminate(void *c) { (void)c; return OK; }
EXPORT int fmi2Reset(Instance *c) { c->steps = 0, model_start(c->v); return OK; }

EXPORT int fmi2GetReal(Instance *c, const Reference vr[], size_t n, double values[]) { return instance_get(c, vr, n, values); }
EXPORT int fmi2SetReal(Instance *c, const Reference vr[], size_t n, const double values[]) { return instance_set(c, vr, n, values); }
EXPORT int fmi2DoStep(Instance *c, double t, double h, int no_rollback) { (void)no_rollback; return instance_step(c, t, h); }

EXPORT int fmi2GetFMUstate(Instance *c, void **state) { return instance_keep(c, state); }
EXPORT int fmi2SetFMUstate(Instance *c, void *state) { return instance_return(c, state); }
EXPORT int fmi2FreeFMUstate(void *c, void **state) { (void)c; return state_free(state); }

/* No other types, no serialized states, no derivatives: the model description promises none. Asked for nothing they agree. */
#define OF_NOTHING(name) EXPORT int name(void *c, const Reference vr[], size_t n, void *values) { (void)c, (void)vr, (void)values; return n ? ERROR : OK; }
OF_NOTHING(fmi2GetInteger)
OF_NOTHING(fmi2SetInteger)
OF_NOTHING(fmi2GetBoolean)
OF_NOTHING(fmi2SetBoolean)
OF_NOTHING(fmi2GetString)
OF_NOTHING(fmi2SetString)
LACKS(fmi2SerializedFMUstateSize)
LACKS(fmi2SerializeFMUstate)
LACKS(fmi2DeSerializeFMUstate)
LACKS(fmi2GetDirectionalDerivative)
LACKS(fmi2SetRealInputDerivatives)
LACKS(fmi2GetRealOutputDerivatives)
LACKS(fmi2CancelStep)
LACKS(fmi2GetStatus)
LACKS(fmi2GetRealStatus)
LACKS(fmi2GetIntegerStatus)
LACKS(fmi2GetBooleanStatus)
LACKS(fmi2GetStringStatus)
