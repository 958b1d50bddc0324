#define CHAINRULE_REAL float
#define CHAINRULE_NAME float32
#include "bindings.cpp"

void chainrule::bind_float32(nanobind::module_& m) { float32::bind(m, "32"); }
