/* A component of FMI 1.0.
 *
 * It has no Initialization Mode: one call initializes it with the values set before. As the engine has it
 * (orchestrator/fmi/settling.py): where it is given others after that, it is reset before the next value is read, given
 * everything again, and initialized anew; for Model Exchange it is freed and made anew, as there is no reset. Its messages come with the instance only: all instances are listed.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "fmi1.h"
#include "part.h"
#include "uri.h"

enum { INSTANTIATE, INITIALIZE, STEP, REAL_STATUS, TIME = STEP };
static const char *const own[] = {"fmiInstantiateSlave", "fmiInitializeSlave", "fmiDoStep", "fmiGetRealStatus"};
static const char *const own_exchange[] = {"fmiInstantiateModel", "fmiInitialize", "fmiSetTime"};

typedef struct memory memory;
struct memory {
    part *owner;
    memory *next;
    int initialized, stale; /* stale: it was given values since then */
    int running, answered;  /* for Model Exchange: until it is terminated; whether its initialization has answered */
    fmi1_event_info said;   /* in the place of its first update of the discrete states */
    unsigned char *known, *given; /* during the initialization: which bytes of the image, and the values */
};

static memory *listed;
static atomic_flag busy = ATOMIC_FLAG_INIT;
static _Thread_local part *being_made;

static void list(memory *mine, int alive)
{
    while (atomic_flag_test_and_set(&busy)) {}
    memory **place = &listed;
    while (*place && *place != mine) place = &(*place)->next;
    if (alive && !*place) *place = mine;
    if (!alive && *place) *place = mine->next;
    atomic_flag_clear(&busy);
}

static part *part_of(fmi1_component component)
{
    part *found = being_made;
    while (atomic_flag_test_and_set(&busy)) {}
    for (memory *each = listed; each; each = each->next)
        if (each->owner->handle && each->owner->handle == component) found = each->owner;
    atomic_flag_clear(&busy);
    return found;
}

static void hears(fmi1_component component, const char *name, int status, const char *category,
                  const char *format, ...)
{
    (void)name, (void)category;
    part *p = part_of(component);
    char message[1024];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format ? format : "", values);
    va_end(values);
    if (p) part_says(p, status, message);
}

static void closes(part *p)
{
    memory *mine = p->memory;
    if (!mine) return;
    list(mine, 0);
    free(mine->known);
    free(mine->given);
}

/* Makes an instance; NULL where the component refuses. */
static void *made(part *p, const char *files)
{
    const fmi1_callbacks functions = {hears, calloc, free, NULL};
    const fmi1_boolean logging = p->whole->logging != 0;
    char *uri = files ? uri_of(files) : NULL;
    void *handle = NULL;
    part *before = being_made;
    being_made = p;
    if (p->table->exchange >= 0)
        handle = ((fmi1_instantiate_model *)p->own[INSTANTIATE])(p->table->name, p->table->token, functions, logging);
    else if (uri)
        handle = ((fmi1_instantiate_slave *)p->own[INSTANTIATE])(p->table->name, p->table->token, uri,
                                                                 "application/x-fmu-sharedlibrary", 0.0, 0, 0, functions,
                                                                 logging);
    being_made = before;
    free(uri);
    return handle;
}

static void *instantiate(part *p, const char *files)
{
    memory *mine = p->memory = calloc(1, sizeof *mine);
    if (!mine || !(mine->known = calloc(whole.image_size + 1, 1)) || !(mine->given = calloc(whole.image_size + 1, 1)))
        return NULL;
    mine->owner = p;
    list(mine, 1);
    return made(p, files);
}

static void was_reset(part *p)
{
    memory *mine = p->memory;
    mine->initialized = mine->stale = 0;
    memset(mine->known, 0, whole.image_size);
}

static int enter_initialization(part *p, const condition *now)
{
    (void)now;
    was_reset(p);
    return STATUS_OK;
}

/* What it is given in the initialization counts from the next one on. */
static void notes(part *p, const value_call *call)
{
    memory *mine = p->memory;
    size_t size = (size_t)call->n_values * size_of(call->type);
    if (p->whole->now.mode != MODE_INITIALIZATION) return;
    if (!mine->known[call->offset] || memcmp(mine->given + call->offset, p->whole->image + call->offset, size))
        mine->stale = 1;
    memset(mine->known + call->offset, 1, size);
    memcpy(mine->given + call->offset, p->whole->image + call->offset, size);
}

static int gives(part *p, const char *function, int index)
{
    notes(p, &whole.calls[index]);
    return part_sets(p, function, index);
}

static int exchange_notes(part *p, const char *function, int index)
{
    notes(p, &whole.calls[index]);
    return exchange_gives(p, function, index);
}

static int gives_known(part *p, const char *function, range calls)
{
    for (int k = calls.first; k < calls.end; k++)
        if (((memory *)p->memory)->known[whole.calls[k].offset] && !part_sets(p, function, k)) return 0;
    return 1;
}

