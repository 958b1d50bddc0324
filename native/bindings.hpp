// What Python sees of the engine for one dtype: Session, Evaluator and Predictor. chainrule.engine.native builds on it.
#pragma once

#include <nanobind/nanobind.h>

namespace chainrule {

// `suffix` is "32" or "64"
void bind_float32(nanobind::module_& m);
void bind_float64(nanobind::module_& m);

}  // namespace chainrule
