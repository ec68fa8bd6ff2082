/* Loops, as the engine solves them (orchestrator/master/compiled/hot/iterate.py): all components go back to where the macro
 * step began, and step again one after the other with the newest values, until what they give agrees. The mathematics
 * are translated into C from those of the engine.
 */
#include "loops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int (*taking)(void *, void **);
typedef int (*using)(void *, void *);

/* What the mathematics say; orchestrator/master/loops/layout.py has the same. */
enum { SOLVED, AGAIN, ASKS, GIVEN_UP, GROWS, NOT_FINITE };

struct loop {
    int64_t *words;
    void **states; /* of its parts, at the beginning of a macro step */
};

static int64_t entered(const instance *i, int number)
{
    return (int64_t)(intptr_t)(i->loops[number].words + whole.loops[number].iteration);
}

static void *told_by(const part *p)
{
    return part_symbol(p, p->table->fmi == 3 ? "fmi3GetDirectionalDerivative" : "fmi2GetDirectionalDerivative");
}

static void begin_anew(instance *i, int number)
{
    const loop_table *table = &whole.loops[number];
    int64_t *words = i->loops[number].words;
    memset(words, 0, table->size * sizeof *words);
    memcpy(words, whole.loop_words + table->first_word, (size_t)table->n_words * sizeof *words);
    for (int k = table->inside.first; k < table->inside.end; k++)
        words[whole.relocations[k].word] = (int64_t)(intptr_t)((char *)words + whole.relocations[k].offset);
    for (int k = table->image.first; k < table->image.end; k++)
        words[whole.relocations[k].word] = (int64_t)(intptr_t)(i->image + whole.relocations[k].offset);
    for (int k = table->functions.first; k < table->functions.end; k++)
        words[whole.loop_functions[k].word] = (int64_t)(intptr_t)whole.loop_functions[k].function;
    for (int k = table->asked.first; k < table->asked.end; k++) {
        const asked_table *asked = &whole.asked[k];
        words[asked->function] = (int64_t)(intptr_t)told_by(&i->parts[asked->part]);
        words[asked->handle] = (int64_t)(intptr_t)i->parts[asked->part].handle;
    }
}

void loops_begin_anew(instance *i)
{
    for (int k = 0; k < whole.n_loops; k++) begin_anew(i, k);
}

void loops_changed(instance *i)
{
    for (int k = 0; k < whole.n_loops; k++) whole.mathematics->changed(entered(i, k));
}

static int can_be_solved(instance *i, const char *function, const loop_table *table)
{
    for (int k = table->parts.first; k < table->parts.end; k++) {
        const part *p = &i->parts[whole.loop_parts[k]];
        if (!p->common[GET_STATE] || !p->common[SET_STATE] || !p->common[FREE_STATE])
            return instance_fail(i, function, "component '%s': its library lacks %s", p->table->name,
                                 p->version->common[GET_STATE]);
    }
    for (int k = table->asked.first; k < table->asked.end; k++)
        if (!told_by(&i->parts[whole.asked[k].part]))
            return instance_fail(i, function, "component '%s': its library lacks GetDirectionalDerivative",
                                 whole.parts[whole.asked[k].part].name);
    return 1;
}

int loops_open(instance *i, const char *function)
{
    i->loops = calloc((size_t)whole.n_loops + 1, sizeof *i->loops);
    if (!i->loops) return instance_fail(i, function, "out of memory");
    for (int k = 0; k < whole.n_loops; k++) {
        const loop_table *table = &whole.loops[k];
        struct loop *loop = &i->loops[k];
        if (!can_be_solved(i, function, table)) return 0;
        loop->words = calloc(table->size + 1, sizeof *loop->words);
        loop->states = calloc((size_t)(table->parts.end - table->parts.first) + 1, sizeof *loop->states);
        if (!loop->words || !loop->states) return instance_fail(i, function, "out of memory");
    }
    loops_begin_anew(i);
    return 1;
}

void loops_close(instance *i)
{
    for (int k = 0; i->loops && k < whole.n_loops; k++) {
        struct loop *loop = &i->loops[k];
        for (int n = whole.loops[k].parts.first; loop->states && n < whole.loops[k].parts.end; n++) {
            part *p = &i->parts[whole.loop_parts[n]];
            void **state = &loop->states[n - whole.loops[k].parts.first];
            if (*state && i->now.mode != MODE_FATAL) ((taking)p->common[FREE_STATE])(p->handle, state);
        }
        free(loop->words);
        free(loop->states);
    }
    free(i->loops);
    i->loops = NULL;
}

