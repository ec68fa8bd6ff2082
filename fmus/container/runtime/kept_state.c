/* Kept states: the image, and a kept state of each component. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "loops.h"

typedef struct {
    condition now;
    unsigned char *image;
    void *parts[]; /* kept by each component */
} kept_state;

typedef struct {
    char mark[8], token[64];
    uint64_t size;
    condition now;
} header;

static const char mark[8] = "cotwin2";

typedef int (*taking)(void *, void **);
typedef int (*using)(void *, void *);
typedef int (*sizing)(void *, void *, size_t *);
typedef int (*serializing)(void *, void *, unsigned char *, size_t);
typedef int (*deserializing)(void *, const unsigned char *, size_t, void **);

static int able(instance *i, const char *function, int declared)
{
    return declared || instance_fail(i, function, "not supported: a component of the system cannot do it");
}

static kept_state *new_state(void)
{
    kept_state *state = calloc(1, sizeof *state + (size_t)whole.n_parts * sizeof(void *));
    if (state && (state->image = malloc(whole.image_size + 1))) return state;
    free(state);
    return NULL;
}

static int checks(part *p, const char *function, common_function which, int status)
{
    return part_checks(p, function, status, p->version->common[which]);
}

static int drop(instance *i, const char *function, kept_state *state)
{
    int fine = 1;
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        if (state->parts[k] && i->now.mode != MODE_FATAL)
            fine &= checks(p, function, FREE_STATE, ((taking)p->common[FREE_STATE])(p->handle, &state->parts[k]));
    }
    free(state->image);
    free(state);
    return fine;
}

int instance_keep(instance *i, const char *function, void **place)
{
    if (!instance_allows(i, KEEP_STATE, function) || !able(i, function, whole.keeps_state)) return 0;
    kept_state *state = *place ? *place : new_state();
    if (!state) return instance_fail(i, function, "out of memory");
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        if (checks(p, function, GET_STATE, ((taking)p->common[GET_STATE])(p->handle, &state->parts[k]))) continue;
        if (!*place) drop(i, function, state);
        return 0;
    }
    state->now = i->now;
    memcpy(state->image, i->image, whole.image_size);
    if (!*place) i->kept++;
    *place = state;
    return 1;
}

int instance_restore(instance *i, const char *function, void *place)
{
    kept_state *state = place;
    if (!instance_allows(i, USE_STATE, function) || !able(i, function, whole.keeps_state)) return 0;
    if (!state) return instance_fail(i, function, "no state was given");
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        if (!checks(p, function, SET_STATE, ((using)p->common[SET_STATE])(p->handle, state->parts[k]))) return 0;
    }
    const condition before = i->now;
    i->now = state->now;
    if (before.mode != MODE_INSTANTIATED) /* a run that was set up for a later stop goes on beyond that of the state */
        instance_stop_at(i, before.stop_time_defined, before.stop_time);
    memcpy(i->image, state->image, whole.image_size);
    i->in_a_row = 0;
    loops_changed(i);
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        p->ahead = NAN;
        if (p->version->was_restored && !p->version->was_restored(p, function)) return 0;
    }
    return 1;
}

int instance_free_state(instance *i, const char *function, void **place)
{
    if (!instance_allows(i, USE_STATE, function) || !able(i, function, whole.keeps_state)) return 0;
    if (!place || !*place) return 1;
    kept_state *state = *place;
    *place = NULL;
    i->kept--;
    return drop(i, function, state);
}

static int part_state_size(part *p, const char *function, void *state, size_t *size)
{
    return checks(p, function, STATE_SIZE, ((sizing)p->common[STATE_SIZE])(p->handle, state, size));
}

