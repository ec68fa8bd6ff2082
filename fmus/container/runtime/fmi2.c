/* FMI 2.0: the types of the standard on one side, the instance on the other. Value references are elements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"

#include "fmi2_shared.h"
#include "uri.h"

#define STATUS(success) ((success) ? fmi2OK : failure(c))

static fmi2Status failure(fmi2Component c)
{
    return c && ((instance *)c)->now.mode == MODE_FATAL ? fmi2Fatal : fmi2Error;
}

static void report(instance *i, int status, const char *message)
{
    log_message((fmi2CallbackLogger)i->importer_callback, i->importer_environment, i->name, status, message);
}

fmi2Component fmi2Instantiate(fmi2String name, fmi2Type type, fmi2String guid, fmi2String resources,
                              const fmi2CallbackFunctions *functions, fmi2Boolean visible, fmi2Boolean logging)
{
    (void)visible;
    fmi2CallbackLogger logger = functions ? functions->logger : NULL;
    fmi2ComponentEnvironment environment = functions ? functions->componentEnvironment : NULL;
    const char *known = name ? name : whole.name, *problem = NULL;
    char *folder = NULL;
    if (!guid || strcmp(guid, whole.token))
        problem = "fmi2Instantiate: the GUID does not belong to this binary: export the FMU again";
    else if (type != fmi2CoSimulation)
        problem = "fmi2Instantiate: not supported: Model Exchange";
    else if (!(folder = path_of(resources)))
        problem = "fmi2Instantiate: its components are in its resources: give their location as a URI file:///...";
    instance *i = problem ? NULL : instance_new(known, folder, logging != fmi2False);
    if (!i) {
        log_message(logger, environment, known, STATUS_ERROR, problem ? problem : "fmi2Instantiate: out of memory");
        return NULL;
    }
    i->report = report;
    i->importer_callback = (void (*)(void))logger;
    i->importer_environment = environment;
    if (instance_open(i, __func__)) return i;
    instance_free(i);
    return NULL;
}

void fmi2FreeInstance(fmi2Component c)
{
    instance_free(c);
}

fmi2Status fmi2SetDebugLogging(fmi2Component c, fmi2Boolean on, size_t n, const fmi2String categories[])
{
    (void)on, (void)n, (void)categories; /* what components say is passed on, and errors are always logged */
    return c ? fmi2OK : fmi2Error;
}

fmi2Status fmi2SetupExperiment(fmi2Component c, fmi2Boolean tolerance_defined, fmi2Real tolerance, fmi2Real start,
                               fmi2Boolean stop_defined, fmi2Real stop)
{
    condition experiment = {.tolerance_defined = tolerance_defined != fmi2False, .tolerance = tolerance,
                            .start_time = start, .stop_time_defined = stop_defined != fmi2False, .stop_time = stop};
    return STATUS(instance_allows(c, SET_UP_EXPERIMENT, __func__) && instance_set_up(c, __func__, experiment));
}

fmi2Status fmi2EnterInitializationMode(fmi2Component c)
{
    return STATUS(c && instance_enter_initialization(c, __func__));
}

fmi2Status fmi2ExitInitializationMode(fmi2Component c)
{
    return STATUS(c && instance_exit_initialization(c, __func__));
}

fmi2Status fmi2Terminate(fmi2Component c)
{
    return STATUS(c && instance_terminate(c, __func__));
}

fmi2Status fmi2Reset(fmi2Component c)
{
    return STATUS(c && instance_reset(c, __func__));
}

/* `element` counts within the variable. */
#define GETTER(name, ctype, types, take)                                                     \
    fmi2Status name(fmi2Component c, const fmi2ValueReference vr[], size_t n, ctype value[]) \
    {                                                                                        \
        if (!instance_allows(c, GET_VALUES, __func__)) return fmi2Error;                     \
        for (size_t k = 0; k < n; k++) {                                                     \
            const variable_table *variable = instance_readable(c, __func__, vr[k], types, 0); \
            if (!variable) return STATUS(0);                                                 \
            size_t element = vr[k] - (size_t)variable->first_element;                        \
            value[k] = (ctype)take(c, variable, element);                                    \
        }                                                                                    \
        return fmi2OK;                                                                       \
    }

#define REALS (TYPE(FLOAT64) | TYPE(FLOAT32))
#define INTEGERS (TYPE(INT8) | TYPE(UINT8) | TYPE(INT16) | TYPE(UINT16) | TYPE(INT32) | ENUMERATION)
#define BOOLEANS (TYPE(BOOLEAN) | TYPE(INTEGER32_BOOLEAN))

GETTER(fmi2GetReal, fmi2Real, REALS, instance_float)
GETTER(fmi2GetInteger, fmi2Integer, INTEGERS, instance_integer)
GETTER(fmi2GetBoolean, fmi2Boolean, BOOLEANS, instance_integer)

static int writable(fmi2Component c, const char *function, const fmi2ValueReference vr[], size_t n, unsigned types)
{
    if (!instance_allows(c, SET_VALUES, function)) return 0;
    for (size_t k = 0; k < n; k++)
        if (!instance_writable(c, function, vr[k], types, 0)) return 0;
    return 1;
}

