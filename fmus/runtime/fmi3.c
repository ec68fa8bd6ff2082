/* FMI 3.0: the types of the standard on one side, the instance on the other. Value references are variables. */
#include "fmi3Functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"

#define STATUS(success) ((success) ? fmi3OK : fmi3Error)

const char *fmi3GetVersion(void)
{
    return fmi3Version;
}

static void report(instance *i, const char *message)
{
    fmi3LogMessageCallback log = (fmi3LogMessageCallback)i->importer_callback;
    if (log) log(i->importer_environment, fmi3Error, "logStatusError", message);
}

static int unsupported(fmi3Instance c, const char *function, const char *reason)
{
    return c ? instance_fail(c, function, "not supported: %s", reason) : 0;
}

static fmi3Instance instantiate(const char *function, fmi3String name, fmi3String token, int co_simulation,
                                fmi3InstanceEnvironment environment, fmi3LogMessageCallback log)
{
    char message[256];
    instance *i = NULL;
    if (!token || strcmp(token, model.token)) {
        snprintf(message, sizeof message, "%s: instantiation token %.60s does not belong to this binary (%s): rebuild the FMU",
                 function, token ? token : "(none)", model.token);
    } else {
        i = instance_new(name ? name : model.name, co_simulation);
        snprintf(message, sizeof message, "%s: out of memory", function);
    }
    if (!i) {
        if (log) log(environment, fmi3Error, "logStatusError", message);
        return NULL;
    }
    i->report = report;
    i->importer_callback = (void (*)(void))log;
    i->importer_environment = environment;
    return i;
}

fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                          fmi3Boolean logging, fmi3InstanceEnvironment environment,
                                          fmi3LogMessageCallback log)
{
    (void)resources, (void)visible, (void)logging;
    return instantiate(__func__, name, token, 0, environment, log);
}

fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                         fmi3Boolean logging, fmi3Boolean event_mode, fmi3Boolean early_return,
                                         const fmi3ValueReference required[], size_t n_required,
                                         fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                         fmi3IntermediateUpdateCallback intermediate_update)
{
    (void)resources, (void)visible, (void)logging, (void)early_return, (void)required, (void)intermediate_update;
    if (!event_mode && n_required == 0) return instantiate(__func__, name, token, 1, environment, log);
    if (log)
        log(environment, fmi3Error, "logStatusError",
            "fmi3InstantiateCoSimulation: not supported: Event Mode and intermediate variables in Co-Simulation");
    return NULL;
}

fmi3Instance fmi3InstantiateScheduledExecution(fmi3String name, fmi3String token, fmi3String resources,
                                               fmi3Boolean visible, fmi3Boolean logging,
                                               fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                               fmi3ClockUpdateCallback clock_update,
                                               fmi3LockPreemptionCallback lock, fmi3UnlockPreemptionCallback unlock)
{
    (void)name, (void)token, (void)resources, (void)visible, (void)logging;
    (void)clock_update, (void)lock, (void)unlock;
    if (log)
        log(environment, fmi3Error, "logStatusError",
            "fmi3InstantiateScheduledExecution: not supported: use Co-Simulation or Model Exchange");
    return NULL;
}

void fmi3FreeInstance(fmi3Instance c)
{
    instance_free(c);
}

fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String categories[])
{
    (void)on, (void)n, (void)categories; /* only errors are logged, and always */
    return STATUS(c);
}

static fmi3Status enter(fmi3Instance c, operation what, instance_mode mode, const char *function)
{
    if (!instance_allows(c, what, function)) return fmi3Error;
    ((instance *)c)->now.mode = mode;
    return fmi3OK;
}

fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean tolerance_defined, fmi3Float64 tolerance,
                                       fmi3Float64 start, fmi3Boolean stop_defined, fmi3Float64 stop)
{
    condition experiment = {.tolerance_defined = tolerance_defined, .tolerance = tolerance, .start_time = start,
                            .stop_time_defined = stop_defined, .stop_time = stop};
    if (!instance_allows(c, ENTER_INITIALIZATION, __func__) || !instance_set_up(c, __func__, experiment))
        return fmi3Error;
    return enter(c, ENTER_INITIALIZATION, MODE_INITIALIZATION, __func__);
}

fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{
    return STATUS(c && instance_initialized(c, __func__));
}

fmi3Status fmi3EnterEventMode(fmi3Instance c)
{
    return enter(c, ENTER_EVENT_MODE, MODE_EVENT, __func__);
}

fmi3Status fmi3Terminate(fmi3Instance c)
{
    return enter(c, TERMINATE, MODE_TERMINATED, __func__);
}

fmi3Status fmi3Reset(fmi3Instance c)
{
    if (!instance_allows(c, RESET, __func__)) return fmi3Error;
    instance_start_values(c);
    return fmi3OK;
}

static int wrong_size(instance *i, const char *function, size_t size)
{
    return instance_fail(i, function, "%zu values do not match the sizes of the variables", size);
}

#define GETTER(name, ctype, types, convert)                                                              \
    fmi3Status name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, ctype value[], size_t size) \
    {                                                                                                    \
        if (!instance_allows(c, GET_VALUES, __func__)) return fmi3Error;                                 \
        instance *i = c;                                                                                 \
        size_t used = 0;                                                                                 \
        for (size_t k = 0; k < n; k++) {                                                                 \
            size_t length = (size_t)instance_readable(i, __func__, vr[k], types, 1);                     \
            if (!length) return fmi3Error;                                                               \
            if (used + length > size) return STATUS(wrong_size(i, __func__, size));                      \
            for (size_t e = 0; e < length; e++) {                                                        \
                double number = i->values[vr[k] + e];                                                    \
                value[used++] = convert;                                                                 \
            }                                                                                            \
        }                                                                                                \
        return STATUS(used == size || wrong_size(i, __func__, size));                                    \
    }

#define SETTER(name, ctype, types, convert)                                                                    \
    fmi3Status name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, const ctype value[], size_t size) \
    {                                                                                                          \
        if (!instance_allows(c, SET_VALUES, __func__)) return fmi3Error;                                       \
        size_t used = 0;                                                                                       \
        for (size_t k = 0; k < n; k++) {                                                                       \
            size_t length = (size_t)instance_writable(c, __func__, vr[k], types, 1);                           \
            if (!length) return fmi3Error;                                                                     \
            used += length;                                                                                    \
        }                                                                                                      \
        if (used != size) return STATUS(wrong_size(c, __func__, size));                                        \
        for (size_t k = 0; k < n; k++) {                                                                       \
            int length = model.variables[model.variable_of[vr[k]]].length;                                     \
            for (int e = 0; e < length; e++) {                                                                 \
                double number = (double)*value++;                                                              \
                if (!instance_write(c, __func__, vr[k] + (unsigned)e, convert)) return fmi3Error;              \
            }                                                                                                  \
        }                                                                                                      \
        return fmi3OK;                                                                                         \
    }

#define ROUNDED(ctype) ((ctype)(number < 0 ? number - 0.5 : number + 0.5))

GETTER(fmi3GetFloat64, fmi3Float64, TYPE_FLOAT64, number)
GETTER(fmi3GetInt32, fmi3Int32, TYPE_INTEGER, ROUNDED(fmi3Int32))
GETTER(fmi3GetInt64, fmi3Int64, TYPE_ENUMERATION, ROUNDED(fmi3Int64))
GETTER(fmi3GetBoolean, fmi3Boolean, TYPE_BOOLEAN, number != 0.0)
SETTER(fmi3SetFloat64, fmi3Float64, TYPE_FLOAT64, number)
SETTER(fmi3SetInt32, fmi3Int32, TYPE_INTEGER, number)
SETTER(fmi3SetInt64, fmi3Int64, TYPE_ENUMERATION, number)
SETTER(fmi3SetBoolean, fmi3Boolean, TYPE_BOOLEAN, number != 0.0)

/* No model has variables of these types: any reference is refused with the name of the variable behind it. */
#define NO_GETTER(name, ctype)                                                                           \
    fmi3Status name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, ctype value[], size_t size) \
    {                                                                                                    \
        (void)value, (void)size;                                                                         \
        if (!instance_allows(c, GET_VALUES, __func__)) return fmi3Error;                                 \
        return STATUS(n == 0 || instance_readable(c, __func__, vr[0], 0, 1));                            \
    }

