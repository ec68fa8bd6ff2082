/* Loading a component, and the calls that look the same in both versions. */
#define _GNU_SOURCE /* dlfcn.h */
#include "events.h"
#include "part.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const status_names[] = {"OK", "Warning", "Discard", "Error", "Fatal", "Pending"};

static const need needs[COMMON_FUNCTIONS] = {
    [GET_STATE] = FOR_STATES, [SET_STATE] = FOR_STATES, [FREE_STATE] = FOR_STATES,
    [STATE_SIZE] = FOR_BYTES, [SERIALIZE] = FOR_BYTES,  [DESERIALIZE] = FOR_BYTES,
};

void part_says(part *p, int status, const char *message)
{
    char text[1200];
    if (!p->whole->report) return;
    snprintf(text, sizeof text, "%s: %s", p->table->name, message ? message : "");
    p->whole->report(p->whole, status, text);
}

int part_checks(part *p, const char *function, int status, const char *called)
{
    const char *said = status >= 0 && status <= 5 ? status_names[status] : "an unknown status";
    if (status == STATUS_OK || status == STATUS_WARNING) return 1;
    instance_fail(p->whole, function, "component '%s': %s returned %s at t = %.9g s", p->table->name, called, said,
                  instance_time(p->whole));
    instance_broken(p->whole, status == STATUS_FATAL);
    return 0;
}

static int fails(part *p, const char *function, const char *what, const char *why)
{
    return instance_fail(p->whole, function, "component '%s': %s (%s)", p->table->name, what, why ? why : "?");
}

static char *path_to(const part *p, const char *below)
{
    size_t size = strlen(p->whole->folder) + strlen(below) + 2;
    char *path = malloc(size);
    if (path) snprintf(path, size, "%s/%s", p->whole->folder, below);
    return path;
}

void *part_symbol(const part *p, const char *name)
{
    char full[600];
    if (!name) return NULL;
    if (!p->version->prefixed) return dlsym(p->library, name);
    if (snprintf(full, sizeof full, "%s_%s", p->table->identifier, name) >= (int)sizeof full) return NULL;
    return dlsym(p->library, full);
}

/* Binds functions by name; the first that is missing, or NULL. */
static const char *bind(part *p)
{
    const part_version *version = p->version;
    for (int k = 0; k < COMMON_FUNCTIONS; k++) {
        p->common[k] = part_symbol(p, version->common[k]);
        int needed = needs[k] == NEEDED || (needs[k] == FOR_STATES && whole.keeps_state) ||
                     (needs[k] == FOR_BYTES && whole.serializes_state);
        if (!p->common[k] && version->common[k] && needed) return version->common[k];
    }
    for (int k = 0; k < version->n_own; k++)
        if (!(p->own[k] = part_symbol(p, version->own[k]))) return version->own[k];
    for (int type = 0; type < VALUE_TYPES; type++) {
        if (!version->getters[type]) continue;
        p->get[type] = part_symbol(p, version->getters[type]);
        p->set[type] = part_symbol(p, version->setters[type]);
    }
    return NULL;
}

static const char *unbound(const part *p, range calls, int setting)
{
    for (int k = calls.first; k < calls.end; k++) {
        value_type type = whole.calls[k].type;
        if (!(setting ? p->set : p->get)[type]) return (setting ? p->version->setters : p->version->getters)[type];
    }
    return NULL;
}

/* Loads its library, and before that those beside it which it needs: where it finds them itself they are the same. */
static void *load(const part *p, const char *path)
{
    range wanted = p->table->before;
    void *library = NULL, **before = calloc((size_t)(wanted.end - wanted.first) + 1, sizeof *before);
    if (!before) return NULL;
    for (int k = wanted.first; k < wanted.end; k++) {
        char *beside = path_to(p, whole.before[k]);
        if (beside) before[k - wanted.first] = dlopen(beside, RTLD_NOW | RTLD_LOCAL);
        free(beside);
    }
    library = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* the last one: dlerror is about it */
    if (library) /* which holds those that it needs */
        for (int k = wanted.end - wanted.first - 1; k >= 0; k--)
            if (before[k]) dlclose(before[k]);
    free(before);
    return library;
}

/* Binds the functions of a library that is loaded, and instantiates. */
static int begins(part *p, const char *function, const char *resources)
{
    const char *missing = bind(p);
    if (!missing) missing = unbound(p, p->table->inputs, 1);
    if (!missing) missing = unbound(p, p->table->outputs, 0);
    if (missing) return fails(p, function, "its library lacks a function", missing);
    if (!part_binds_slopes(p, function)) return 0;
    p->handle = p->version->instantiate(p, resources);
    if (p->handle) return 1;
    return fails(p, function, "it refused to be instantiated", "check that the FMU is complete, its licence and resources");
}

static const part_version *const versions[] = {[1] = &part_fmi1, [2] = &part_fmi2, [3] = &part_fmi3};

