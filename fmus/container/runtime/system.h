/* What a generated system.c tells the runtime: the components of a system and all that flows between them, as tables.
 *
 * All values of an instance lie in one image: a block of bytes, whose beginning holds the values as they are in memory
 * when a component takes or gives them. Places are offsets in it, in bytes. Ranges go from `first` to before `end`.
 * A value reference of FMI 2.0 is the number of an element among those of all variables, one of FMI 3.0 that of the
 * first element of a variable.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Types in memory; `INTEGER32_BOOLEAN` is FMI 2.0's Boolean. */
typedef enum {
    FLOAT64,
    FLOAT32,
    INT8,
    UINT8,
    INT16,
    UINT16,
    INT32,
    UINT32,
    INT64,
    UINT64,
    BOOLEAN,
    INTEGER32_BOOLEAN,
    VALUE_TYPES
} value_type;

typedef struct {
    int first, end;
} range;

/* One call that gets or sets: variables of one type, whose values lie behind each other. Where `given` is not 0, the
 * values that a component was given last are kept there, behind a number that is not 0 where there are such. `course`: the first of
 * them among the inputs that may change over a step, for Model Exchange, or -1. */
typedef struct {
    value_type type;
    int n_references, first_reference, n_values;
    size_t offset, given;
    int course;
} value_call;

typedef struct {
    long long from, to;
} map_entry;

/* destination = factor * map(source) + offset; the numbers count where it is `scaled`, types may differ.
 * What is not in the map passes unchanged, but where it is `total`. Where `bytes` is not 0, so many are copied. */
typedef struct {
    size_t source, destination, bytes;
    value_type from, to;
    int scaled, total;
    double factor, offset;
    range map;
    const char *path; /* for messages */
} flow;

/* How a component steps that does not so with the system: in parts of at most `sub_step` (s), where that is not 0, or
 * once in `period` macro steps, where that is not 0: then its `inputs`, so many `bytes`, are `kept` at the beginning of
 * its period, when all `flows` are made, and where it `samples`, its step is made on them. */
typedef struct {
    double sub_step;
    int period, samples;
    size_t inputs, bytes, kept;
    range flows;
} pace_table;

/* An element of the inputs that is extrapolated: whether it `follows` its polynomial over a step, as the component takes
 * derivatives, or is held, and then whether it `passes` to outputs. */
typedef struct {
    size_t place;
    int follows, passes;
} element_table;

/* Where a derivative goes: from a place among those that are read or given, to an element or back. */
typedef struct {
    int place, element;
    double factor;
} derivative_target;

/* Derivatives of outputs of a component (`part`), or of an input over time (`course`, with part -1). */
typedef struct {
    int part, course, n_references, first_reference, n_values;
    range targets;
} reading_table;

/* Extrapolated elements that come from alike sources: those step `ahead`, so that their newest values are those of the
 * end of the step, or in a `period`. `ranks` are the numbers of the elements. */
typedef struct {
    int ahead, period;
    range ranks, readings;
    size_t memory;
} inflow_table;

/* Derivatives that a component takes, up to the order `degree`: `width` values, which lie at `places`. */
typedef struct {
    int degree, width, n_references, first_reference;
    range places, targets;
} giving_table;

/* The extrapolated inputs of a component: polynomials of an `order`, with `smoothing` without a jump; they count the
 * `newest` values of what has stepped already. `giving` is -1 where it takes no derivatives. */
typedef struct {
    int order, smoothing, newest, giving;
    range elements, inflows, flows;
    size_t memory;
} extrapolation_table;

/* Columns of a Jacobian that share no row, which one directional derivative gives: references of its states, the seed, and
 * where the results go: from an element to one of the matrix, column by column. */
typedef struct {
    int n_knowns, first_reference;
    range seeds, entries;
} colour_table;

typedef struct {
    int from, to;
} matrix_entry;

typedef enum { CVODE, EULER, HEUN, RK4 } solver_method;

/* A component for Model Exchange: its solver, with a `step` (s), or tolerances (0 where there is none: that of the
 * experiment counts between its own and that of the FMU). The Jacobian comes from directional derivatives where there
 * are `colours`. In the image there are, as doubles, what `exchange.h` says. */
typedef struct {
    int states, indicators, completed_steps;
    solver_method method;
    double step, tolerance, default_tolerance;
    int n_unknowns, first_unknown; /* references of the derivatives */
    range colours;
    size_t memory;
    int n_courses, n_course_references, first_course; /* inputs that may change over a step, by their references */
    size_t courses_memory;
} exchange_table;

/* The least and largest value that an element may have: as floats, or as integers. */
typedef struct {
    value_type type;
    size_t place;
    double low, high;
    long long lowest, highest;
    const char *name; /* for messages */
} checked_range;

