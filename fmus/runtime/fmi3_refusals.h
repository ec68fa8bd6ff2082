/* FMI 3.0 functions that neither models nor systems of models have: each answers with an error that says so.
 *
 * Included by one file of each runtime, behind `instance.h` and a SUBJECT, what the FMU holds.
 */
#ifndef FMI3_REFUSALS_H
#define FMI3_REFUSALS_H

#include "fmi3Functions.h"

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

#define NO_CLOCKS SUBJECT " has no clocks"

#pragma GCC diagnostic ignored "-Wunused-parameter"

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
REFUSE("providesAdjointDerivatives is false", fmi3GetAdjointDerivative, const fmi3ValueReference unknowns[],
       size_t n_unknowns, const fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[], size_t n_seed,
       fmi3Float64 sensitivity[], size_t n_sensitivity)
REFUSE("maxOutputDerivativeOrder is 0", fmi3GetOutputDerivatives, const fmi3ValueReference vr[], size_t n,
       const fmi3Int32 orders[], fmi3Float64 values[], size_t size)
REFUSE_PLAIN(SUBJECT " has no structural parameters", fmi3EnterConfigurationMode)
REFUSE_PLAIN(SUBJECT " has no structural parameters", fmi3ExitConfigurationMode)
REFUSE_PLAIN("providesEvaluateDiscreteStates is false", fmi3EvaluateDiscreteStates)
REFUSE_PLAIN("hasEventMode is false", fmi3EnterStepMode)

#endif
