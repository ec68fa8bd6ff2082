/* FMI 3.0 functions that the model description declares unsupported: each answers with an error that says so. */
#include "fmi3Functions.h"

#include "instance.h"

static fmi3Status refuse(fmi3Instance c, const char *function, const char *reason)
{
    if (c) instance_fail(c, function, "not supported: %s", reason);
    return fmi3Error;
}

#define REFUSE(reason, name, ...)               \
    fmi3Status name(fmi3Instance c, __VA_ARGS__) \
    {                                           \
        return refuse(c, __func__, reason);     \
    }

#define REFUSE_PLAIN(reason, name)          \
    fmi3Status name(fmi3Instance c)         \
    {                                       \
        return refuse(c, __func__, reason); \
    }

#define NO_CLOCKS "the system has no clocks"
#define NO_TEXT "no variable of that type is exposed"
#define NO_EXCHANGE "the system is there for Co-Simulation only"
#define NO_EVENTS "hasEventMode is false"

#pragma GCC diagnostic ignored "-Wunused-parameter"

REFUSE(NO_TEXT, fmi3GetString, const fmi3ValueReference vr[], size_t n, fmi3String values[], size_t size)
REFUSE(NO_TEXT, fmi3SetString, const fmi3ValueReference vr[], size_t n, const fmi3String values[], size_t size)
REFUSE(NO_TEXT, fmi3GetBinary, const fmi3ValueReference vr[], size_t n, size_t sizes[], fmi3Binary values[], size_t size)
REFUSE(NO_TEXT, fmi3SetBinary, const fmi3ValueReference vr[], size_t n, const size_t sizes[], const fmi3Binary values[],
       size_t size)
REFUSE(NO_CLOCKS, fmi3GetClock, const fmi3ValueReference vr[], size_t n, fmi3Clock values[])
REFUSE(NO_CLOCKS, fmi3SetClock, const fmi3ValueReference vr[], size_t n, const fmi3Clock values[])
REFUSE(NO_CLOCKS, fmi3GetIntervalDecimal, const fmi3ValueReference vr[], size_t n, fmi3Float64 intervals[],
       fmi3IntervalQualifier qualifiers[])
REFUSE(NO_CLOCKS, fmi3GetIntervalFraction, const fmi3ValueReference vr[], size_t n, fmi3UInt64 counters[],
       fmi3UInt64 resolutions[], fmi3IntervalQualifier qualifiers[])
REFUSE(NO_CLOCKS, fmi3GetShiftDecimal, const fmi3ValueReference vr[], size_t n, fmi3Float64 shifts[])
REFUSE(NO_CLOCKS, fmi3GetShiftFraction, const fmi3ValueReference vr[], size_t n, fmi3UInt64 counters[],
       fmi3UInt64 resolutions[])
REFUSE(NO_CLOCKS, fmi3SetIntervalDecimal, const fmi3ValueReference vr[], size_t n, const fmi3Float64 intervals[])
REFUSE(NO_CLOCKS, fmi3SetIntervalFraction, const fmi3ValueReference vr[], size_t n, const fmi3UInt64 counters[],
       const fmi3UInt64 resolutions[])
REFUSE(NO_CLOCKS, fmi3SetShiftDecimal, const fmi3ValueReference vr[], size_t n, const fmi3Float64 shifts[])
REFUSE(NO_CLOCKS, fmi3SetShiftFraction, const fmi3ValueReference vr[], size_t n, const fmi3UInt64 counters[],
       const fmi3UInt64 resolutions[])
REFUSE(NO_CLOCKS, fmi3ActivateModelPartition, fmi3ValueReference clock, fmi3Float64 time)
REFUSE("providesPerElementDependencies is false", fmi3GetNumberOfVariableDependencies, fmi3ValueReference vr, size_t *n)
REFUSE("providesPerElementDependencies is false", fmi3GetVariableDependencies, fmi3ValueReference dependent,
       size_t dependents[], fmi3ValueReference independents[], size_t elements[], fmi3DependencyKind kinds[], size_t n)
REFUSE("providesDirectionalDerivatives is false", fmi3GetDirectionalDerivative, const fmi3ValueReference unknowns[],
       size_t n_unknowns, const fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
       fmi3Float64 sensitivity[], size_t n_sensitivity)
REFUSE("providesAdjointDerivatives is false", fmi3GetAdjointDerivative, const fmi3ValueReference unknowns[],
       size_t n_unknowns, const fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
       fmi3Float64 sensitivity[], size_t n_sensitivity)
REFUSE("maxOutputDerivativeOrder is 0", fmi3GetOutputDerivatives, const fmi3ValueReference vr[], size_t n,
       const fmi3Int32 orders[], fmi3Float64 values[], size_t size)
REFUSE_PLAIN("the system has no structural parameters", fmi3EnterConfigurationMode)
REFUSE_PLAIN("the system has no structural parameters", fmi3ExitConfigurationMode)
REFUSE_PLAIN(NO_EVENTS, fmi3EvaluateDiscreteStates)
REFUSE_PLAIN(NO_EVENTS, fmi3EnterStepMode)
REFUSE_PLAIN(NO_EVENTS, fmi3EnterEventMode)
REFUSE(NO_EVENTS, fmi3UpdateDiscreteStates, fmi3Boolean *needs_update, fmi3Boolean *terminate,
       fmi3Boolean *nominals_changed, fmi3Boolean *states_changed, fmi3Boolean *next_event_time_defined,
       fmi3Float64 *next_event_time)
REFUSE_PLAIN(NO_EXCHANGE, fmi3EnterContinuousTimeMode)
REFUSE(NO_EXCHANGE, fmi3CompletedIntegratorStep, fmi3Boolean no_set_state, fmi3Boolean *enter_event_mode,
       fmi3Boolean *terminate)
REFUSE(NO_EXCHANGE, fmi3SetTime, fmi3Float64 time)
REFUSE(NO_EXCHANGE, fmi3SetContinuousStates, const fmi3Float64 states[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetContinuousStateDerivatives, fmi3Float64 derivatives[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetEventIndicators, fmi3Float64 indicators[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetContinuousStates, fmi3Float64 states[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetNominalsOfContinuousStates, fmi3Float64 nominals[], size_t n)
REFUSE(NO_EXCHANGE, fmi3GetNumberOfEventIndicators, size_t *n)
REFUSE(NO_EXCHANGE, fmi3GetNumberOfContinuousStates, size_t *n)
