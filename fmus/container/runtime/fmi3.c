/* FMI 3.0: the types of the standard on one side, the instance on the other. Value references are variables. */
#include "fmi3Functions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "instance.h"

#define STATUS(success) ((success) ? fmi3OK : failure(c))

static fmi3Status failure(fmi3Instance c)
{
    return c && ((instance *)c)->now.mode == MODE_FATAL ? fmi3Fatal : fmi3Error;
}

const char *fmi3GetVersion(void)
{
    return fmi3Version;
}

static void report(instance *i, int status, const char *message)
{
    static const char *const categories[] = {"logAll", "logStatusWarning", "logStatusDiscard", "logStatusError",
                                             "logStatusFatal"};
    fmi3LogMessageCallback log = (fmi3LogMessageCallback)i->importer_callback;
    if (status < 0 || status > (int)fmi3Fatal) status = STATUS_ERROR;
    if (log) log(i->importer_environment, (fmi3Status)status, categories[status], message);
}

static fmi3Instance refused(fmi3InstanceEnvironment environment, fmi3LogMessageCallback log, const char *message)
{
    if (log) log(environment, fmi3Error, "logStatusError", message);
    return NULL;
}

fmi3Instance fmi3InstantiateModelExchange(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                          fmi3Boolean logging, fmi3InstanceEnvironment environment,
                                          fmi3LogMessageCallback log)
{
    (void)name, (void)token, (void)resources, (void)visible, (void)logging;
    return refused(environment, log, "fmi3InstantiateModelExchange: not supported: use Co-Simulation");
}

fmi3Instance fmi3InstantiateScheduledExecution(fmi3String name, fmi3String token, fmi3String resources,
                                               fmi3Boolean visible, fmi3Boolean logging,
                                               fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                               fmi3ClockUpdateCallback clock_update,
                                               fmi3LockPreemptionCallback lock, fmi3UnlockPreemptionCallback unlock)
{
    (void)name, (void)token, (void)resources, (void)visible, (void)logging, (void)clock_update, (void)lock, (void)unlock;
    return refused(environment, log, "fmi3InstantiateScheduledExecution: not supported: use Co-Simulation");
}

/* The folder without the separator at its end. */
static char *folder_of(fmi3String resources)
{
    char *folder = resources ? copied(resources) : NULL;
    for (size_t n = folder ? strlen(folder) : 0; n > 1 && folder[n - 1] == '/'; n--) folder[n - 1] = '\0';
    return folder;
}

fmi3Instance fmi3InstantiateCoSimulation(fmi3String name, fmi3String token, fmi3String resources, fmi3Boolean visible,
                                         fmi3Boolean logging, fmi3Boolean event_mode, fmi3Boolean early_return,
                                         const fmi3ValueReference required[], size_t n_required,
                                         fmi3InstanceEnvironment environment, fmi3LogMessageCallback log,
                                         fmi3IntermediateUpdateCallback intermediate_update)
{
    (void)visible, (void)early_return, (void)required, (void)intermediate_update;
    char *folder = NULL;
    if (!token || strcmp(token, whole.token))
        return refused(environment, log, "fmi3InstantiateCoSimulation: the instantiation token does not belong to this "
                                         "binary: export the FMU again");
    if (event_mode || n_required)
        return refused(environment, log, "fmi3InstantiateCoSimulation: not supported: Event Mode and intermediate "
                                         "variables");
    if (!(folder = folder_of(resources)))
        return refused(environment, log, "fmi3InstantiateCoSimulation: its components are in its resources: give their "
                                         "path");
    instance *i = instance_new(name ? name : whole.name, folder, logging);
    if (!i) return refused(environment, log, "fmi3InstantiateCoSimulation: out of memory");
    i->report = report;
    i->importer_callback = (void (*)(void))log;
    i->importer_environment = environment;
    if (instance_open(i, __func__)) return i;
    instance_free(i);
    return NULL;
}

void fmi3FreeInstance(fmi3Instance c)
{
    instance_free(c);
}

fmi3Status fmi3SetDebugLogging(fmi3Instance c, fmi3Boolean on, size_t n, const fmi3String categories[])
{
    (void)on, (void)n, (void)categories; /* what components say is passed on, and errors are always logged */
    return c ? fmi3OK : fmi3Error;
}

fmi3Status fmi3EnterInitializationMode(fmi3Instance c, fmi3Boolean tolerance_defined, fmi3Float64 tolerance,
                                       fmi3Float64 start, fmi3Boolean stop_defined, fmi3Float64 stop)
{
    condition experiment = {.tolerance_defined = tolerance_defined, .tolerance = tolerance, .start_time = start,
                            .stop_time_defined = stop_defined, .stop_time = stop};
    return STATUS(instance_allows(c, ENTER_INITIALIZATION, __func__) && instance_set_up(c, __func__, experiment) &&
                  instance_enter_initialization(c, __func__));
}

fmi3Status fmi3ExitInitializationMode(fmi3Instance c)
{
    return STATUS(c && instance_exit_initialization(c, __func__));
}

fmi3Status fmi3Terminate(fmi3Instance c)
{
    return STATUS(c && instance_terminate(c, __func__));
}

fmi3Status fmi3Reset(fmi3Instance c)
{
    return STATUS(c && instance_reset(c, __func__));
}

static int right_number(fmi3Instance c, const char *function, size_t used, size_t size)
{
    return used == size || instance_fail(c, function, "%zu values were given for %zu elements", size, used);
}

