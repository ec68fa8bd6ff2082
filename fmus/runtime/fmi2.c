/* FMI 2.0: the types of the standard on one side, the instance on the other. Value references are elements. */
#include <stdio.h>
#include <string.h>

#include "instance.h"

#include "fmi2_shared.h"

#define STATUS(success) ((success) ? fmi2OK : fmi2Error)

static void report(instance *i, const char *message)
{
    log_message((fmi2CallbackLogger)i->importer_callback, i->importer_environment, i->name, (int)fmi2Error, message);
}

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String resources,
                              const fmi2CallbackFunctions *functions, fmi2Boolean visible, fmi2Boolean logging)
{
    (void)resources, (void)visible, (void)logging;
    fmi2CallbackLogger logger = functions ? functions->logger : NULL;
    fmi2ComponentEnvironment environment = functions ? functions->componentEnvironment : NULL;
    char message[256];
    if (!guid || strcmp(guid, model.token)) {
        snprintf(message, sizeof message, "%s: GUID %.60s does not belong to this binary (%s): rebuild the FMU", __func__,
                 guid ? guid : "(none)", model.token);
        log_message(logger, environment, name ? name : model.name, (int)fmi2Error, message);
        return NULL;
    }
    instance *i = instance_new(name ? name : model.name, type == fmi2CoSimulation);
    if (!i) {
        log_message(logger, environment, name ? name : model.name, (int)fmi2Error, "fmi2Instantiate: out of memory");
        return NULL;
    }
    i->report = report;
    i->importer_callback = (void (*)(void))logger;
    i->importer_environment = environment;
    return i;
}

void fmi2FreeInstance(fmi2Component c)
{
    instance_free(c);
}

fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String categories[])
{
    (void)on, (void)n, (void)categories; /* only errors are logged, and always */
    return STATUS(c);
}

fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean tolerance_defined, fmi2Real tolerance, fmi2Real start,
                               fmi2Boolean stop_defined, fmi2Real stop)
{
    condition experiment = {.tolerance_defined = tolerance_defined != fmi2False, .tolerance = tolerance,
                            .start_time = start, .stop_time_defined = stop_defined != fmi2False, .stop_time = stop};
    return STATUS(instance_allows(c, SET_UP_EXPERIMENT, __func__) && instance_set_up(c, __func__, experiment));
}

static fmi2Status enter(fmi2Component c, operation what, instance_mode mode, const char *function)
{
    if (!instance_allows(c, what, function)) return fmi2Error;
    ((instance *)c)->now.mode = mode;
    return fmi2OK;
}

fmi2Status fmi2EnterInitializationMode(fmi2Component c)
{
    return enter(c, ENTER_INITIALIZATION, MODE_INITIALIZATION, __func__);
}

fmi2Status fmi2ExitInitializationMode(fmi2Component c)
{
    return STATUS(c && instance_initialized(c, __func__));
}

fmi2Status fmi2Terminate(fmi2Component c)
{
    return enter(c, TERMINATE, MODE_TERMINATED, __func__);
}

fmi2Status fmi2Reset(fmi2Component c)
{
    if (!instance_allows(c, RESET, __func__)) return fmi2Error;
    instance_start_values(c);
    return fmi2OK;
}

#define GETTER(name, ctype, types, convert)                                                 \
    fmi2Status name(fmi2Component c, const fmi2ValueReference vr[], size_t n, ctype value[]) \
    {                                                                                       \
        if (!instance_allows(c, GET_VALUES, __func__)) return fmi2Error;                    \
        instance *i = c;                                                                    \
        for (size_t k = 0; k < n; k++) {                                                    \
            if (!instance_readable(i, __func__, vr[k], types, 0)) return fmi2Error;         \
            double number = i->values[vr[k]];                                               \
            value[k] = convert;                                                             \
        }                                                                                   \
        return fmi2OK;                                                                      \
    }

#define SETTER(name, ctype, types, convert)                                                       \
    fmi2Status name(fmi2Component c, const fmi2ValueReference vr[], size_t n, const ctype value[]) \
    {                                                                                             \
        if (!instance_allows(c, SET_VALUES, __func__)) return fmi2Error;                          \
        for (size_t k = 0; k < n; k++)                                                            \
            if (!instance_writable(c, __func__, vr[k], types, 0)) return fmi2Error;               \
        for (size_t k = 0; k < n; k++) {                                                          \
            double number = (double)value[k];                                                     \
            if (!instance_write(c, __func__, vr[k], convert)) return fmi2Error;                   \
        }                                                                                         \
        return fmi2OK;                                                                            \
    }

GETTER(fmi2GetReal, fmi2Real, TYPE_FLOAT64, number)
GETTER(fmi2GetInteger, fmi2Integer, TYPE_INTEGER | TYPE_ENUMERATION, (fmi2Integer)(number < 0 ? number - 0.5 : number + 0.5))
GETTER(fmi2GetBoolean, fmi2Boolean, TYPE_BOOLEAN, number != 0.0 ? fmi2True : fmi2False)
SETTER(fmi2SetReal, fmi2Real, TYPE_FLOAT64, number)
SETTER(fmi2SetInteger, fmi2Integer, TYPE_INTEGER | TYPE_ENUMERATION, number)
SETTER(fmi2SetBoolean, fmi2Boolean, TYPE_BOOLEAN, number != 0.0)

fmi2Status fmi2GetString(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2String value[])
{
    (void)vr, (void)value;
    return STATUS(instance_allows(c, GET_VALUES, __func__) && (n == 0 || unsupported(c, __func__, "the model has no strings")));
}

