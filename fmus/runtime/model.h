/* What a generated model.c offers to the runtime: a table of its variables, and its equations.
 *
 * All values of an instance lie in one flat array, in this order:
 *   states x | discrete states z | inputs u | parameters p | solver tolerance | outputs y | derivatives dx/dt | time
 * An FMI 2.0 value reference is the index of an element in it, an FMI 3.0 value reference that of the first element
 * of a variable.
 */
#ifndef MODEL_H
#define MODEL_H

typedef long long model_int;

typedef enum { TYPE_FLOAT64 = 1, TYPE_INTEGER = 2, TYPE_BOOLEAN = 4, TYPE_ENUMERATION = 8 } value_type;

typedef enum {
    KIND_STATE,
    KIND_DISCRETE_STATE,
    KIND_INPUT,
    KIND_FIXED_PARAMETER,
    KIND_TUNABLE_PARAMETER,
    KIND_SOLVER_TOLERANCE,
    KIND_OUTPUT,
    KIND_DERIVATIVE,
    KIND_TIME,
    KINDS
} value_kind;

typedef struct {
    const char *name;
    int first, length;
    int is_array;
    value_type type;
    value_kind kind;
    int items; /* of an enumeration: its values are 1..items */
} model_variable;

/* See fmus/elimination.py for what the tables mean. */
typedef struct {
    int n_blocks, jacobian_size, factors_size;
    const int *order, *blocks, *rows, *columns, *diagonals;
    const int *inside_rows, *inside_columns, *inside_nonzeros, *outside_rows, *outside_columns, *outside_nonzeros;
} elimination_tables;

typedef struct {
    const char *name, *token;
    double sample_time; /* s; 0 without discrete states */
    int n_states, n_discrete, n_inputs, n_parameters, n_outputs, n_values, n_variables;
    int outputs;   /* index of the first output among the values */
    const model_variable *variables;
    const int *variable_of; /* element -> variable */
    const double *starts;   /* of every value */
    const double *nominals; /* of the states */
    elimination_tables elimination;
} model_table;

extern const model_table model;

/* Equations as CasADi generates them, all over (x, z, u, p). */
#define MODEL_FUNCTION(name)                                                                        \
    int name(const double **argument, double **result, model_int *integers, double *reals, int mem); \
    int name##_work(model_int *arguments, model_int *results, model_int *integers, model_int *reals);

MODEL_FUNCTION(model_rates)           /* -> dx/dt */
MODEL_FUNCTION(model_outputs)         /* -> y */
MODEL_FUNCTION(model_update)          /* -> z after a scan */
MODEL_FUNCTION(model_jacobian_matrix) /* -> nonzeros of dF/dx */
MODEL_FUNCTION(model_sensitivities)   /* (x, z, u, p, and a seed for each) -> directions of dx/dt and of y */

#endif
