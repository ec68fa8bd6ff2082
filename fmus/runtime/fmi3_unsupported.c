/* FMI 3.0 functions that the model description declares unsupported. */
#include "instance.h"

#define SUBJECT "the model"
#include "fmi3_refusals.h"
