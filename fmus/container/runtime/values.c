/* Reading and writing variables: what a reference means, and what may be written when.
 *
 * In Step Mode a written input or parameter takes force with the next step.
 */
#include "part.h"

static const variable_table *locate(instance *i, const char *function, unsigned reference, unsigned types, int complete)
{
    const variable_table *variable = NULL;
    if (reference < (unsigned)whole.n_elements) variable = &whole.variables[whole.variable_of[reference]];
    if (!variable || (complete && (unsigned)variable->first_element != reference)) {
        instance_fail(i, function, "value reference %u is unknown in system '%s'", reference, whole.name);
        return NULL;
    }
    if (types & (variable->enumeration ? ENUMERATION : TYPE(variable->type))) return variable;
    instance_fail(i, function, "variable '%s' (value reference %u) has another type: use the function of its type",
                  variable->name, reference);
    return NULL;
}

const variable_table *instance_readable(instance *i, const char *function, unsigned reference, unsigned types,
                                        int complete)
{
    const variable_table *variable = locate(i, function, reference, types, complete);
    return variable && instance_settle(i, function) ? variable : NULL;
}

static int may_change(const instance *i, const variable_table *variable)
{
    const int before = i->now.mode == MODE_INSTANTIATED || i->now.mode == MODE_INITIALIZATION;
    if (variable->kind == VARIABLE_INPUT) return 1;
    if (variable->setting < 0) return 0;
    return before || (variable->kind == VARIABLE_PARAMETER && whole.settings[variable->setting].tunable);
}

const variable_table *instance_writable(instance *i, const char *function, unsigned reference, unsigned types,
                                        int complete)
{
    const variable_table *variable = locate(i, function, reference, types, complete);
    if (!variable || may_change(i, variable)) return variable;
    instance_fail(i, function, "variable '%s' (value reference %u) cannot be set %s", variable->name, reference,
                  variable->setting < 0 ? "at all" : "after the initialization");
    return NULL;
}

static unsigned char *place(const instance *i, const variable_table *variable, size_t element)
{
    return i->image + variable->offset + element * size_of(variable->type);
}

double instance_float(const instance *i, const variable_table *variable, size_t element)
{
    if (variable->kind == VARIABLE_TIME) return instance_time(i);
    return load_float(place(i, variable, element), variable->type);
}

int64_t instance_integer(const instance *i, const variable_table *variable, size_t element)
{
    return load_integer(place(i, variable, element), variable->type);
}

void instance_write_float(instance *i, const variable_table *variable, size_t element, double value)
{
    store_float(place(i, variable, element), variable->type, value);
}

int instance_write_integer(instance *i, const char *function, const variable_table *variable, size_t element,
                           int64_t value)
{
    if (store_integer(place(i, variable, element), variable->type, value)) return 1;
    return instance_fail(i, function, "variable '%s': %lld does not fit into its type", variable->name,
                         (long long)value);
}

void instance_written(instance *i, const variable_table *variable)
{
    if (variable->setting >= 0) i->image[whole.pending + (size_t)variable->setting] = PENDING;
    i->now.stale = 1;
}