/* Keeps the states of all its parts, or lets them go back there. */
static int moves(instance *i, int number, const char *function, int back)
{
    const range parts = whole.loops[number].parts;
    for (int k = parts.first; k < parts.end; k++) {
        part *p = &i->parts[whole.loop_parts[k]];
        void **state = &i->loops[number].states[k - parts.first];
        int status = back ? ((using)p->common[SET_STATE])(p->handle, *state)
                          : ((taking)p->common[GET_STATE])(p->handle, state);
        if (!part_checks(p, function, status, p->version->common[back ? SET_STATE : GET_STATE])) return 0;
    }
    return 1;
}

static step_end sweep(instance *i, int number, const char *function, double time, double step)
{
    const range parts = whole.loops[number].parts;
    step_end end = STEP_DONE;
    for (int k = parts.first; k < parts.end; k++) {
        step_end one = part_steps(&i->parts[whole.loop_parts[k]], function, time, step, 0);
        if (one == STEP_FAILED || one == STEP_EARLY) return one;
        if (one == STEP_ENDED) end = one;
    }
    return end;
}

static step_end unsolved(instance *i, int number, const char *function, double end, int64_t said)
{
    static const char *const reasons[] = {
        [ASKS] = "a component refuses to tell its directional derivatives",
        [GIVEN_UP] = "the iterations are used up",
        [GROWS] = "the residual grows steadily",
        [NOT_FINITE] = "a value that is to be tried is not finite",
    };
    const loop_table *table = &whole.loops[number];
    const unsigned char *at = (const unsigned char *)(i->loops[number].words + table->iteration);
    int64_t iterations, unknown;
    double worst;
    memcpy(&iterations, at + whole.mathematics->iterations, sizeof iterations);
    memcpy(&worst, at + whole.mathematics->worst, sizeof worst);
    memcpy(&unknown, at + whole.mathematics->worst_unknown, sizeof unknown);
    const char *name = table->unknowns.first + unknown < table->unknowns.end ? whole.names[table->unknowns.first + unknown] : "?";
    instance_fail(i, function, "the loop of '%s' is not solved at t = %.9g s after %lld iterations: %s; the largest residual "
                  "is %g of the size of '%s'. Export the system with a smaller step size, or another method in 'loops'",
                  i->parts[whole.loop_parts[table->parts.first]].table->name, end, (long long)iterations, reasons[said],
                  worst, name);
    instance_broken(i, 0);
    return STEP_FAILED;
}

/* What the mathematics see of values of other types is what the components gave. */
static void shade(instance *i, range shadows)
{
    for (int k = shadows.first; k < shadows.end; k++) {
        const shadow_table *one = &whole.shadows[k];
        int64_t value = load_integer(i->image + one->place, one->type);
        memcpy(i->image + one->shadow, &value, sizeof value);
    }
}

/* What the mathematics try is what the components are given: one of those values, so that it fits. */
static void unshade(instance *i, range shadows)
{
    for (int k = shadows.first; k < shadows.end; k++) {
        const shadow_table *one = &whole.shadows[k];
        store_integer(i->image + one->place, one->type, load_integer(i->image + one->shadow, INT64));
    }
}

step_end loop_solves(instance *i, int number, const char *function, double time, double step)
{
    int64_t iteration = entered(i, number), said;
    const range shadows = whole.loops[number].shadows;
    step_end end = STEP_DONE;
    if (!moves(i, number, function, 0)) return STEP_FAILED;
    shade(i, shadows);
    said = whole.mathematics->begin(iteration, time, step);
    for (int again = 0; said == AGAIN; again = 1) {
        if (again && !moves(i, number, function, 1)) return STEP_FAILED;
        end = sweep(i, number, function, time, step);
        if (end == STEP_FAILED || end == STEP_EARLY) return STEP_FAILED;
        shade(i, shadows);
        said = whole.mathematics->following(iteration);
        unshade(i, shadows);
    }
    return said == SOLVED ? end : unsolved(i, number, function, time + step, said);
}