/* For Model Exchange. */
static int initializes_model(part *p, const char *function)
{
    const condition *now = &p->whole->now;
    memory *mine = p->memory;
    double tolerance = now->tolerance_defined ? now->tolerance : 0.0;
    if (!part_checks(p, function, ((fmi1_set_time *)p->own[TIME])(p->handle, now->start_time), own_exchange[TIME]))
        return 0;
    int status = ((fmi1_initialize *)p->own[INITIALIZE])(p->handle, tolerance > 0.0, tolerance, &mine->said);
    if (!part_checks(p, function, status, own_exchange[INITIALIZE])) return 0;
    mine->running = mine->answered = 1;
    return 1;
}

int part_updates_fmi1(part *p, void *update, fmi1_event_info *said)
{
    memory *mine = p->memory;
    int status = mine->answered ? STATUS_OK : ((fmi1_event_update *)update)(p->handle, 1, &mine->said);
    mine->answered = 0;
    *said = mine->said;
    return status;
}

/* It is freed, and made anew. */
static int renews(part *p, const char *function)
{
    memory *mine = p->memory;
    if (mine->running && p->whole->now.mode != MODE_TERMINATED && !part_calls(p, function, TERMINATE_RUN)) return 0;
    mine->running = mine->answered = 0;
    ((void (*)(void *))p->common[FREE_INSTANCE])(p->handle);
    p->handle = made(p, NULL);
    return p->handle || instance_fail(p->whole, function, "component '%s': it refused to be instantiated again",
                                      p->table->name);
}

static int initializes(part *p, const char *function)
{
    if (p->table->exchange >= 0) return initializes_model(p, function);
    const condition *now = &p->whole->now;
    double stop = now->stop_time_defined ? now->stop_time : 0.0;
    int status = (int)((fmi1_initialize_slave *)p->own[INITIALIZE])(p->handle, now->start_time,
                                                                      now->stop_time_defined != 0, stop);
    return part_checks(p, function, status, own[INITIALIZE]);
}

static int settles(part *p, const char *function)
{
    memory *mine = p->memory;
    if (p->whole->now.mode != MODE_INITIALIZATION) return 1;
    if (mine->initialized && mine->stale) {
        if (!(p->version->resets ? renews(p, function) : part_calls(p, function, RESET_INSTANCE)) ||
            !part_gives_again(p, function) ||
            !gives_known(p, function, p->table->initial) || !gives_known(p, function, p->table->inputs))
            return 0;
        mine->initialized = 0;
    }
    if (!mine->initialized && !initializes(p, function)) return 0;
    mine->initialized = 1;
    mine->stale = 0;
    return 1;
}

static step_answer do_step(part *p, const char *function, double time, double step, int none_kept)
{
    (void)function, (void)none_kept;
    step_answer answer = {.reached = time + step};
    answer.status = (int)((fmi1_do_step *)p->own[STEP])(p->handle, time, step, 1);
    if (answer.status != STATUS_DISCARD) return answer;
    double reached = time;
    if (((fmi1_get_real_status *)p->own[REAL_STATUS])(p->handle, FMI1_LAST_SUCCESSFUL_TIME, &reached) > STATUS_WARNING)
        reached = time;
    answer.reached = reached;
    return answer;
}

#define FUNCTIONS(verb) {[FLOAT64] = verb "Real", [INT32] = verb "Integer", [BOOLEAN] = verb "Boolean"}

const part_version part_fmi1 = {
    .common = {[FREE_INSTANCE] = "fmiFreeSlaveInstance", [TERMINATE_RUN] = "fmiTerminateSlave",
               [RESET_INSTANCE] = "fmiResetSlave"},
    .own = own,
    .n_own = (int)(sizeof own / sizeof *own),
    .prefixed = 1,
    .getters = FUNCTIONS("fmiGet"),
    .setters = FUNCTIONS("fmiSet"),
    .set_text = "fmiSetString",
    .step = "fmiDoStep",
    .enter = "fmiInitializeSlave",
    .take_slopes = "fmiSetRealInputDerivatives",
    .tell_slopes = "fmiGetRealOutputDerivatives",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    .do_step = do_step,
    .gives = gives,
    .reads = settles,
    .exits_initialization = settles,
    .was_reset = was_reset,
    .closes = closes,
};

static int exchange_reads_values(part *p, const char *function)
{
    return p->whole->now.mode == MODE_STEP ? exchange_settles(p, function) : settles(p, function);
}

static int exchange_leaves_initialization(part *p, const char *function)
{
    return settles(p, function) && exchange_starts(p, function);
}

static void exchange_reset(part *p)
{
    was_reset(p);
    exchange_was_reset(p);
}

static void exchange_ends(part *p)
{
    exchange_closes(p);
    closes(p);
}

const part_version part_fmi1_exchange = {
    .common = {[FREE_INSTANCE] = "fmiFreeModelInstance", [TERMINATE_RUN] = "fmiTerminate"},
    .own = own_exchange,
    .n_own = (int)(sizeof own_exchange / sizeof *own_exchange),
    .prefixed = 1,
    .getters = FUNCTIONS("fmiGet"),
    .setters = FUNCTIONS("fmiSet"),
    .set_text = "fmiSetString",
    .step = "its solver",
    .enter = "fmiInitialize",
    .instantiate = instantiate,
    .enter_initialization = enter_initialization,
    .do_step = exchange_steps,
    .gives = exchange_notes,
    .reads = exchange_reads_values,
    .exits_initialization = exchange_leaves_initialization,
    .resets = renews,
    .was_reset = exchange_reset,
    .closes = exchange_ends,
};
