// The module of one instruction level: the classes of both dtypes, and the BLAS that SciPy lends.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <cstring>

#include "bindings.hpp"
#include "machine.hpp"
#include "threads.hpp"

namespace nb = nanobind;

namespace chainrule {
namespace {

// The arguments' types as Cython writes them, but for the name of its real type, which holds a module's path.
bool fits(const char* signature, char real) {
    std::string text(signature ? signature : ""), expected = "void (char *, char *, int *, int *, int *, R, R, int *, R, int *, R, R, int *)";
    std::string type = std::string("_cython_blas_") + real + " *";
    for (std::size_t end; (end = text.find("cython_blas_")) != std::string::npos;) {
        std::size_t begin = text.rfind(' ', end) + 1, stop = text.find('*', end);
        if (stop == std::string::npos || text[end + std::strlen("cython_blas_")] != real) return false;
        text.replace(begin, stop + 1 - begin, "R");
    }
    return text == expected;
}

template <class T> bool take(nb::dict functions, const char* name, char real, Gemm<T>& to) {
    if (!functions.contains(name)) return false;
    nb::object capsule = functions[name];
    const char* signature = PyCapsule_GetName(capsule.ptr());
    if (!fits(signature, real)) {
        PyErr_Clear();
        return false;
    }
    to = reinterpret_cast<Gemm<T>>(PyCapsule_GetPointer(capsule.ptr(), signature));
    return to != nullptr;
}

// `functions` is scipy.linalg.cython_blas.__pyx_capi__; false where a signature is not the one called here
bool use_blas(nb::dict functions, std::uintptr_t get_threads, std::uintptr_t set_threads) {
    Blas found;
    if (!take(functions, "sgemm", 's', found.sgemm) || !take(functions, "dgemm", 'd', found.dgemm)) return false;
    found.get_threads = reinterpret_cast<int (*)()>(get_threads);
    found.set_threads = reinterpret_cast<void (*)(int)>(set_threads);
    blas() = found;
    return true;
}

}  // namespace
}  // namespace chainrule

NB_MODULE(CHAINRULE_MODULE, m) {
    nb::set_leak_warnings(false);  // an array that Python still holds at exit is no fault
    m.def("use_blas", &chainrule::use_blas, nb::arg("functions"), nb::arg("get_threads"), nb::arg("set_threads"));
    m.def("processors", &chainrule::processors);
    m.attr("OWN_PRODUCTS") = chainrule::own_products;
    chainrule::bind_float32(m);
    chainrule::bind_float64(m);
}