/* A component. Paths lie below the resources of the whole; `resources` are its own, of FMI 1.0 all of its files. */
typedef struct {
    const char *name, *token, *identifier, *library, *resources;
    int fmi; /* 1, 2 or 3 */
    int pace, extrapolation; /* -1 where it steps with the system, or holds its inputs */
    int exchange;            /* -1 for Co-Simulation */
    range before; /* libraries that are loaded before its own, which needs them */
    range inputs, initial, unknown_starts, outputs, flows;
    range intermediate; /* references of inputs that it takes during a step, FMI 3.0 */
    int early, keeps_state; /* whether it may return early from its steps, and keep its state */
    int events;         /* whether it has Event Mode: then `discrete` inputs are given there only */
    range discrete;
    size_t memory; /* with Event Mode, as doubles: the time of its next event (s), whether there is one */
    int loop;      /* that it is solved in, or -1 */
    range checked_inputs, checked_outputs; /* held against their least and largest values */
} part_table;

/* A word of a loop's memory that is the address of what lies at an offset (bytes) there, or in the image. */
typedef struct {
    int word;
    size_t offset;
} relocation;

typedef struct {
    int word;
    int64_t (*function)(int64_t);
} loop_function;

/* A component that tells directional derivatives: words for the function and for its first argument. */
typedef struct {
    int part, function, handle;
} asked_table;

/* An integer or Boolean that has to come to rest, and where the mathematics have it as an integer of 64 bits. */
typedef struct {
    value_type type;
    size_t place, shadow;
} shadow_table;

/* Components, in the order of a sweep, that are solved for together, and the memory of what solves them. */
typedef struct {
    range parts, unknowns, inside, image, functions, asked, shadows;
    int iteration, first_word, n_words; /* those that are not zero come first */
    size_t size;
} loop_table;

/* What solves loops, by the address of the word of an iteration; offsets (bytes) of what it reached from there. */
typedef struct {
    int64_t (*begin)(int64_t, double, double);
    int64_t (*following)(int64_t);
    void (*changed)(int64_t);
    size_t iterations, worst, worst_unknown;
} mathematics_table;

/* In Initialization Mode: components are given their inputs, outputs are read, and flow on. */
typedef struct {
    range parts, reads, flows;
} stage_table;

typedef struct {
    int part, call;
} part_call;

/* A value that a component is given once: at the start, or when it was changed from outside. */
typedef struct {
    int part, call, tunable;
    const char *text; /* the value of a string, NULL for numbers */
} setting_table;

typedef struct {
    double time, number; /* s; the value of a float */
    long long integer;   /* the value of anything else */
} row;

/* A value over time: the rows in the order of their times, of which two may be the same. Where there is a `period` (s),
 * pulses: the second row from the time of the first one on, for the `width` (s), in each period, the first row otherwise. */
typedef struct {
    value_type type;
    int linear;
    double period, width;
    size_t offset;
    range rows;
} course_table;

/* A component that gives inputs over time; rows of `jumps` have a time only, in ascending order. */
typedef struct {
    range courses, jumps;
} source_table;

typedef enum { VARIABLE_INPUT, VARIABLE_OUTPUT, VARIABLE_PARAMETER, VARIABLE_TIME } variable_kind;

typedef struct {
    const char *name;
    variable_kind kind;
    value_type type;
    int enumeration, length, first_element;
    int setting; /* which hands it on, or -1 */
    size_t offset;
} variable_table;

typedef struct {
    const char *name, *token;
    double step_size, tolerance; /* s; relative, 0 where there is none */
    double start;                /* s; where the grid begins on which inputs jump, if a component is bound to it */
    int n_sources, bound;        /* bound: a component that takes steps of one size only, or -1 */
    int has_events;              /* whether a component has Event Mode */
    int n_exposed;               /* components before the last one that may return early: these may have to go back */
    int has_early;
    int n_parts, n_stages, n_settings, n_variables, n_elements;
    int keeps_state, serializes_state;
    int n_scratch; /* doubles that steps need room for */
    size_t image_size, pending; /* `pending`: where a byte for each setting lies */
    const unsigned char *image; /* at the start */
    const part_table *parts;
    const char *const *before;
    const exchange_table *exchanges;
    const colour_table *colours;
    const double *seeds;
    const matrix_entry *matrix_entries;
    const char *const *solver; /* the libraries of CVODE, in the order in which they are loaded */
    const pace_table *paces;
    const extrapolation_table *extrapolations;
    const element_table *elements;
    const inflow_table *inflows;
    const int *ranks;
    const reading_table *readings;
    const giving_table *givings;
    const derivative_target *targets;
    const size_t *places;
    const source_table *sources;
    const course_table *courses;
    const row *rows, *jumps;
    const stage_table *stages;
    const int *stage_parts;
    const part_call *stage_reads;
    const setting_table *settings;
    const value_call *calls;
    const unsigned *references;
    const int *first_name; /* call -> the name of its first value among `names`, or -1 */
    const char *const *names;
    const flow *flows;
    const map_entry *map_entries;
    range at_once; /* flows before the first component steps */
    range everything, during_events;
    int n_loops;
    const loop_table *loops;
    const int *loop_parts;
    const int64_t *loop_words;
    const relocation *relocations;
    const loop_function *loop_functions;
    const asked_table *asked;
    const shadow_table *shadows;
    const mathematics_table *mathematics;
    const checked_range *ranges;
    const variable_table *variables;
    const int *variable_of; /* element -> variable */
} system_table;

extern const system_table whole;

#endif