fmi2Status fmi2SetReal(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2Real value[])
{
    if (!writable(c, __func__, vr, n, REALS)) return STATUS(0);
    for (size_t k = 0; k < n; k++) {
        const variable_table *variable = &whole.variables[whole.variable_of[vr[k]]];
        instance_write_float(c, variable, vr[k] - (size_t)variable->first_element, value[k]);
        instance_written(c, variable);
    }
    return fmi2OK;
}

static int set_integers(fmi2Component c, const char *function, const fmi2ValueReference vr[], size_t n,
                        const int value[], int boolean)
{
    for (size_t k = 0; k < n; k++) {
        const variable_table *variable = &whole.variables[whole.variable_of[vr[k]]];
        int64_t number = boolean ? value[k] != 0 : value[k];
        if (!instance_write_integer(c, function, variable, vr[k] - (size_t)variable->first_element, number)) return 0;
        instance_written(c, variable);
    }
    return 1;
}

fmi2Status fmi2SetInteger(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2Integer value[])
{
    return STATUS(writable(c, __func__, vr, n, INTEGERS) && set_integers(c, __func__, vr, n, value, 0));
}

fmi2Status fmi2SetBoolean(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2Boolean value[])
{
    return STATUS(writable(c, __func__, vr, n, BOOLEANS) && set_integers(c, __func__, vr, n, value, 1));
}

fmi2Status fmi2GetString(fmi2Component c, const fmi2ValueReference vr[], size_t n, fmi2String value[])
{
    (void)vr, (void)value;
    return STATUS(instance_allows(c, GET_VALUES, __func__) && (n == 0 || unsupported(c, __func__, "no string is exposed")));
}

fmi2Status fmi2SetString(fmi2Component c, const fmi2ValueReference vr[], size_t n, const fmi2String value[])
{
    (void)vr, (void)value;
    return STATUS(instance_allows(c, SET_VALUES, __func__) && (n == 0 || unsupported(c, __func__, "no string is exposed")));
}

fmi2Status fmi2GetFMUstate(fmi2Component c, fmi2FMUstate *state)
{
    return STATUS(c && instance_keep(c, __func__, state));
}

fmi2Status fmi2SetFMUstate(fmi2Component c, fmi2FMUstate state)
{
    return STATUS(c && instance_restore(c, __func__, state));
}

fmi2Status fmi2FreeFMUstate(fmi2Component c, fmi2FMUstate *state)
{
    return STATUS(c && instance_free_state(c, __func__, state));
}

fmi2Status fmi2SerializedFMUstateSize(fmi2Component c, fmi2FMUstate state, size_t *size)
{
    return STATUS(c && instance_state_size(c, __func__, state, size));
}

fmi2Status fmi2SerializeFMUstate(fmi2Component c, fmi2FMUstate state, fmi2Byte bytes[], size_t size)
{
    return STATUS(c && instance_serialize(c, __func__, state, (unsigned char *)bytes, size));
}

fmi2Status fmi2DeSerializeFMUstate(fmi2Component c, const fmi2Byte bytes[], size_t size, fmi2FMUstate *state)
{
    return STATUS(c && instance_deserialize(c, __func__, (const unsigned char *)bytes, size, state));
}

fmi2Status fmi2GetDirectionalDerivative(fmi2Component c, const fmi2ValueReference unknowns[], size_t n_unknowns,
                                        const fmi2ValueReference knowns[], size_t n_knowns, const fmi2Real seed[],
                                        fmi2Real sensitivity[])
{
    (void)unknowns, (void)n_unknowns, (void)knowns, (void)n_knowns, (void)seed, (void)sensitivity;
    return STATUS(unsupported(c, __func__, "providesDirectionalDerivative is false"));
}

fmi2Status fmi2DoStep(fmi2Component c, fmi2Real time, fmi2Real step, fmi2Boolean no_set_state)
{
    if (!c) return fmi2Error;
    step_end end = instance_do_step(c, __func__, time, step, no_set_state != fmi2False);
    ((instance *)c)->ended = end == STEP_ENDED;
    if (end == STEP_ENDED) return fmi2Discard; /* with fmi2Terminated; FMI 2.0 has no other way to say so */
    return STATUS(end == STEP_DONE); /* a refused step is no Discard: importers would make it again, for ever */
}

fmi2Status fmi2GetRealStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Real *value)
{
    if (!c || kind != fmi2LastSuccessfulTime) return STATUS(unsupported(c, __func__, "a status of that kind"));
    *value = instance_time(c);
    return fmi2OK;
}

fmi2Status fmi2GetBooleanStatus(fmi2Component c, const fmi2StatusKind kind, fmi2Boolean *value)
{
    if (!c || kind != fmi2Terminated) return STATUS(unsupported(c, __func__, "a status of that kind"));
    *value = ((instance *)c)->ended ? fmi2True : fmi2False;
    return fmi2OK;
}