#define NO_SETTER(name, ctype)                                                                                 \
    fmi3Status name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, const ctype value[], size_t size) \
    {                                                                                                          \
        (void)value, (void)size;                                                                               \
        if (!instance_allows(c, SET_VALUES, __func__)) return fmi3Error;                                       \
        return STATUS(n == 0 || instance_writable(c, __func__, vr[0], 0, 1));                                  \
    }

NO_GETTER(fmi3GetFloat32, fmi3Float32)
NO_GETTER(fmi3GetInt8, fmi3Int8)
NO_GETTER(fmi3GetUInt8, fmi3UInt8)
NO_GETTER(fmi3GetInt16, fmi3Int16)
NO_GETTER(fmi3GetUInt16, fmi3UInt16)
NO_GETTER(fmi3GetUInt32, fmi3UInt32)
NO_GETTER(fmi3GetUInt64, fmi3UInt64)
NO_GETTER(fmi3GetString, fmi3String)
NO_SETTER(fmi3SetFloat32, fmi3Float32)
NO_SETTER(fmi3SetInt8, fmi3Int8)
NO_SETTER(fmi3SetUInt8, fmi3UInt8)
NO_SETTER(fmi3SetInt16, fmi3Int16)
NO_SETTER(fmi3SetUInt16, fmi3UInt16)
NO_SETTER(fmi3SetUInt32, fmi3UInt32)
NO_SETTER(fmi3SetUInt64, fmi3UInt64)
NO_SETTER(fmi3SetString, fmi3String)

fmi3Status fmi3GetBinary(fmi3Instance c, const fmi3ValueReference vr[], size_t n, size_t sizes[], fmi3Binary value[],
                         size_t size)
{
    (void)sizes, (void)value, (void)size;
    return STATUS(instance_allows(c, GET_VALUES, __func__) && (n == 0 || instance_readable(c, __func__, vr[0], 0, 1)));
}

fmi3Status fmi3SetBinary(fmi3Instance c, const fmi3ValueReference vr[], size_t n, const size_t sizes[],
                         const fmi3Binary value[], size_t size)
{
    (void)sizes, (void)value, (void)size;
    return STATUS(instance_allows(c, SET_VALUES, __func__) && (n == 0 || instance_writable(c, __func__, vr[0], 0, 1)));
}

fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state)
{
    if (!instance_allows(c, KEEP_STATE, __func__)) return fmi3Error;
    return STATUS(instance_keep(c, state) || instance_fail(c, __func__, "out of memory"));
}

fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi3Error;
    return STATUS(state ? instance_restore(c, __func__, state) : instance_fail(c, __func__, "no state was given"));
}

fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi3Error;
    if (state) {
        free(*state);
        *state = NULL;
    }
    return fmi3OK;
}

fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size)
{
    (void)state;
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi3Error;
    *size = instance_state_size(c);
    return fmi3OK;
}

fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte bytes[], size_t size)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi3Error;
    if (!state || !instance_check_serialized(c, __func__, state, size)) return fmi3Error;
    memcpy(bytes, state, size);
    return fmi3OK;
}

fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte bytes[], size_t size, fmi3FMUState *state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__) || !instance_check_serialized(c, __func__, bytes, size))
        return fmi3Error;
    if (!*state) *state = malloc(size);
    if (!*state) return STATUS(instance_fail(c, __func__, "out of memory"));
    memcpy(*state, bytes, size);
    return fmi3OK;
}

fmi3Status fmi3GetDirectionalDerivative(fmi3Instance c, const fmi3ValueReference unknowns[], size_t n_unknowns,
                                        const fmi3ValueReference knowns[], size_t n_knowns, const fmi3Float64 seed[],
                                        size_t n_seed, fmi3Float64 sensitivity[], size_t n_sensitivity)
{
    size_t sizes[2];
    if (!c || !instance_sensitivity_references(c, __func__, unknowns, n_unknowns, knowns, n_knowns, 1, sizes))
        return fmi3Error;
    if (sizes[0] != n_sensitivity) return STATUS(wrong_size(c, __func__, n_sensitivity));
    if (sizes[1] != n_seed) return STATUS(wrong_size(c, __func__, n_seed));
    instance_sensitivity(c, unknowns, n_unknowns, knowns, n_knowns, 1, seed, sensitivity);
    return fmi3OK;
}

