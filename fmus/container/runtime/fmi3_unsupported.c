/* FMI 3.0 functions that the model description declares unsupported. */
#include "instance.h"

#define SUBJECT "the system"
#include "fmi3_steps_only.h"
