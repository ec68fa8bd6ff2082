/* A component of FMI 3.0. */
#include <fmi3FunctionTypes.h>

#include <stdio.h>
#include <sys/stat.h>

#include "exchange.h"
#include "part.h"

enum { INSTANTIATE, ENTER, STEP };
static const char *const own_exchange[] = {"fmi3InstantiateModelExchange", "fmi3EnterInitializationMode"};
static const char *const own[] = {"fmi3InstantiateCoSimulation", "fmi3EnterInitializationMode", "fmi3DoStep"};

static void hears(fmi3InstanceEnvironment environment, fmi3Status status, fmi3String category, fmi3String message)
{
    (void)category;
    part_says(environment, (int)status, message);
}

/* During a step: inputs that change over it, where the component takes them. */
static void updates(fmi3InstanceEnvironment environment, fmi3Float64 time, fmi3Boolean takes_inputs,
                    fmi3Boolean gives_outputs, fmi3Boolean finished, fmi3Boolean can_return,
                    fmi3Boolean *return_requested, fmi3Float64 *return_time)
{
    (void)gives_outputs, (void)finished, (void)can_return, (void)return_time;
    *return_requested = fmi3False;
    if (takes_inputs) part_asks_inputs(environment, time);
}

static void *instantiate(part *p, const char *resources)
{
    char folder[4200];
    struct stat found;
    int there = stat(resources, &found) == 0 && S_ISDIR(found.st_mode);
    if (snprintf(folder, sizeof folder, "%s/", resources) >= (int)sizeof folder) return NULL;
    if (p->table->exchange >= 0)
        return ((fmi3InstantiateModelExchangeTYPE *)p->own[INSTANTIATE])(
            p->table->name, p->table->token, there ? folder : NULL, fmi3False, p->whole->logging != 0, p, hears);
    const range inputs = p->table->intermediate;
    const size_t n = (size_t)(inputs.end - inputs.first);
    return ((fmi3InstantiateCoSimulationTYPE *)p->own[INSTANTIATE])(
        p->table->name, p->table->token, there ? folder : NULL, fmi3False, p->whole->logging != 0, p->table->events != 0,
        p->table->early != 0, n ? whole.references + inputs.first : NULL, n, p, hears, n ? updates : NULL);
}

static int enter_initialization(part *p, const condition *now)
{
    double stop = now->stop_time_defined ? now->stop_time : 0.0;
    return (int)((fmi3EnterInitializationModeTYPE *)p->own[ENTER])(p->handle, now->tolerance_defined != 0,
                                                                   now->tolerance, now->start_time,
                                                                   now->stop_time_defined != 0, stop);
}

static step_answer do_step(part *p, const char *function, double time, double step, int none_kept)
{
    (void)function;
    fmi3Boolean event = fmi3False, terminate = fmi3False, early = fmi3False;
    fmi3Float64 reached = time;
    step_answer answer = {.reached = time + step};
    answer.status = (int)((fmi3DoStepTYPE *)p->own[STEP])(p->handle, time, step, none_kept != 0, &event, &terminate,
                                                          &early, &reached);
    if (answer.status != STATUS_OK && answer.status != STATUS_WARNING) return answer;
    answer.terminate = terminate;
    answer.early = early;
    answer.event = event && p->table->events;
    if (early) answer.reached = reached;
    return answer;
}

#define FUNCTIONS(verb)                                                                                        \
    {                                                                                                          \
        [FLOAT64] = verb "Float64", [FLOAT32] = verb "Float32", [INT8] = verb "Int8", [UINT8] = verb "UInt8",  \
        [INT16] = verb "Int16", [UINT16] = verb "UInt16", [INT32] = verb "Int32", [UINT32] = verb "UInt32",    \
        [INT64] = verb "Int64", [UINT64] = verb "UInt64", [BOOLEAN] = verb "Boolean"                           \
    }

#define COMMON                                                                                                            \
    {"fmi3FreeInstance", "fmi3ExitInitializationMode", "fmi3Terminate", "fmi3Reset", "fmi3GetFMUState", "fmi3SetFMUState", \
     "fmi3FreeFMUState", "fmi3SerializedFMUStateSize", "fmi3SerializeFMUState", "fmi3DeserializeFMUState"}

const part_version part_fmi3 = {
    .common = COMMON,
    .own = own,
    .n_own = (int)(sizeof own / sizeof *own),
    .getters = FUNCTIONS("fmi3Get"),
    .setters = FUNCTIONS("fmi3Set"),
    .set_text = "fmi3SetString",
    .step = "fmi3DoStep",
    .tell_slopes = "fmi3GetOutputDerivatives",
    .enter = "fmi3EnterInitializationMode",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    .do_step = do_step,
};

const part_version part_fmi3_exchange = {
    .common = COMMON,
    .own = own_exchange,
    .n_own = ENTER + 1,
    .getters = FUNCTIONS("fmi3Get"),
    .setters = FUNCTIONS("fmi3Set"),
    .set_text = "fmi3SetString",
    .enter = "fmi3EnterInitializationMode",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    EXCHANGES,
};
