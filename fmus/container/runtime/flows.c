/* Values of all types in memory, and their way along connections. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "part.h"

size_t size_of(value_type type)
{
    static const size_t sizes[VALUE_TYPES] = {[FLOAT64] = 8, [FLOAT32] = 4, [INT8] = 1,   [UINT8] = 1,
                                              [INT16] = 2,   [UINT16] = 2,  [INT32] = 4,  [UINT32] = 4,
                                              [INT64] = 8,   [UINT64] = 8,  [BOOLEAN] = sizeof(bool),
                                              [INTEGER32_BOOLEAN] = 4};
    return sizes[type];
}

#define LOAD(type)                            \
    {                                         \
        type value;                           \
        memcpy(&value, place, sizeof value);  \
        return (int64_t)value;                \
    }

int64_t load_integer(const void *place, value_type type)
{
    switch (type) {
    case INT8: LOAD(int8_t)
    case UINT8: LOAD(uint8_t)
    case INT16: LOAD(int16_t)
    case UINT16: LOAD(uint16_t)
    case INT32: LOAD(int32_t)
    case UINT32: LOAD(uint32_t)
    case BOOLEAN: return *(const unsigned char *)place != 0;
    case INTEGER32_BOOLEAN: return load_integer(place, INT32) != 0;
    default: LOAD(int64_t) /* UINT64 bit by bit */
    }
}

#define STORE(type, low, high)                    \
    {                                             \
        if (value < low || value > high) return 0; \
        type stored = (type)value;                \
        memcpy(place, &stored, sizeof stored);    \
        return 1;                                 \
    }

int store_integer(void *place, value_type type, int64_t value)
{
    switch (type) {
    case INT8: STORE(int8_t, INT8_MIN, INT8_MAX)
    case UINT8: STORE(uint8_t, 0, UINT8_MAX)
    case INT16: STORE(int16_t, INT16_MIN, INT16_MAX)
    case UINT16: STORE(uint16_t, 0, UINT16_MAX)
    case INT32: STORE(int32_t, INT32_MIN, INT32_MAX)
    case UINT32: STORE(uint32_t, 0, UINT32_MAX)
    case BOOLEAN: STORE(bool, 0, 1)
    case INTEGER32_BOOLEAN: STORE(int32_t, 0, 1)
    default: memcpy(place, &value, sizeof value); return 1;
    }
}

double load_float(const void *place, value_type type)
{
    double number;
    float single;
    if (type == FLOAT64) {
        memcpy(&number, place, sizeof number);
        return number;
    }
    if (type == FLOAT32) {
        memcpy(&single, place, sizeof single);
        return (double)single;
    }
    return (double)load_integer(place, type);
}

void store_float(void *place, value_type type, double value)
{
    float single = (float)value;
    if (type == FLOAT64)
        memcpy(place, &value, sizeof value);
    else
        memcpy(place, &single, sizeof single);
}

static int fails(instance *i, const char *function, const flow *f, const char *why)
{
    instance_fail(i, function, "%s: %lld %s", f->path, (long long)load_integer(i->image + f->source, f->from), why);
    instance_broken(i, 0);
    return 0;
}

static int mapped(const flow *f, int64_t *value)
{
    for (int k = f->map.first; k < f->map.end; k++)
        if (whole.map_entries[k].from == *value) {
            *value = whole.map_entries[k].to;
            return 1;
        }
    return !f->total;
}

/* Whatever is no plain copy. */
static int converts(instance *i, const char *function, const flow *f)
{
    const void *source = i->image + f->source;
    void *destination = i->image + f->destination;
    if (f->from == FLOAT64 || f->from == FLOAT32) {
        double value = load_float(source, f->from);
        store_float(destination, f->to, f->scaled ? f->factor * value + f->offset : value);
        return 1;
    }
    int64_t value = load_integer(source, f->from);
    if (!mapped(f, &value)) return fails(i, function, f, "is no value that the destination can take");
    if (f->to == FLOAT64 || f->to == FLOAT32) {
        if (value > INT64_C(1) << 53 || value < -(INT64_C(1) << 53))
            return fails(i, function, f, "flows into a float, which holds integers only up to 2**53 exactly");
        store_float(destination, f->to, f->scaled ? f->factor * (double)value + f->offset : (double)value);
        return 1;
    }
    return store_integer(destination, f->to, value) || fails(i, function, f, "does not fit into the destination");
}

int instance_flow(instance *i, const char *function, range flows)
{
    for (int k = flows.first; k < flows.end; k++) {
        const flow *f = &whole.flows[k];
        if (f->bytes == sizeof(double))
            memcpy(i->image + f->destination, i->image + f->source, sizeof(double));
        else if (f->bytes)
            memcpy(i->image + f->destination, i->image + f->source, f->bytes);
        else if (!converts(i, function, f))
            return 0;
    }
    return 1;
}
