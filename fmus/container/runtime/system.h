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

/* One call that gets or sets: variables of one type, whose values lie behind each other. */
typedef struct {
    value_type type;
    int n_references, first_reference, n_values;
    size_t offset;
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

/* A component. Paths lie below the resources of the whole. */
typedef struct {
    const char *name, *token, *library, *resources;
    int fmi; /* 2 or 3 */
    range before; /* libraries that are loaded before its own, which needs them */
    range inputs, initial, unknown_starts, outputs, flows;
} part_table;

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

/* A value over time: the rows in the order of their times, of which two may be the same. */
typedef struct {
    value_type type;
    int linear;
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
    double start;                /* s; where the grid begins on which inputs jump */
    int n_sources, n_jumps;
    int n_parts, n_stages, n_settings, n_variables, n_elements;
    int keeps_state, serializes_state;
    size_t image_size, pending; /* `pending`: where a byte for each setting lies */
    const unsigned char *image; /* at the start */
    const part_table *parts;
    const char *const *before;
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
    const variable_table *variables;
    const int *variable_of; /* element -> variable */
} system_table;

extern const system_table whole;

#endif
