/* FMI 3.0 Co-Simulation around a model of the benchmarks. */
#define _POSIX_C_SOURCE 199309L
#include "fmi.h"

#include <stdbool.h>

typedef const char *Text;
typedef uint32_t Reference;

EXPORT Text fmi3GetVersion(void) { return "3.0"; }
EXPORT int fmi3SetDebugLogging(void *c, bool on, size_t n, const Text names[]) { (void)c, (void)on, (void)n, (void)names; return OK; }

EXPORT void *fmi3InstantiateCoSimulation(Text name, Text token, Text folder, bool visible, bool logging, bool events, bool early,
                                         const Reference needed[], size_t n, void *environment, void *log, void *update) {
  (void)name, (void)token, (void)folder, (void)visible, (void)logging, (void)early, (void)needed, (void)n;
  (void)environment, (void)log, (void)update;
  return events ? NULL : instance_new();
}
EXPORT void fmi3FreeInstance(void *c) { free(c); }
EXPORT int fmi3EnterInitializationMode(void *c, bool has_tolerance, double tolerance, double start, bool has_stop, double stop) {
  (void)c, (void)has_tolerance, (void)tolerance, (void)start, (void)has_stop, (void)stop;
  return OK;
}
EXPORT int fmi3ExitInitializationMode(void *c) { (void)c; return OK; }
EXPORT int fmi3Terminate(void *c) { (void)c; return OK; }
EXPORT int fmi3Reset(Instance *c) { c->steps = 0, model_start(c->v); return OK; }

EXPORT int fmi3GetFloat64(Instance *c, const Reference vr[], size_t n, double values[], size_t size) { return n == size ? instance_get(c, vr, n, values) : ERROR; }
EXPORT int fmi3SetFloat64(Instance *c, const Reference vr[], size_t n, const double values[], size_t size) { return n == size ? instance_set(c, vr, n, values) : ERROR; }
EXPORT int fmi3DoStep(Instance *c, double t, double h, bool no_rollback, bool *event, bool *terminate, bool *early, double *reached) {
  (void)no_rollback;
  *event = *terminate = *early = false, *reached = t + h;
  return instance_step(c, t, h);
}

EXPORT int fmi3GetFMUState(Instance *c, void **state) { return instance_keep(c, state); }
EXPORT int fmi3SetFMUState(Instance *c, void *state) { return instance_return(c, state); }
EXPORT int fmi3FreeFMUState(void *c, void **state) { (void)c; return state_free(state); }

/* No other kinds, types, clocks or derivatives: the model description promises none. */
LACKS(fmi3EnterConfigurationMode)
LACKS(fmi3ExitConfigurationMode)
LACKS(fmi3EnterEventMode)
LACKS(fmi3EnterStepMode)
LACKS(fmi3UpdateDiscreteStates)
LACKS(fmi3SerializedFMUStateSize)
LACKS(fmi3SerializeFMUState)
LACKS(fmi3DeserializeFMUState)
LACKS(fmi3GetDirectionalDerivative)
LACKS(fmi3GetAdjointDerivative)
LACKS(fmi3GetOutputDerivatives)
LACKS(fmi3GetNumberOfVariableDependencies)
LACKS(fmi3GetVariableDependencies)
#define TYPE(name) LACKS(fmi3Get##name) LACKS(fmi3Set##name)
TYPE(Float32) TYPE(Int8) TYPE(UInt8) TYPE(Int16) TYPE(UInt16) TYPE(Int32) TYPE(UInt32) TYPE(Int64) TYPE(UInt64)
TYPE(Boolean) TYPE(String) TYPE(Binary) TYPE(Clock)
LACKS(fmi3InstantiateModelExchange)
LACKS(fmi3InstantiateScheduledExecution)
LACKS(fmi3ActivateModelPartition)
LACKS(fmi3CompletedIntegratorStep)
LACKS(fmi3EnterContinuousTimeMode)
LACKS(fmi3EvaluateDiscreteStates)
LACKS(fmi3GetContinuousStateDerivatives)
LACKS(fmi3GetContinuousStates)
LACKS(fmi3GetEventIndicators)
LACKS(fmi3GetIntervalDecimal)
LACKS(fmi3GetIntervalFraction)
LACKS(fmi3GetNominalsOfContinuousStates)
LACKS(fmi3GetNumberOfContinuousStates)
LACKS(fmi3GetNumberOfEventIndicators)
LACKS(fmi3GetShiftDecimal)
LACKS(fmi3GetShiftFraction)
LACKS(fmi3SetContinuousStates)
LACKS(fmi3SetIntervalDecimal)
LACKS(fmi3SetIntervalFraction)
LACKS(fmi3SetShiftDecimal)
LACKS(fmi3SetShiftFraction)
LACKS(fmi3SetTime)