fmi2Status fmi2SetString(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2String value[])
{
    (void)vr, (void)value;
    return STATUS(instance_allows(c, SET_VALUES, __func__) && (n == 0 || unsupported(c, __func__, "the model has no strings")));
}

fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *state)
{
    if (!instance_allows(c, KEEP_STATE, __func__)) return fmi2Error;
    return STATUS(instance_keep(c, state) || instance_fail(c, __func__, "out of memory"));
}

fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi2Error;
    return STATUS(state ? instance_restore(c, __func__, state) : instance_fail(c, __func__, "no state was given"));
}

fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi2Error;
    if (state) {
        free(*state);
        *state = NULL;
    }
    return fmi2OK;
}

fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate state, size_t *size)
{
    (void)state;
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi2Error;
    *size = instance_state_size(c);
    return fmi2OK;
}

fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate state, fmi2Byte bytes[], size_t size)
{
    if (!instance_allows(c, RESTORE_STATE, __func__)) return fmi2Error;
    if (!state || !instance_check_serialized(c, __func__, state, size)) return fmi2Error;
    memcpy(bytes, state, size);
    return fmi2OK;
}

fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte bytes[], size_t size, fmi2FMUstate *state)
{
    if (!instance_allows(c, RESTORE_STATE, __func__) || !instance_check_serialized(c, __func__, bytes, size))
        return fmi2Error;
    if (!*state) *state = malloc(size);
    if (!*state) return STATUS(instance_fail(c, __func__, "out of memory"));
    memcpy(*state, bytes, size);
    return fmi2OK;
}

fmi2Status fmi2GetDirectionalDerivative(fmi2Component c, const fmi2ValueReference unknowns[], size_t n_unknowns,
                                        const fmi2ValueReference knowns[], size_t n_knowns, const fmi2Real seed[],
                                        fmi2Real sensitivity[])
{
    size_t sizes[2];
    if (!c || !instance_sensitivity_references(c, __func__, unknowns, n_unknowns, knowns, n_knowns, 0, sizes))
        return fmi2Error;
    instance_sensitivity(c, unknowns, n_unknowns, knowns, n_knowns, 0, seed, sensitivity);
    return fmi2OK;
}

fmi2Status fmi2EnterEventMode(fmi2Component c)
{
    return enter(c, ENTER_EVENT_MODE, MODE_EVENT, __func__);
}

fmi2Status fmi2NewDiscreteStates(fmi2Component c, fmi2EventInfo *info)
{
    instance *i = c;
    memset(info, 0, sizeof *info);
    if (!instance_allows(i, UPDATE_DISCRETE_STATES, __func__)) return fmi2Error;
    if (instance_scan_due(i, i->now.time) && !instance_scan(i, __func__)) return fmi2Error;
    info->newDiscreteStatesNeeded = instance_scan_due(i, i->now.time) ? fmi2True : fmi2False;
    info->nextEventTimeDefined = model.sample_time > 0.0 ? fmi2True : fmi2False;
    info->nextEventTime = instance_scan_time(i);
    return fmi2OK;
}

fmi2Status fmi2EnterContinuousTimeMode(fmi2Component c)
{
    return enter(c, ENTER_CONTINUOUS_TIME, MODE_CONTINUOUS_TIME, __func__);
}

fmi2Status fmi2CompletedIntegratorStep(fmi2Component c, fmi2Boolean no_set_state, fmi2Boolean *enter_event_mode,
                                       fmi2Boolean *terminate)
{
    (void)no_set_state;
    *enter_event_mode = *terminate = fmi2False;
    return STATUS(instance_allows(c, COMPLETE_INTEGRATOR_STEP, __func__));
}

fmi2Status fmi2SetTime(fmi2Component c, fmi2Real time)
{
    return STATUS(c && instance_set_time(c, __func__, time));
}

fmi2Status fmi2SetContinuousStates(fmi2Component c, const fmi2Real states[], size_t n)
{
    return STATUS(c && instance_set_states(c, __func__, states, n));
}

static fmi2Status copy(const double *from, fmi2Real to[], size_t n)
{
    if (from) memcpy(to, from, n * sizeof *to);
    return STATUS(from);
}

fmi2Status fmi2GetDerivatives(fmi2Component c, fmi2Real derivatives[], size_t n)
{
    return copy(instance_derivatives(c, __func__, n), derivatives, n);
}

fmi2Status fmi2GetContinuousStates(fmi2Component c, fmi2Real states[], size_t n)
{
    return copy(instance_states(c, __func__, n), states, n);
}

fmi2Status fmi2GetNominalsOfContinuousStates(fmi2Component c, fmi2Real nominals[], size_t n)
{
    return copy(instance_states(c, __func__, n) ? model.nominals : NULL, nominals, n);
}

fmi2Status fmi2GetEventIndicators(fmi2Component c, fmi2Real indicators[], size_t n)
{
    (void)indicators;
    if (!instance_allows(c, GET_CONTINUOUS_STATES, __func__)) return fmi2Error;
    return STATUS(n == 0 || unsupported(c, __func__, "the model has no event indicators"));
}

fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real step, fmi2Boolean no_set_state)
{
    (void)no_set_state;
    return STATUS(c && instance_do_step(c, __func__, time, step));
}

fmi2Status fmi2GetRealStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Real *value)
{
    if (kind != fmi2LastSuccessfulTime) return STATUS(unsupported(c, __func__, "only the last successful time is a real"));
    *value = ((instance *)c)->now.time;
    return fmi2OK;
}

fmi2Status fmi2GetBooleanStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Boolean *value)
{
    if (kind != fmi2Terminated) return STATUS(unsupported(c, __func__, "only 'terminated' is a Boolean"));
    *value = fmi2False;
    return fmi2OK;
}