/* The number of elements behind the references; 0 after a message, which `n` = 0 never has. */
static int known(fmi3Instance c, const char *function, const fmi3ValueReference vr[], size_t n, size_t size,
                 unsigned types, int setting)
{
    size_t used = 0;
    if (!instance_allows(c, setting ? SET_VALUES : GET_VALUES, function)) return 0;
    for (size_t k = 0; k < n; k++) {
        const variable_table *variable = setting ? instance_writable(c, function, vr[k], types, 1)
                                                 : instance_readable(c, function, vr[k], types, 1);
        if (!variable) return 0;
        used += (size_t)variable->length;
    }
    return right_number(c, function, used, size);
}

#define EACH_ELEMENT(do_this)                                                                    \
    for (size_t k = 0; k < n; k++) {                                                             \
        const variable_table *variable = &whole.variables[whole.variable_of[vr[k]]];             \
        for (size_t element = 0; element < (size_t)variable->length; element++, values++) do_this \
    }

#define ACCESS(name, ctype, types, take, give)                                                                        \
    fmi3Status fmi3Get##name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, ctype values[], size_t size)     \
    {                                                                                                                 \
        if (!known(c, __func__, vr, n, size, types, 0)) return STATUS(0);                                             \
        EACH_ELEMENT({ *values = (ctype)take(c, variable, element); })                                                \
        return fmi3OK;                                                                                                \
    }                                                                                                                 \
    fmi3Status fmi3Set##name(fmi3Instance c, const fmi3ValueReference vr[], size_t n, const ctype values[],            \
                             size_t size)                                                                             \
    {                                                                                                                 \
        if (!known(c, __func__, vr, n, size, types, 1)) return STATUS(0);                                             \
        EACH_ELEMENT({                                                                                                \
            if (!give(c, __func__, variable, element, *values)) return fmi3Error;                                     \
            instance_written(c, variable);                                                                            \
        })                                                                                                            \
        return fmi3OK;                                                                                                \
    }

static int write_float(instance *i, const char *function, const variable_table *variable, size_t element, double value)
{
    (void)function;
    instance_write_float(i, variable, element, value);
    return 1;
}

static int write_bits(instance *i, const char *function, const variable_table *variable, size_t element, fmi3UInt64 value)
{
    return instance_write_integer(i, function, variable, element, (int64_t)value);
}

ACCESS(Float64, fmi3Float64, TYPE(FLOAT64), instance_float, write_float)
ACCESS(Float32, fmi3Float32, TYPE(FLOAT32), instance_float, write_float)
ACCESS(Int8, fmi3Int8, TYPE(INT8), instance_integer, instance_write_integer)
ACCESS(UInt8, fmi3UInt8, TYPE(UINT8), instance_integer, instance_write_integer)
ACCESS(Int16, fmi3Int16, TYPE(INT16), instance_integer, instance_write_integer)
ACCESS(UInt16, fmi3UInt16, TYPE(UINT16), instance_integer, instance_write_integer)
ACCESS(Int32, fmi3Int32, TYPE(INT32), instance_integer, instance_write_integer)
ACCESS(UInt32, fmi3UInt32, TYPE(UINT32), instance_integer, instance_write_integer)
ACCESS(Int64, fmi3Int64, TYPE(INT64) | ENUMERATION, instance_integer, instance_write_integer)
ACCESS(UInt64, fmi3UInt64, TYPE(UINT64), instance_integer, write_bits)
ACCESS(Boolean, fmi3Boolean, TYPE(BOOLEAN) | TYPE(INTEGER32_BOOLEAN), instance_integer, instance_write_integer)

fmi3Status fmi3GetFMUState(fmi3Instance c, fmi3FMUState *state)
{
    return STATUS(c && instance_keep(c, __func__, state));
}

fmi3Status fmi3SetFMUState(fmi3Instance c, fmi3FMUState state)
{
    return STATUS(c && instance_restore(c, __func__, state));
}

fmi3Status fmi3FreeFMUState(fmi3Instance c, fmi3FMUState *state)
{
    return STATUS(c && instance_free_state(c, __func__, state));
}

fmi3Status fmi3SerializedFMUStateSize(fmi3Instance c, fmi3FMUState state, size_t *size)
{
    return STATUS(c && instance_state_size(c, __func__, state, size));
}

fmi3Status fmi3SerializeFMUState(fmi3Instance c, fmi3FMUState state, fmi3Byte bytes[], size_t size)
{
    return STATUS(c && instance_serialize(c, __func__, state, bytes, size));
}

fmi3Status fmi3DeserializeFMUState(fmi3Instance c, const fmi3Byte bytes[], size_t size, fmi3FMUState *state)
{
    return STATUS(c && instance_deserialize(c, __func__, bytes, size, state));
}

fmi3Status fmi3DoStep(fmi3Instance c, fmi3Float64 time, fmi3Float64 step, fmi3Boolean no_set_state,
                      fmi3Boolean *event_needed, fmi3Boolean *terminate, fmi3Boolean *early_return,
                      fmi3Float64 *last_successful_time)
{
    if (!c) return fmi3Error;
    step_end end = instance_do_step(c, __func__, time, step, no_set_state);
    double reached = instance_time(c);
    *event_needed = fmi3False;
    *terminate = end == STEP_ENDED;
    *early_return = end == STEP_ENDED && reached < time + step;
    *last_successful_time = reached;
    return STATUS(end != STEP_FAILED && end != STEP_REFUSED);
}