static const part_version *const exchange_versions[] = {[1] = &part_fmi1_exchange, [2] = &part_fmi2_exchange, [3] = &part_fmi3_exchange};

int part_open(part *p, const char *function)
{
    char *library = path_to(p, p->table->library), *resources = path_to(p, p->table->resources);
    int opened = 0;
    p->version = (p->table->exchange < 0 ? versions : exchange_versions)[p->table->fmi];
    p->gives = p->table->events ? events_give : p->version->gives;
    size_t inputs = p->table->pace < 0 ? 0 : whole.paces[p->table->pace].bytes;
    if (!library || !resources || (inputs && !(p->newest = malloc(inputs))))
        instance_fail(p->whole, function, "out of memory");
    else if ((p->library = load(p, library)))
        opened = begins(p, function, resources);
    else
        fails(p, function, "its library cannot be loaded", dlerror());
    free(library);
    free(resources);
    return opened;
}

void part_close(part *p)
{
    if (p->version && p->version->closes) p->version->closes(p);
    if (p->handle && p->whole->now.mode != MODE_FATAL) ((void (*)(void *))p->common[FREE_INSTANCE])(p->handle);
    if (p->library && p->whole->now.mode != MODE_FATAL) dlclose(p->library);
    free(p->memory);
    free(p->given);
    free(p->newest);
    p->handle = p->library = p->memory = NULL;
    p->given = NULL;
    p->newest = NULL;
}

typedef int (*fmi2_values)(void *, const unsigned *, size_t, void *);
typedef int (*fmi3_values)(void *, const unsigned *, size_t, void *, size_t);

static int called(const part *p, void *function, const value_call *call, void *values)
{
    const unsigned *references = whole.references + call->first_reference;
    size_t n = (size_t)call->n_references;
    if (p->table->fmi < 3) return ((fmi2_values)function)(p->handle, references, n, values);
    return ((fmi3_values)function)(p->handle, references, n, values, (size_t)call->n_values);
}

static inline int transfers(part *p, const char *function, int index, int setting)
{
    const value_call *call = &whole.calls[index];
    void *wanted = (setting ? p->set : p->get)[call->type];
    const char *name = (setting ? p->version->setters : p->version->getters)[call->type];
    if (!wanted) return fails(p, function, "its library lacks a function", name);
    int status = called(p, wanted, call, p->whole->image + call->offset);
    return status == STATUS_OK || part_checks(p, function, status, name);
}

int part_sets(part *p, const char *function, int call)
{
    return transfers(p, function, call, 1);
}

int part_set(part *p, const char *function, int call)
{
    return p->gives ? p->gives(p, function, call) : transfers(p, function, call, 1);
}

int part_get(part *p, const char *function, int call)
{
    return (!p->version->reads || p->version->reads(p, function)) && transfers(p, function, call, 0);
}

int part_set_all(part *p, const char *function, range calls)
{
    int (*gives)(part *, const char *, int) = p->gives;
    for (int k = calls.first; k < calls.end; k++)
        if (!(gives ? gives(p, function, k) : transfers(p, function, k, 1))) return 0;
    return 1;
}

int part_get_all(part *p, const char *function, range calls)
{
    if (calls.first < calls.end && p->version->reads && !p->version->reads(p, function)) return 0;
    for (int k = calls.first; k < calls.end; k++)
        if (!transfers(p, function, k, 0)) return 0;
    return 1;
}

int part_set_text(part *p, const char *function, int call, const char *text)
{
    const char *name = p->version->set_text, *values[] = {text};
    void *wanted = part_symbol(p, name);
    if (!wanted) return fails(p, function, "its library lacks a function", name);
    return part_checks(p, function, called(p, wanted, &whole.calls[call], values), name);
}

int part_enters_initialization(part *p, const char *function)
{
    return part_checks(p, function, p->version->enter_initialization(p, &p->whole->now), p->version->enter);
}

int part_exits_initialization(part *p, const char *function)
{
    if (p->version->exits_initialization) return p->version->exits_initialization(p, function);
    return part_calls(p, function, EXIT_INITIALIZATION_MODE);
}

int part_resets(part *p, const char *function)
{
    if (!(p->version->resets ? p->version->resets(p, function) : part_calls(p, function, RESET_INSTANCE))) return 0;
    if (p->version->was_reset) p->version->was_reset(p);
    return 1;
}

int part_gives_again(part *p, const char *function)
{
    for (int k = 0; k < whole.n_settings; k++) {
        const setting_table *setting = &whole.settings[k];
        if (&p->whole->parts[setting->part] != p) continue;
        if (setting->text) {
            if (!part_set_text(p, function, setting->call, setting->text)) return 0;
        } else if (p->whole->image[whole.pending + (size_t)k] == HANDED_ON && !part_sets(p, function, setting->call)) {
            return 0;
        }
    }
    return 1;
}

int part_calls(part *p, const char *function, common_function which)
{
    return part_checks(p, function, ((int (*)(void *))p->common[which])(p->handle), p->version->common[which]);
}
