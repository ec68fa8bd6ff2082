/* A component of FMI 2.0. */
#include <fmi2FunctionTypes.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "part.h"
#include "uri.h"

enum { INSTANTIATE, SET_UP, ENTER, STEP, REAL_STATUS, BOOLEAN_STATUS };
static const char *const own[] = {"fmi2Instantiate",    "fmi2SetupExperiment", "fmi2EnterInitializationMode",
                                  "fmi2DoStep",         "fmi2GetRealStatus",   "fmi2GetBooleanStatus"};

static void hears(fmi2ComponentEnvironment environment, fmi2String name, fmi2Status status, fmi2String category,
                  fmi2String format, ...)
{
    (void)name, (void)category;
    char message[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format ? format : "", values);
    va_end(values);
    part_says(environment, (int)status, message);
}

static void *instantiate(part *p, const char *resources)
{
    fmi2CallbackFunctions functions = {hears, calloc, free, NULL, p};
    char *uri = uri_of(resources);
    p->memory = malloc(sizeof functions);
    void *handle = NULL;
    if (uri && p->memory) {
        memcpy(p->memory, &functions, sizeof functions);
        fmi2Type type = p->table->exchange < 0 ? fmi2CoSimulation : fmi2ModelExchange;
        handle = ((fmi2InstantiateTYPE *)p->own[INSTANTIATE])(p->table->name, type, p->table->token, uri, p->memory,
                                                              fmi2False, p->whole->logging);
    }
    free(uri);
    return handle;
}

static int enter_initialization(part *p, const condition *now)
{
    double stop = now->stop_time_defined ? now->stop_time : 0.0;
    int status = (int)((fmi2SetupExperimentTYPE *)p->own[SET_UP])(p->handle, now->tolerance_defined, now->tolerance,
                                                                   now->start_time, now->stop_time_defined,
                                                                   stop);
    if (status != STATUS_OK && status != STATUS_WARNING) return status;
    return (int)((fmi2EnterInitializationModeTYPE *)p->own[ENTER])(p->handle);
}

static step_answer do_step(part *p, const char *function, double time, double step, int none_kept)
{
    (void)function;
    step_answer answer = {.reached = time + step};
    answer.status = (int)((fmi2DoStepTYPE *)p->own[STEP])(p->handle, time, step, none_kept);
    if (answer.status != STATUS_DISCARD) return answer;
    fmi2Boolean terminated = fmi2False;
    fmi2Real reached = time;
    if (((fmi2GetRealStatusTYPE *)p->own[REAL_STATUS])(p->handle, fmi2LastSuccessfulTime, &reached) > fmi2Warning)
        reached = time;
    if (((fmi2GetBooleanStatusTYPE *)p->own[BOOLEAN_STATUS])(p->handle, fmi2Terminated, &terminated) > fmi2Warning)
        terminated = fmi2False;
    answer.reached = reached;
    answer.terminate = terminated != fmi2False;
    if (answer.terminate) answer.status = STATUS_OK;
    return answer;
}

#define COMMON                                                                                                            \
    {"fmi2FreeInstance", "fmi2ExitInitializationMode", "fmi2Terminate", "fmi2Reset", "fmi2GetFMUstate", "fmi2SetFMUstate", \
     "fmi2FreeFMUstate", "fmi2SerializedFMUstateSize", "fmi2SerializeFMUstate", "fmi2DeSerializeFMUstate"}
#define FUNCTIONS(verb) {[FLOAT64] = verb "Real", [INT32] = verb "Integer", [INTEGER32_BOOLEAN] = verb "Boolean"}

const part_version part_fmi2 = {
    .common = COMMON,
    .own = own,
    .n_own = (int)(sizeof own / sizeof *own),
    .getters = FUNCTIONS("fmi2Get"),
    .setters = FUNCTIONS("fmi2Set"),
    .set_text = "fmi2SetString",
    .step = "fmi2DoStep",
    .take_slopes = "fmi2SetRealInputDerivatives",
    .tell_slopes = "fmi2GetRealOutputDerivatives",
    .enter = "fmi2EnterInitializationMode",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    .do_step = do_step,
};

const part_version part_fmi2_exchange = {
    .common = COMMON,
    .own = own,
    .n_own = ENTER + 1,
    .getters = FUNCTIONS("fmi2Get"),
    .setters = FUNCTIONS("fmi2Set"),
    .set_text = "fmi2SetString",
    .enter = "fmi2EnterInitializationMode",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    EXCHANGES,
};
