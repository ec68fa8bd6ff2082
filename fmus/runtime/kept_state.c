/* Kept states: one block of bytes without pointers, which is also its serialized form. */
#include <stdlib.h>
#include <string.h>

#include "instance.h"

typedef struct {
    char mark[8];
    char token[64];
    uint64_t size;
    condition now;
} kept_header;

static const char mark[8] = "cotwin1";

size_t instance_state_size(const instance *i)
{
    return sizeof(kept_header) + i->n_numbers * sizeof(double);
}

int instance_keep(instance *i, void **state)
{
    size_t size = instance_state_size(i);
    kept_header header;
    if (!*state) *state = malloc(size);
    if (!*state) return 0;
    memset(&header, 0, sizeof header);
    memcpy(header.mark, mark, sizeof mark);
    strncpy(header.token, model.token, sizeof header.token - 1);
    header.size = size;
    header.now = i->now;
    memcpy(*state, &header, sizeof header);
    memcpy((char *)*state + sizeof header, i->numbers, i->n_numbers * sizeof(double));
    return 1;
}

int instance_restore(instance *i, const char *function, const void *state)
{
    kept_header header;
    const condition before = i->now;
    memcpy(&header, state, sizeof header);
    if (header.now.co_simulation != i->now.co_simulation)
        return instance_fail(i, function, "the kept state is of the other interface (Co-Simulation or Model Exchange)");
    i->now = header.now;
    if (before.mode != MODE_INSTANTIATED) { /* a run that was set up for a later stop goes on beyond that of the state */
        i->now.stop_time_defined = before.stop_time_defined;
        i->now.stop_time = before.stop_time;
    }
    memcpy(i->numbers, (const char *)state + sizeof header, i->n_numbers * sizeof(double));
    return 1;
}

int instance_check_serialized(instance *i, const char *function, const void *bytes, size_t size)
{
    kept_header header;
    size_t expected = instance_state_size(i);
    if (size != expected)
        return instance_fail(i, function, "%zu bytes are no state of model '%s': it has %zu", size, model.name, expected);
    memcpy(&header, bytes, sizeof header);
    if (memcmp(header.mark, mark, sizeof mark) || header.size != expected)
        return instance_fail(i, function, "the bytes are no serialized state");
    header.token[sizeof header.token - 1] = '\0';
    if (strncmp(header.token, model.token, sizeof header.token - 1))
        return instance_fail(i, function, "the state is of model %s, this is %s ('%s')", header.token, model.token,
                             model.name);
    return 1;
}
