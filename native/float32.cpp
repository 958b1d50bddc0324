#define CHAINRULE_REAL float
#define CHAINRULE_FLOAT32
#include "bindings.cpp"
