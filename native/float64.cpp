#define CHAINRULE_REAL double
#define CHAINRULE_NAME float64
#include "bindings.cpp"

void chainrule::bind_float64(nanobind::module_& m) { float64::bind(m, "64"); }