fmi3Status fmi3UpdateDiscreteStates(fmi3Instance c, fmi3Boolean *needs_update, fmi3Boolean *terminate,
                                    fmi3Boolean *nominals_changed, fmi3Boolean *states_changed,
                                    fmi3Boolean *next_event_time_defined, fmi3Float64 *next_event_time)
{
    instance *i = c;
    *needs_update = *terminate = *nominals_changed = *states_changed = *next_event_time_defined = fmi3False;
    if (!instance_allows(i, UPDATE_DISCRETE_STATES, __func__)) return fmi3Error;
    if (instance_scan_due(i, i->now.time) && !instance_scan(i, __func__)) return fmi3Error;
    *needs_update = instance_scan_due(i, i->now.time);
    *next_event_time_defined = model.sample_time > 0.0;
    *next_event_time = instance_scan_time(i);
    return fmi3OK;
}

fmi3Status fmi3EnterContinuousTimeMode(fmi3Instance c)
{
    return enter(c, ENTER_CONTINUOUS_TIME, MODE_CONTINUOUS_TIME, __func__);
}

fmi3Status fmi3CompletedIntegratorStep(fmi3Instance c, fmi3Boolean no_set_state, fmi3Boolean *enter_event_mode,
                                       fmi3Boolean *terminate)
{
    (void)no_set_state;
    *enter_event_mode = *terminate = fmi3False;
    return STATUS(instance_allows(c, COMPLETE_INTEGRATOR_STEP, __func__));
}

fmi3Status fmi3SetTime(fmi3Instance c, fmi3Float64 time)
{
    return STATUS(c && instance_set_time(c, __func__, time));
}

fmi3Status fmi3SetContinuousStates(fmi3Instance c, const fmi3Float64 states[], size_t n)
{
    return STATUS(c && instance_set_states(c, __func__, states, n));
}

static fmi3Status copy(const double *from, fmi3Float64 to[], size_t n)
{
    if (from) memcpy(to, from, n * sizeof *to);
    return STATUS(from);
}

fmi3Status fmi3GetContinuousStateDerivatives(fmi3Instance c, fmi3Float64 derivatives[], size_t n)
{
    return copy(instance_derivatives(c, __func__, n), derivatives, n);
}

fmi3Status fmi3GetContinuousStates(fmi3Instance c, fmi3Float64 states[], size_t n)
{
    return copy(instance_states(c, __func__, n), states, n);
}

fmi3Status fmi3GetNominalsOfContinuousStates(fmi3Instance c, fmi3Float64 nominals[], size_t n)
{
    return copy(instance_states(c, __func__, n) ? model.nominals : NULL, nominals, n);
}

fmi3Status fmi3GetEventIndicators(fmi3Instance c, fmi3Float64 indicators[], size_t n)
{
    (void)indicators;
    if (!instance_allows(c, GET_CONTINUOUS_STATES, __func__)) return fmi3Error;
    return STATUS(n == 0 || unsupported(c, __func__, "the model has no event indicators"));
}

fmi3Status fmi3GetNumberOfEventIndicators(fmi3Instance c, size_t *n)
{
    *n = 0;
    return STATUS(c);
}

fmi3Status fmi3GetNumberOfContinuousStates(fmi3Instance c, size_t *n)
{
    *n = (size_t)model.n_states;
    return STATUS(c);
}

fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 time, fmi3Float64 step, fmi3Boolean no_set_state,
                      fmi3Boolean *event_needed, fmi3Boolean *terminate, fmi3Boolean *early_return,
                      fmi3Float64 *last_successful_time)
{
    (void)no_set_state;
    int success = c && instance_do_step(c, __func__, time, step);
    *event_needed = *terminate = *early_return = fmi3False;
    *last_successful_time = c ? ((instance *)c)->now.time : time;
    return STATUS(success);
}