int instance_state_size(instance *i, const char *function, void *place, size_t *size)
{
    kept_state *state = place;
    if (!instance_allows(i, USE_STATE, function) || !able(i, function, whole.serializes_state)) return 0;
    if (!state) return instance_fail(i, function, "no state was given");
    *size = sizeof(header) + whole.image_size;
    for (int k = 0; k < whole.n_parts; k++) {
        size_t own = 0;
        if (!part_state_size(&i->parts[k], function, state->parts[k], &own)) return 0;
        *size += sizeof(uint64_t) + own;
    }
    return 1;
}

int instance_serialize(instance *i, const char *function, void *place, unsigned char *bytes, size_t size)
{
    kept_state *state = place;
    size_t needed = 0;
    header first = {.size = size};
    if (!instance_state_size(i, function, place, &needed)) return 0;
    if (size < needed) return instance_fail(i, function, "%zu bytes are too few: the state has %zu", size, needed);
    memcpy(first.mark, mark, sizeof mark);
    strncpy(first.token, whole.token, sizeof first.token - 1);
    first.size = needed;
    first.now = state->now;
    memcpy(bytes, &first, sizeof first);
    bytes += sizeof first;
    memcpy(bytes, state->image, whole.image_size);
    bytes += whole.image_size;
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        size_t own = 0;
        if (!part_state_size(p, function, state->parts[k], &own)) return 0;
        uint64_t told = own;
        memcpy(bytes, &told, sizeof told);
        bytes += sizeof told;
        if (p->exchange) exchange_renews(p); /* its solver starts anew now, as it will there */
        if (!checks(p, function, SERIALIZE, ((serializing)p->common[SERIALIZE])(p->handle, state->parts[k], bytes, own)))
            return 0;
        bytes += own;
    }
    return 1;
}

static int read_header(instance *i, const char *function, const unsigned char *bytes, size_t size, header *first)
{
    if (size < sizeof *first + whole.image_size) return instance_fail(i, function, "%zu bytes are no serialized state", size);
    memcpy(first, bytes, sizeof *first);
    first->token[sizeof first->token - 1] = '\0';
    if (memcmp(first->mark, mark, sizeof mark) || first->size > size || first->size < sizeof *first + whole.image_size)
        return instance_fail(i, function, "the bytes are no serialized state, or not all of it");
    if (strncmp(first->token, whole.token, sizeof first->token - 1))
        return instance_fail(i, function, "the state is of the system %s, this is %s ('%s')", first->token, whole.token,
                             whole.name);
    return 1;
}

static int read_parts(instance *i, const char *function, const unsigned char *bytes, size_t left, kept_state *state)
{
    for (int k = 0; k < whole.n_parts; k++) {
        part *p = &i->parts[k];
        uint64_t own = 0;
        if (left < sizeof own) return instance_fail(i, function, "the serialized state is cut off");
        memcpy(&own, bytes, sizeof own);
        bytes += sizeof own, left -= sizeof own;
        if (left < own) return instance_fail(i, function, "the serialized state is cut off");
        int status = ((deserializing)p->common[DESERIALIZE])(p->handle, bytes, own, &state->parts[k]);
        if (!checks(p, function, DESERIALIZE, status)) return 0;
        bytes += own, left -= own;
    }
    return left == 0 || instance_fail(i, function, "the serialized state is longer than it says");
}

int instance_deserialize(instance *i, const char *function, const unsigned char *bytes, size_t size, void **place)
{
    header first;
    if (!instance_allows(i, USE_STATE, function) || !able(i, function, whole.serializes_state)) return 0;
    if (!read_header(i, function, bytes, size, &first)) return 0;
    kept_state *state = *place ? *place : new_state();
    if (!state) return instance_fail(i, function, "out of memory");
    const unsigned char *image = bytes + sizeof first;
    if (!read_parts(i, function, image + whole.image_size, first.size - sizeof first - whole.image_size, state)) {
        if (!*place) drop(i, function, state);
        return 0;
    }
    state->now = first.now;
    memcpy(state->image, image, whole.image_size);
    if (!*place) i->kept++;
    *place = state;
    return 1;
}
