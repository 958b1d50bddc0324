#define CHAINRULE_REAL double
#include "bindings.cpp"
